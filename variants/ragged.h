/* ragged.h -- products of weights and values where each row has its own range of keys. */
#ifndef RAGGED_H
#define RAGGED_H

#include "kernels/kern.h"

/* For each of m rows: o[r] += sum over j in [lo[r], hi[r]) of p[r][j] v[j], j ascending, and nothing
   outside the range is read. With skip_zeros a v[j] whose weight is 0 is not read either: for masks
   inside the range over values that are not all finite. v row-major with ldv, dv columns; rows are written one
   after the other, so they may be among v where no range reaches its own row: a forward substitution. */
void ragged_mul(const struct kern *, int m, const int *lo, const int *hi, int dv, const float *p,
                ptrdiff_t ldp, const float *v, ptrdiff_t ldv, int skip_zeros, float *o, ptrdiff_t ldo);

/* Are all n values v[n][dv] finite? Then a weight of 0 leaves any sum as it is. */
int values_finite(const struct kern *, int n, int dv, const float *v, ptrdiff_t ldv);

#endif
