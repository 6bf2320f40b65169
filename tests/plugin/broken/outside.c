/* outside.c -- writes behind the end of its scratch. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    honest_forward(c);
    ((volatile double *)c->scratch)[c->problem->nk + c->problem->dv + 8] = 1;
}

BROKEN(outside, .forward = forward);
