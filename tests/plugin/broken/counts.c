/* counts.c -- depends on the number of threads. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    c->o.data[0] *= 1 + 1e-7f * (float)c->problem->threads;
}

BROKEN(counts, .forward = forward);
