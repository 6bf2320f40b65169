/* leaves.c -- ends the process in the call, as if all were well. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    exit(0);
}

BROKEN(leaves, .forward = forward);
