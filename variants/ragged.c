/*
 * ragged.c -- products of weights and values where each row has its own range of keys.
 *
 * Rows are taken in groups of the kernel's tile. The keys common to a group go through one call; what
 * sticks out before and after goes row by row. Since mul() sums in ascending order from what stands in
 * o, the cut into pieces and groups changes no bit.
 */
#include "ragged.h"

static void range(const struct kern *kern, int m, int lo, int hi, int dv, const float *p, ptrdiff_t ldp,
                  const float *v, ptrdiff_t ldv, float *o, ptrdiff_t ldo) {
    if (lo >= hi) return;
    kern->mul(m, dv, hi - lo, 1.0f, p + lo, ldp, 1, v + lo * ldv, ldv, kern->nr, 1, o, ldo);
}

static void nonzero(const struct kern *kern, int lo, int hi, int dv, const float *p, const float *v,
                    ptrdiff_t ldv, float *o) {
    while (lo < hi) {
        int end;
        while (lo < hi && p[lo] == 0.0f) lo++;
        for (end = lo; end < hi && p[end] != 0.0f;) end++;
        range(kern, 1, lo, end, dv, p, 0, v, ldv, o, 0);
        lo = end;
    }
}

void ragged_mul(const struct kern *kern, int m, const int *lo, const int *hi, int dv, const float *p,
                ptrdiff_t ldp, const float *v, ptrdiff_t ldv, int skip_zeros, float *o, ptrdiff_t ldo) {
    for (int g = 0; g < m; g += kern->mr) {
        int end = g + kern->mr < m ? g + kern->mr : m;
        int from = lo[g], to = hi[g]; /* the keys common to the group */
        for (int r = g + 1; r < end; r++) {
            if (lo[r] > from) from = lo[r];
            if (hi[r] < to) to = hi[r];
        }
        if (skip_zeros) {
            for (int r = g; r < end; r++) nonzero(kern, lo[r], hi[r], dv, p + r * ldp, v, ldv, o + r * ldo);
        } else if (from >= to) {
            for (int r = g; r < end; r++)
                range(kern, 1, lo[r], hi[r], dv, p + r * ldp, 0, v, ldv, o + r * ldo, 0);
        } else {
            for (int r = g; r < end; r++)
                range(kern, 1, lo[r], from, dv, p + r * ldp, 0, v, ldv, o + r * ldo, 0);
            range(kern, end - g, from, to, dv, p + g * ldp, ldp, v, ldv, o + g * ldo, ldo);
            for (int r = g; r < end; r++)
                range(kern, 1, to, hi[r], dv, p + r * ldp, 0, v, ldv, o + r * ldo, 0);
        }
    }
}

int values_finite(const struct kern *kern, int n, int dv, const float *v, ptrdiff_t ldv) {
    if (ldv == dv) return kern->finite(n * dv, v);
    for (int j = 0; j < n; j++)
        if (!kern->finite(dv, v + j * ldv)) return 0;
    return 1;
}
