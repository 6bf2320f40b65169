/*
 * projections.c -- random projections for feature maps.
 *
 * Choromanski et al., "Rethinking attention with Performers", ICLR 2021, section 2.4: blocks of d orthogonal
 * rows, the last one cut. The Q of a Gaussian matrix by Householder's algorithm is uniform only after each of
 * its columns is multiplied by the sign of R's diagonal (Mezzadri, "How to generate random matrices from the
 * classical compact groups", 2007); released codes leave that out. In double and written here, so that the
 * result does not depend on the kernels of a BLAS.
 */
#include "projections.h"

#include <stdlib.h>

enum { STREAM_DIRECTIONS = 64, STREAM_LENGTHS = 65 };

/* Replaces a[d][d] by the Q of its QR decomposition, columns signed so that R has a positive diagonal. */
static void orthogonalise(int d, double *a, double *q, double *v) {
    for (int x = 0; x < d * d; x++) q[x] = x % (d + 1) == 0; /* identity */
    for (int k = 0; k < d; k++) {
        double norm = 0, vv = 0;
        for (int i = k; i < d; i++) norm += a[i * d + k] * a[i * d + k];
        norm = sqrt(norm);
        double alpha = a[k * d + k] > 0 ? -norm : norm; /* the diagonal of R */
        for (int i = k; i < d; i++) {
            v[i] = a[i * d + k] - (i == k ? alpha : 0);
            vv += v[i] * v[i];
        }
        for (int j = k; vv > 0 && j < d; j++) { /* a = H a */
            double t = 0;
            for (int i = k; i < d; i++) t += v[i] * a[i * d + j];
            for (int i = k; i < d; i++) a[i * d + j] -= 2 * t / vv * v[i];
        }
        for (int i = 0; vv > 0 && i < d; i++) { /* q = q H */
            double t = 0;
            for (int j = k; j < d; j++) t += q[i * d + j] * v[j];
            for (int j = k; j < d; j++) q[i * d + j] -= 2 * t / vv * v[j];
        }
    }
    for (int k = 0; k < d; k++)
        for (int i = 0; a[k * d + k] < 0 && i < d; i++) q[i * d + k] = -q[i * d + k];
    for (int x = 0; x < d * d; x++) a[x] = q[x];
}

static double length(const float *x, int d) {
    double s = 0;
    for (int i = 0; i < d; i++) s += (double)x[i] * x[i];
    return sqrt(s);
}

int projections_draw(enum projections kind, uint64_t seed, int m, int d, float *w) {
    size_t block = (size_t)d * (size_t)d;
    double *a, *q, *v;
    if (kind == PROJECTIONS_INDEPENDENT) {
        attn_random_normal(seed, STREAM_DIRECTIONS, 0, (size_t)m * (size_t)d, w);
        return 0;
    }
    float *fresh = malloc(block * sizeof *fresh);
    a = malloc((2 * block + (size_t)d) * sizeof *a);
    if (!fresh || !a) {
        free(fresh), free(a);
        return -1;
    }
    q = a + block;
    v = q + block;
    for (int first = 0; first < m; first += d) {
        uint64_t from = (uint64_t)first * (uint64_t)d;
        attn_random_normal(seed, STREAM_DIRECTIONS, from, block, fresh);
        for (size_t x = 0; x < block; x++) a[x] = fresh[x];
        orthogonalise(d, a, q, v);
        attn_random_normal(seed, STREAM_LENGTHS, from, block, fresh);
        for (int r = 0; r < d && first + r < m; r++) {
            double size = kind == PROJECTIONS_REGULARISED ? sqrt(d) : length(fresh + (ptrdiff_t)r * d, d);
            for (int i = 0; i < d; i++) w[(ptrdiff_t)(first + r) * d + i] = (float)(size * a[i * d + r]);
        }
    }
    free(fresh), free(a);
    return 0;
}
