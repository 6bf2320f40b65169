/* mixes.c -- lets heads influence each other. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    if (c->problem->kv_heads > 1) c->o.data[0] += 1e-9f * *attn_row(&c->k, 0, 1, 0);
}

BROKEN(mixes, .forward = forward);
