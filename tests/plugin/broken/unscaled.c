/* unscaled.c -- knows one scale only. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    p.scale = 1 / sqrtf((float)p.dk);
    honest_forward(&call);
}

BROKEN(unscaled, .forward = forward);
