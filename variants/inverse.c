/*
 * inverse.c -- a regularised inverse of small matrices by products alone.
 *
 * Razavi et al., "A new iterative method for finding approximate inverses of complex matrices", 2014, as in Xiong et
 * al., "Nystromformer", 2021, equation 11. What a singular value s of A lacks to be inverted, r = 1 - s z, becomes
 * (3 r^3 + r^4) / 4: small s z grow by 3.25 a step, so that after k steps values far below 3.25^(-k/2) times the root
 * of the largest column sum are damped rather than inverted. Each matrix has a start of its own; the largest sum over a
 * whole batch, which released code takes, would couple what has nothing to do with each other.
 */
#include "inverse.h"

#include <string.h>

/* y = c I - x w, or c I - x where w is NULL. */
static void subtract(const struct kern *kern, int m, float c, const float *x, const float *w, float *y) {
    if (w) kern->mul(m, m, m, -1.0f, x, m, 1, w, m, kern->nr, 0, y, m);
    else
        for (int e = 0; e < m * m; e++) y[e] = -x[e];
    for (int i = 0; i < m; i++) y[(ptrdiff_t)i * m + i] += c;
}

/* Z_0; `sums` has m floats. */
static void start(const struct kern *kern, int m, const float *a, float *z, float *sums) {
    float largest = 0;
    memset(sums, 0, (size_t)m * sizeof *sums);
    for (int i = 0; i < m; i++) kern->blend(m, 1.0f, a + (ptrdiff_t)i * m, sums);
    for (int j = 0; j < m; j++) largest = sums[j] > largest ? sums[j] : largest;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) z[(ptrdiff_t)j * m + i] = a[(ptrdiff_t)i * m + j] / largest;
}

void inverse_iterate(const struct kern *kern, int m, int iterations, const float *a, float *z, float *work) {
    size_t size = (size_t)m * (size_t)m;
    float *az = work, *y = az + size, *w = y + size;
    start(kern, m, a, z, work);
    for (int k = 0; k < iterations; k++) {
        kern->mul(m, m, m, 1.0f, a, m, 1, z, m, kern->nr, 0, az, m);
        subtract(kern, m, 7, az, NULL, y);
        subtract(kern, m, 15, az, y, w);
        subtract(kern, m, 13, az, w, y);
        kern->mul(m, m, m, 0.25f, z, m, 1, y, m, kern->nr, 0, w, m);
        memcpy(z, w, size * sizeof *z);
    }
}
