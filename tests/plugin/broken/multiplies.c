/* multiplies.c -- multiplies masked values by zero. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    honest_forward(c);
    for (int b = 0; b < p->batch; b++)
        for (int h = 0; h < p->heads; h++)
            for (int i = 0; i < p->nq; i++)
                for (int j = attn_visible(p, attn_keys(c, b), i); j < p->nk; j++)
                    for (int d = 0; d < p->dv; d++)
                        attn_out_row(&c->o, b, h, i)[d] += 0 * attn_row(&c->v, b, attn_kv_head(p, h), j)[d];
}

BROKEN(multiplies, .forward = forward);
