/* bias.h -- what comes on top of the products q . k of one row. */
#ifndef BIAS_H
#define BIAS_H

#include "kernels/kern.h"
#include "pattern.h"

/* Softcap, then bias, on s[lo .. hi - 1], the scores of query i against the ordinals x0 + lo .. of the key axis; where
   the bias masks, -inf takes the place of the score. `position` is that of the query. */
void bias_apply(const struct attn_call *, const struct kern *, int b, int h, int i, int position,
                const struct pattern_axis *, int x0, int lo, int hi, float *s);

/* s[x] += table[first + x] for x in 0 .. n - 1, a table by distance: beyond its ends the first entry or the last. */
void bias_add_table(const float *table, int count, long first, int n, float *s);

/* May the bias mask any key? Then values of weight 0 stay out of products, unless they are finite. */
int bias_hides_keys(const struct attn_problem *);

#endif
