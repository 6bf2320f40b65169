/* peeks.c -- reads behind the end of the values. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    volatile const float *last = attn_row(&c->v, p->batch - 1, p->kv_heads - 1, p->nk - 1) + p->dv;
    float x = 0;
    honest_forward(c);
    for (int i = 0; i < 32; i++) x += last[i];
    c->o.data[0] += 0 * x;
}

BROKEN(peeks, .forward = forward);
