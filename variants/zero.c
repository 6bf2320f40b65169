/*
 * zero.c -- returns zeros: relative error 1 by definition, the line every approximation has to beat.
 */
#include <string.h>

#include "parts.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)p, (void)params, (void)need;
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
#pragma omp parallel for num_threads(p->threads)
    for (int t = 0; t < p->batch * p->heads; t++)
        for (int i = 0; i < p->nq; i++)
            memset(attn_out_row(&c->o, t / p->heads, t % p->heads, i), 0, (size_t)p->dv * sizeof(float));
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    (void)b, (void)h, (void)rows, (void)outside;
    for (int x = 0; x < nrows * p->dv; x++) out[x] = 0;
    for (ptrdiff_t x = 0; weights && x < (ptrdiff_t)nrows * p->nk; x++) weights[x] = 0;
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)params;
    cost->bytes = sizeof(float) * (double)p->batch * p->heads * p->nq * p->dv;
}

const struct attn_variant attn_variant_zero = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "zero",
    .brief = "returns zeros: relative error 1 by definition",
    .formula = "o_i = 0",
    .cite = "none",
    .kind = ATTN_CONTROL,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS | ATTN_CAP_SAME_BITS_ISA | ATTN_CAP_ANY_ORDER,
    .time = {1, "n dv"},
    .memory = {0, "1"},
    .family = "control",
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
