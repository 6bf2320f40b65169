/* naive.h -- softmax attention in float as anybody writes it first: the measure of what float can do on hard numbers. */
#ifndef NAIVE_H
#define NAIVE_H

#include "attn.h"

/* One row of the output to out [dv]. The call has no bias. */
void naive_row(const struct attn_call *, int b, int h, int i, float *out);

#endif
