/* unsteady.c -- gives another output each time. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    static int calls;
    honest_forward(c);
    c->o.data[0] *= 1 + 1e-6f * (float)(++calls % 7);
}

BROKEN(unsteady, .forward = forward);
