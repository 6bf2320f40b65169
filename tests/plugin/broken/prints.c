/* prints.c -- prints. */
#include "honest.h"

#include <stdio.h>

static void forward(const struct attn_call *c) {
    honest_forward(c);
    puts("done");
}

BROKEN(prints, .forward = forward);
