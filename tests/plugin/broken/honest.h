/*
 * honest.h -- softmax attention, plainly, that keeps every promise; each plugin here breaks it in one place.
 *
 * A fault may be in forward(), in what it is told (a problem changed on the way), or in the table:
 *
 *     static void forward(const struct attn_call *c) { ... honest_forward(c) ... }
 *     BROKEN(name, .forward = forward);
 *
 * or FORWARD_TOLD(p.softcap = 0;) where a changed problem or call is all there is to it.
 */
#ifndef HONEST_H
#define HONEST_H

#include <stdlib.h>

#include "attn.h"

/* -inf where the bias masks. */
static inline double honest_logit(const struct attn_call *c, int b, int h, int i, int j) {
    const struct attn_problem *p = c->problem;
    const float *q = attn_row(&c->q, b, h, i), *k = attn_row(&c->k, b, attn_kv_head(p, h), j);
    double sum = 0, cap = (double)p->softcap,
           bias = (double)attn_bias_at(c, b, h, i, j, i + attn_offset(p, attn_keys(c, b)));
    if (bias == -INFINITY) return bias; /* what is masked may be NaN */
#pragma omp simd reduction(+ : sum)
    for (int d = 0; d < p->dk; d++) sum += (double)q[d] * (double)k[d];
    sum *= (double)p->scale;
    return (cap > 0 ? cap * tanh(sum / cap) : sum) + bias;
}

/* One row; `w` has room for nk values, `sums` for dv. */
static inline void honest_row(const struct attn_call *c, int b, int h, int i, double *w, double *sums) {
    const struct attn_problem *p = c->problem;
    int visible = attn_visible(p, attn_keys(c, b), i);
    double top = -INFINITY, total = 0;
    float *o = attn_out_row(&c->o, b, h, i);
    for (int d = 0; d < p->dv; d++) sums[d] = 0;
    for (int j = 0; j < visible; j++) top = fmax(top, w[j] = honest_logit(c, b, h, i, j));
    for (int j = 0; j < visible; j++) {
        if (w[j] == -INFINITY) continue;
        const float *v = attn_row(&c->v, b, attn_kv_head(p, h), j);
        total += w[j] = exp(w[j] - top);
        for (int d = 0; d < p->dv; d++) sums[d] += w[j] * (double)v[d];
    }
    for (int d = 0; d < p->dv; d++) o[d] = total > 0 ? (float)(sums[d] / total) : 0.0f;
    if (c->lse)
        c->lse[((ptrdiff_t)b * p->heads + h) * p->nq + i] = (float)(log(total) + (total > 0 ? top : 0));
}

static inline void honest_forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    double *w = (double *)c->scratch;
    for (int b = 0; b < p->batch; b++)
        for (int h = 0; h < p->heads; h++)
            for (int i = 0; i < p->nq; i++) honest_row(c, b, h, i, w, w + p->nk);
}

static inline void honest_size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = ((size_t)p->nk + (size_t)p->dv) * sizeof(double);
}

static inline void honest_reference(const struct attn_call *c, int b, int h, const int *rows, int nrows,
                                    double *weights, double *outside, double *out) {
    (void)outside;
    attn_softmax_rows(c, b, h, rows, nrows, weights, out, NULL, NULL);
}

static inline void honest_cost(const struct attn_problem *p, const void *params,
                               const struct attn_view *tensors, struct attn_cost *cost) {
    double pairs = 0, heads = (double)p->batch * p->heads,
           keys = (double)p->batch * p->kv_heads * p->nk * (p->dk + p->dv);
    (void)params, (void)tensors;
    for (int i = 0; i < p->nq; i++) pairs += attn_visible(p, p->nk, i);
    cost->flops = 2 * heads * pairs * (p->dk + p->dv);
    cost->bytes = sizeof(float) * (heads * p->nq * (p->dk + p->dv) + keys);
}

/* A forward() that is honest about a copy `call` of the call and `p` of its problem, which the statements change. */
#define FORWARD_TOLD(...)                            \
    static void forward(const struct attn_call *c) { \
        struct attn_problem p = *c->problem;         \
        struct attn_call call = *c;                  \
        call.problem = &p;                           \
        __VA_ARGS__                                  \
        honest_forward(&call);                       \
    }

#define HONEST_CAPS                                                                                 \
    ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |   \
        ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_LSE | \
        ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS | ATTN_CAP_SAME_BITS_ISA

/* A later initialiser of the same field wins. */
#define BROKEN(what, ...)                                                                                   \
    _Pragma("GCC diagnostic ignored \"-Woverride-init\"") const struct attn_variant attn_variant_broken = { \
        .magic = ATTN_MAGIC,                                                                                \
        .abi = ATTN_ABI,                                                                                    \
        .struct_size = sizeof(struct attn_variant),                                                         \
        .name = "broken_" #what,                                                                            \
        .brief = "softmax attention with one fault: " #what,                                                \
        .formula = "o_i = sum_j softmax_j(scale q_i . k_j) v_j",                                            \
        .cite = "none",                                                                                     \
        .kind = ATTN_EXACT,                                                                                 \
        .caps = HONEST_CAPS,                                                                                \
        .time = {2, "n^2 (dk + dv)"},                                                                       \
        .memory = {1, "n + dv"},                                                                            \
        .size = honest_size,                                                                                \
        .forward = honest_forward,                                                                          \
        .reference = honest_reference,                                                                      \
        .cost = honest_cost,                                                                                \
        __VA_ARGS__};                                                                                       \
    ATTN_PLUGIN(&attn_variant_broken)

#endif
