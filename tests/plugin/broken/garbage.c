/* garbage.c -- one element of the output is wrong. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    c->o.data[0] += 1;
}

BROKEN(garbage, .forward = forward);
