/* logsum.c -- writes the logarithm of the sum without the maximum. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    honest_forward(c);
    for (ptrdiff_t i = 0; c->lse && i < (ptrdiff_t)p->batch * p->heads * p->nq; i++) c->lse[i] *= 0.5f;
}

BROKEN(logsum, .forward = forward);
