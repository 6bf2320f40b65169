/* bias.h -- what comes on top of the products q . k of one row, and what that asks of the values. */
#ifndef BIAS_H
#define BIAS_H

#include "kernels/kern.h"
#include "pattern.h"

/* Softcap, then bias, on s[lo .. hi - 1], the scores of query i against the ordinals x0 + lo .. of the key axis; where
   the bias masks, -inf takes the place of the score. `position` is that of the query. */
void bias_apply(const struct attn_call *, const struct kern *, int b, int h, int i, int position,
                const struct pattern_axis *, int x0, int lo, int hi, float *s);

/* Must values of weight 0 be left out of products? A bias may mask any of the n keys, and where v [n][dv] is not finite
   0 v_j would be NaN. */
int bias_guards_values(const struct attn_problem *, const struct kern *, int n, const float *v,
                       ptrdiff_t row);

#endif
