/* nearer.c -- passes values on from neighbour to neighbour, and says that one layer reaches everybody. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    for (int b = 0; b < p->batch; b++)
        for (int h = 0; h < p->heads; h++)
            for (int i = 0; i < p->nq; i++) {
                const float *v = attn_row(&c->v, b, h, i), *last = attn_row(&c->v, b, h, i ? i - 1 : 0);
                for (int d = 0; d < p->dv; d++) attn_out_row(&c->o, b, h, i)[d] = (v[d] + last[d]) / 2;
            }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    (void)weights, (void)outside;
    for (int r = 0; r < nrows; r++) {
        const float *v = attn_row(&c->v, b, h, rows[r]),
                    *last = attn_row(&c->v, b, h, rows[r] ? rows[r] - 1 : 0);
        for (int d = 0; d < c->problem->dv; d++)
            out[(ptrdiff_t)r * c->problem->dv + d] = ((double)v[d] + (double)last[d]) / 2;
    }
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)p, (void)params, (void)need;
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *tensors,
                 struct attn_cost *cost) {
    double values = (double)p->batch * p->heads * p->nq * p->dv;
    (void)params, (void)tensors;
    cost->flops = 2 * values;
    cost->bytes = sizeof(float) * 2 * values;
}

BROKEN(nearer, .kind = ATTN_DIFFERENT, .caps = ATTN_CAP_CAUSAL | ATTN_CAP_WIDE_VALUES | ATTN_CAP_SAME_BITS,
       .time = {1, "n dv"}, .memory = {0, "1"}, .size = size, .forward = forward, .reference = reference,
       .cost = cost);
