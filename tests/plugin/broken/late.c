/* late.c -- survives some calls, as a probe makes them, and dies when it is timed. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    static int calls;
    honest_forward(c);
    if (++calls > 40) abort();
}

BROKEN(late, .forward = forward);
