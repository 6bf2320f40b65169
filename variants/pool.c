/* pool.c -- means over even segments of the rows of a sequence. */
#include "pool.h"

#include <string.h>

#include "parts.h"

int pool_begin(int n, int m, int s) { return n / m * s + max_int(0, s - (m - n % m)); }

void pool_means(const struct kern *kern, int n, int valid, int m, int from, int to, int d, const float *x,
                ptrdiff_t row, float *piece, float *y) {
    enum { PIECE = 128 }; /* rows summed one by one */
    static const float one = 1;
    for (int s = from; s < to; s++, y += d) {
        int begin = pool_begin(n, m, s), length = pool_begin(n, m, s + 1) - begin;
        int end = min_int(begin + length, valid);
        memset(y, 0, (size_t)d * sizeof *y);
        for (int j = begin; j < end; j += PIECE) {
            kern->mul(1, d, min_int(PIECE, end - j), 1.0f, &one, 0, 0, x + j * row, row, kern->nr, 0, piece,
                      d);
            kern->blend(d, 1.0f, piece, y);
        }
        if (begin < end) kern->scale(d, 1.0f / (float)length, y);
    }
}
