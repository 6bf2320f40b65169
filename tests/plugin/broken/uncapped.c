/* uncapped.c -- ignores the softcap. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    p.softcap = 0;
    honest_forward(&call);
}

BROKEN(uncapped, .forward = forward);
