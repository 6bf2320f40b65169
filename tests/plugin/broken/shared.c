/* shared.c -- forgets to divide by the sum of the weights, in forward() and in reference() alike. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    honest_forward(c);
    for (int b = 0; b < p->batch; b++)
        for (int h = 0; h < p->heads; h++)
            for (int i = 0; i < p->nq; i++) {
                double sum = 0;
                float *o = attn_out_row(&c->o, b, h, i);
                int keys = attn_keys(c, b);
                for (int j = 0; j < attn_visible(p, keys, i); j++) sum += exp(honest_logit(c, b, h, i, j));
                for (int d = 0; d < p->dv; d++) o[d] = (float)(sum * (double)o[d]);
            }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    honest_reference(c, b, h, rows, nrows, weights, outside, out);
    for (int r = 0; r < nrows; r++) {
        double sum = 0;
        for (int j = 0; j < attn_visible(p, attn_keys(c, b), rows[r]); j++)
            sum += exp(honest_logit(c, b, h, rows[r], j));
        for (int d = 0; d < p->dv; d++) out[r * p->dv + d] *= sum;
        for (int j = 0; weights && j < p->nk; j++) weights[(ptrdiff_t)r * p->nk + j] *= sum;
    }
}

BROKEN(shared, .forward = forward, .reference = reference, .kind = ATTN_SUBSET_SOFTMAX);
