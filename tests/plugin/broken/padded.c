/* padded.c -- ignores key lengths. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    call.key_lengths = NULL;
    honest_forward(&call);
}

BROKEN(padded, .forward = forward);
