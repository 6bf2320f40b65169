/* allocates.c -- asks for memory in the call. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    volatile char *p = malloc(100);
    if (p) *p = 1;
    honest_forward(c);
    free((void *)p);
}

BROKEN(allocates, .forward = forward);
