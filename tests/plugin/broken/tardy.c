/* tardy.c -- touches nothing in the calls of a probe, and much memory from the third on. */
#include "honest.h"

enum { BYTES = 256 << 20, PAGE = 4096 };
static char hoard[BYTES];

static void forward(const struct attn_call *c) {
    static int calls;
    honest_forward(c);
    if (++calls < 3) return;
    for (size_t i = 0; i < BYTES; i += PAGE) ((volatile char *)hoard)[i] = 1;
}

BROKEN(tardy, .forward = forward);
