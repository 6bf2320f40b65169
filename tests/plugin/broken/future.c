/* future.c -- looks one key ahead of a causal mask. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    if (p.mask != ATTN_MASK_NONE) p.causal_shift++;
    honest_forward(&call);
}

BROKEN(future, .forward = forward);
