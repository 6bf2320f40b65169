/* bias.h -- bias on a stretch of the scores of one row. */
#ifndef BIAS_H
#define BIAS_H

#include "pattern.h"

/* Adds problem.bias to s[lo .. hi - 1], the scores of query i against the ordinals x0 + lo .. of the key axis; where
   it masks, -inf takes the place of the score. `position` is that of the query. */
void bias_add(const struct attn_call *, int b, int h, int i, int position, const struct pattern_axis *,
              int x0, int lo, int hi, float *s);

#endif
