/*
 * fourier.h -- real Fourier transforms, single precision, by FFTW: the one door to it.
 *
 * A plan is made before the clock starts and may be used by many threads at once. Transforms of sizes that
 * fourier_size() gives allocate nothing.
 */
#ifndef FOURIER_H
#define FOURIER_H

#include <stddef.h>

struct fourier {
    int size;
    void *ahead, *back; /* plans */
};

/* The least transform size >= n that runs fast; and the floats that its spectrum takes, a multiple of 16. */
int fourier_size(int n);
size_t fourier_spectrum(int size);

/* Operations of one transform. */
double fourier_flops(int size);

/* The plans for transforms of `size`; -1 where there is no memory. */
int fourier_create(struct fourier *, int size);
void fourier_destroy(struct fourier *);

/* spectrum = transform of x[size], and x = back from it without the factor 1 / size. Both lie on cache lines; the source
   of either is destroyed. */
void fourier_ahead(const struct fourier *, float *x, float *spectrum);
void fourier_back(const struct fourier *, float *spectrum, float *x);

/* x *= y, two spectra. */
void fourier_multiply(int size, const float *y, float *x);

#endif
