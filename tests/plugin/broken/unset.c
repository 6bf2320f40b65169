/* unset.c -- reads scratch that nobody has set. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    float before = (float)((const unsigned char *)c->scratch)[7] * 1e-9f;
    honest_forward(c);
    c->o.data[0] += before;
}

BROKEN(unset, .forward = forward);
