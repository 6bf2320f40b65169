/*
 * mean_v.c -- uniform attention: the mean of the visible values, whatever queries and keys say.
 *
 * The honest lower line of accuracy: an approximation that is no better has found nothing in Q and K.
 * With a causal mask the means are running sums, in double, so that a long sequence does not drift.
 */
#include <string.h>

#include "parts.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = (size_t)p->batch * (size_t)p->kv_heads * aligned((size_t)p->dv * sizeof(double));
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    size_t block = aligned((size_t)p->dv * sizeof(double));
#pragma omp parallel for num_threads(p->threads)
    for (int t = 0; t < p->batch * p->kv_heads; t++) {
        int b = t / p->kv_heads, g = t % p->kv_heads, keys = attn_keys(c, b), seen = 0;
        int group = p->heads / p->kv_heads;
        double *sum = (double *)((char *)c->scratch + (size_t)t * block);
        for (int d = 0; d < p->dv; d++) sum[d] = 0;
        for (int i = 0; i < p->nq; i++) {
            int visible = attn_visible(p, keys, i);
            for (; seen < visible; seen++) {
                const float *v = attn_row(&c->v, b, g, seen);
                for (int d = 0; d < p->dv; d++) sum[d] += v[d];
            }
            float *first = attn_out_row(&c->o, b, g * group, i);
            for (int d = 0; d < p->dv; d++) first[d] = visible ? (float)(sum[d] / visible) : 0.0f;
            for (int h = 1; h < group; h++)
                memcpy(attn_out_row(&c->o, b, g * group + h, i), first, (size_t)p->dv * sizeof *first);
        }
    }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    (void)outside;
    for (int r = 0; r < nrows; r++) {
        int visible = attn_visible(p, attn_keys(c, b), rows[r]);
        double *o = out + (ptrdiff_t)r * p->dv;
        for (int d = 0; d < p->dv; d++) o[d] = 0;
        for (int j = 0; j < visible; j++)
            for (int d = 0; d < p->dv; d++) o[d] += attn_row(&c->v, b, attn_kv_head(p, h), j)[d];
        for (int d = 0; visible && d < p->dv; d++) o[d] /= visible;
        for (int j = 0; weights && j < p->nk; j++)
            weights[(ptrdiff_t)r * p->nk + j] = j < visible ? 1.0 / visible : 0;
    }
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    double kv_heads = (double)p->batch * p->kv_heads, heads = (double)p->batch * p->heads;
    (void)params;
    cost->flops = kv_heads * p->nk * p->dv;
    cost->bytes = sizeof(float) * p->dv * (kv_heads * p->nk + heads * p->nq);
}

const struct attn_variant attn_variant_mean_v = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "mean_v",
    .brief = "the mean of the visible values: uniform attention",
    .formula = "o_i = mean_j v_j",
    .cite = "none",
    .kind = ATTN_CONTROL,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS | ATTN_CAP_SAME_BITS_ISA | ATTN_CAP_ANY_ORDER,
    .time = {1, "n dv"},
    .memory = {0, "batch kv_heads dv"},
    .family = "control",
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
