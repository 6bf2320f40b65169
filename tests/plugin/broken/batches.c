/* batches.c -- lets the items of a batch influence each other. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    if (c->problem->batch > 1) c->o.data[0] += 1e-9f * *attn_row(&c->k, 1, 0, 0);
}

BROKEN(batches, .forward = forward);
