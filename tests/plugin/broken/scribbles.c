/* scribbles.c -- writes to its inputs. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    *(volatile float *)(uintptr_t)c->k.data = 1;
}

BROKEN(scribbles, .forward = forward);
