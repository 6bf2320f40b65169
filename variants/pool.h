/* pool.h -- means and weighted sums over even segments of the rows of a sequence: landmarks, pooled keys. */
#ifndef POOL_H
#define POOL_H

#include "kernels/kern.h"

/* The first of n rows in segment s of m: the first m - n % m segments have n / m rows, the others one more. */
int pool_begin(int n, int m, int s);

/* y[to - from][d]: means over segments from .. to - 1 of m of the n rows x[n][d], those from `valid` on as zeros and not
   read. A long segment is summed in pieces, of which `piece` [d] holds one. */
void pool_means(const struct kern *, int n, int valid, int m, int from, int to, int d, const float *x,
                ptrdiff_t row, float *piece, float *y);

/* The same with weights in the place of means: row r of a segment counts weights[r], where r < ceil(n / m). */
void pool_sums(const struct kern *, int n, int valid, int m, int from, int to, int d, const float *weights,
               const float *x, ptrdiff_t row, float *piece, float *y);

#endif
