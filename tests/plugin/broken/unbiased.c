/* unbiased.c -- ignores one kind of bias. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    if (p.bias == ATTN_BIAS_ALIBI) p.bias = ATTN_BIAS_NONE;
    honest_forward(&call);
}

BROKEN(unbiased, .forward = forward);
