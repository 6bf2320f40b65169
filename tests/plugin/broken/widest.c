/* widest.c -- depends on the instruction set. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    c->o.data[0] *= 1 + 1e-7f * (float)attn_isa_resolve(c->problem->isa);
}

BROKEN(widest, .forward = forward);
