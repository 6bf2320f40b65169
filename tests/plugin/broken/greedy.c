/* greedy.c -- uses memory that it never declared, and never gives it back to the system. */
#include "honest.h"

enum { BYTES = 64 << 20 };
static char hoard[BYTES];

static void forward(const struct attn_call *c) {
    honest_forward(c);
    for (size_t i = 0; i < BYTES; i += 4096) ((volatile char *)hoard)[i] = 1;
}

BROKEN(greedy, .forward = forward);
