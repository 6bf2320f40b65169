/* convolution.c -- causal convolutions in double, for definitions. */
#include "convolution.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

void convolution_row(int t, int channels, const double *h, const double *u, double *y) {
    for (int c = 0; c < channels; c++) y[c] = 0;
    for (int s = 0; s <= t; s++)
        for (int c = 0; c < channels; c++)
            y[c] += h[(ptrdiff_t)s * channels + c] * u[(ptrdiff_t)(t - s) * channels + c];
}

/* Transforms x[size], pairs of real and imaginary part: evens and odds, each transformed, are put together. `turns` has
   the `all` roots of one, of which this level takes every all / size-th; `room` is as large as x. */
static void transform(size_t size, size_t all, const double *turns, double *x, double *room) {
    size_t half = size / 2;
    if (size == 1) return;
    for (size_t i = 0; i < size; i++)
        for (size_t part = 0; part < 2; part++) room[2 * (i % 2 * half + i / 2) + part] = x[2 * i + part];
    transform(half, all, turns, room, x);
    transform(half, all, turns, room + size, x + size);
    for (size_t i = 0; i < half; i++) {
        const double *turn = turns + 2 * (i * (all / size)), *even = room + 2 * i, *odd = room + size + 2 * i;
        double re = turn[0] * odd[0] - turn[1] * odd[1], im = turn[0] * odd[1] + turn[1] * odd[0];
        x[2 * i] = even[0] + re, x[2 * i + 1] = even[1] + im;
        x[size + 2 * i] = even[0] - re, x[size + 2 * i + 1] = even[1] - im;
    }
}

/* Two real sequences are one complex one: with x = h + i u the product of their spectra is (X_k^2 - conj(X_-k)^2) / 4i.
   Conjugated, it is transformed back by the same function. */
static void convolve(size_t size, const double *turns, double *x, double *room) {
    transform(size, size, turns, x, room);
    for (size_t k = 0; k <= size / 2; k++) {
        double *a = x + 2 * k, *b = x + 2 * ((size - k) % size);
        double re = (a[0] * a[0] - a[1] * a[1] - b[0] * b[0] + b[1] * b[1]) / 4,
               im = (a[0] * a[1] + b[0] * b[1]) / 2;
        a[0] = im, a[1] = re; /* the conjugate of (re + i im) / i */
        b[0] = im, b[1] = -re;
    }
    transform(size, size, turns, x, room);
}

void convolution_rows(int n, int channels, const double *h, const double *u, double *y) {
    size_t size = 1;
    if (n <= CONVOLUTION_DIRECT) {
        for (int t = 0; t < n; t++) convolution_row(t, channels, h, u, y + (ptrdiff_t)t * channels);
        return;
    }
    while (size < 2 * (size_t)n) size *= 2;
    double *turns = malloc(3 * 2 * size * sizeof *turns), *x = turns + 2 * size, *room = x + 2 * size;
    if (!turns) abort();
    for (size_t k = 0; k < size; k++) {
        double angle = -2 * acos(-1.0) * (double)k / (double)size;
        turns[2 * k] = cos(angle), turns[2 * k + 1] = sin(angle);
    }
    for (int c = 0; c < channels; c++) {
        for (size_t t = 0; t < size; t++) {
            int inside = t < (size_t)n;
            x[2 * t] = inside ? h[t * (size_t)channels + (size_t)c] : 0;
            x[2 * t + 1] = inside ? u[t * (size_t)channels + (size_t)c] : 0;
        }
        convolve(size, turns, x, room);
        for (size_t t = 0; t < (size_t)n; t++) y[t * (size_t)channels + (size_t)c] = x[2 * t] / (double)size;
    }
    free(turns);
}
