/*
 * fourier.c -- real Fourier transforms by FFTW.
 *
 * Plans are estimated, not measured: the same plan, so the same bits, in every run on one machine. They are out of
 * place and may destroy their source: in place FFTW takes memory for most sizes when it runs. It keeps its factors,
 * some 8 bytes for each point of the size, in memory of its own.
 */
#include "fourier.h"

#include <fftw3.h>
#include <math.h>

#include "parts.h"

enum { LEAST = 16, LINE = ATTN_ALIGN / (int)sizeof(float) };

/* 2^a times 1, 5/4, 3/2 or 15/8: other factors cost more than they save. */
int fourier_size(int n) {
    int size = LEAST;
    while (size < n) size *= 2;
    int half = size / 2, between[] = {half / 4 * 5, half / 2 * 3, half / 8 * 15};
    for (int i = 0; i < 3 && size > LEAST; i++)
        if (between[i] >= n) return between[i];
    return size;
}

size_t fourier_spectrum(int size) { return (size_t)ceil_div(size + 2, LINE) * LINE; }

double fourier_flops(int size) { return 2.5 * size * log2(size); }

int fourier_create(struct fourier *f, int size) {
    float *x = fftwf_alloc_real((size_t)size), *spectrum = fftwf_alloc_real(fourier_spectrum(size));
    unsigned how = FFTW_ESTIMATE | FFTW_DESTROY_INPUT;
    *f = (struct fourier){.size = size};
    if (x && spectrum) {
        f->ahead = fftwf_plan_dft_r2c_1d(size, x, (fftwf_complex *)spectrum, how);
        f->back = fftwf_plan_dft_c2r_1d(size, (fftwf_complex *)spectrum, x, how);
    }
    fftwf_free(x), fftwf_free(spectrum);
    if (f->ahead && f->back) return 0;
    fourier_destroy(f);
    return -1;
}

void fourier_destroy(struct fourier *f) {
    if (f->ahead) fftwf_destroy_plan(f->ahead);
    if (f->back) fftwf_destroy_plan(f->back);
}

void fourier_ahead(const struct fourier *f, float *x, float *spectrum) {
    fftwf_execute_dft_r2c(f->ahead, x, (fftwf_complex *)spectrum);
}

void fourier_back(const struct fourier *f, float *spectrum, float *x) {
    fftwf_execute_dft_c2r(f->back, (fftwf_complex *)spectrum, x);
}

void fourier_multiply(int size, const float *y, float *x) {
    for (int i = 0; i < size + 2; i += 2) {
        float re = x[i] * y[i] - x[i + 1] * y[i + 1], im = x[i] * y[i + 1] + x[i + 1] * y[i];
        x[i] = re, x[i + 1] = im;
    }
}
