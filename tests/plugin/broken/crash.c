/* crash.c -- ends the process in the call. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    abort();
}

BROKEN(crash, .forward = forward);
