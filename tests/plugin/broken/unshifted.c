/* unshifted.c -- ignores the shift of the diagonal. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    p.causal_shift = 0;
    honest_forward(&call);
}

BROKEN(unshifted, .forward = forward);
