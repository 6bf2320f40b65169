/* rounds.c -- changes the rounding mode. */
#include "honest.h"

#include <fenv.h>

static void forward(const struct attn_call *c) {
    honest_forward(c);
    fesetround(FE_UPWARD);
}

BROKEN(rounds, .forward = forward);
