/*
 * copy.c -- each query takes the value at its own position: the speed of memory.
 *
 * Position i + offset, held within the valid keys; with a causal mask a query before the first key has
 * an empty row. Reads V once, writes O once.
 */
#include <string.h>

#include "parts.h"

/* The key whose value query i takes, or -1. */
static int source(const struct attn_call *c, int b, int i) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b);
    if (attn_visible(p, keys, i) == 0) return -1;
    return clamp_int((long)i + attn_offset(p, keys), 0, keys - 1);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)p, (void)params, (void)need;
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    size_t bytes = (size_t)p->dv * sizeof(float);
#pragma omp parallel for num_threads(p->threads)
    for (int t = 0; t < p->batch * p->heads; t++) {
        int b = t / p->heads, h = t % p->heads;
        for (int i = 0; i < p->nq; i++) {
            int j = source(c, b, i);
            float *o = attn_out_row(&c->o, b, h, i);
            if (j >= 0) memcpy(o, attn_row(&c->v, b, attn_kv_head(p, h), j), bytes);
            else memset(o, 0, bytes);
        }
    }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    (void)outside;
    for (ptrdiff_t x = 0; weights && x < (ptrdiff_t)nrows * p->nk; x++) weights[x] = 0;
    for (int r = 0; r < nrows; r++) {
        int j = source(c, b, rows[r]);
        if (weights && j >= 0) weights[(ptrdiff_t)r * p->nk + j] = 1;
        for (int d = 0; d < p->dv; d++)
            out[(ptrdiff_t)r * p->dv + d] = j < 0 ? 0 : attn_row(&c->v, b, attn_kv_head(p, h), j)[d];
    }
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)params;
    cost->bytes =
        sizeof(float) * (double)p->batch * p->dv * ((double)p->heads * p->nq + (double)p->kv_heads * p->nk);
}

const struct attn_variant attn_variant_copy = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "copy",
    .brief = "copies the value at the query's own position: the speed of memory",
    .formula = "o_i = v_i",
    .cite = "none",
    .kind = ATTN_CONTROL,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS | ATTN_CAP_SAME_BITS_ISA,
    .time = {1, "n dv"},
    .memory = {0, "1"},
    .family = "control",
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
