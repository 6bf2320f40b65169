/* pool.c -- means and weighted sums over even segments of the rows of a sequence. */
#include "pool.h"

#include <string.h>

#include "parts.h"

int pool_begin(int n, int m, int s) { return n / m * s + max_int(0, s - (m - n % m)); }

/* y[d] = sum over j in [begin, end) of weights[(j - begin) * step] x[j], in pieces. */
static void sum(const struct kern *kern, int begin, int end, int d, const float *weights, int step,
                const float *x, ptrdiff_t row, float *piece, float *y) {
    enum { PIECE = 128 }; /* rows summed one by one */
    memset(y, 0, (size_t)d * sizeof *y);
    for (int j = begin; j < end; j += PIECE) {
        kern->mul(1, d, min_int(PIECE, end - j), 1.0f, weights + (j - begin) * step, 0, step, x + j * row,
                  row, kern->nr, 0, piece, d);
        kern->blend(d, 1.0f, piece, y);
    }
}

void pool_means(const struct kern *kern, int n, int valid, int m, int from, int to, int d, const float *x,
                ptrdiff_t row, float *piece, float *y) {
    static const float one = 1;
    for (int s = from; s < to; s++, y += d) {
        int begin = pool_begin(n, m, s), end = pool_begin(n, m, s + 1);
        sum(kern, begin, min_int(end, valid), d, &one, 0, x, row, piece, y);
        if (begin < end) kern->scale(d, 1.0f / (float)(end - begin), y);
    }
}

void pool_sums(const struct kern *kern, int n, int valid, int m, int from, int to, int d,
               const float *weights, const float *x, ptrdiff_t row, float *piece, float *y) {
    for (int s = from; s < to; s++, y += d)
        sum(kern, pool_begin(n, m, s), min_int(pool_begin(n, m, s + 1), valid), d, weights, 1, x, row, piece,
            y);
}
