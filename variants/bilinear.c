/*
 * bilinear.c -- multiplicative attention with a learned form: Luong's "general" score.
 *
 *   s_ij = q_i^T W_h k_j        o_i = sum_j softmax_j(s_ij) v_j
 *
 * Source: Luong, Pham, Manning, "Effective approaches to attention-based neural machine translation",
 * EMNLP 2015, equation 8. There is no 1 / sqrt(d): problem.scale has no meaning here.
 * Departures: one W for each query head. W = scale I is softmax attention.
 *
 * Q W is computed first, then the tiles of tiles.c run on it: 2 n d^2 operations beside 4 n^2 d.
 */
#include <stdlib.h>

#include "parts.h"
#include "project.h"
#include "softmax.h"
#include "tiles.h"

enum { W };
static const struct attn_tensor tensors[] = {
    {"w", ATTN_WEIGHT, "h dk dk", NULL, 1, "dk dk",
     "the bilinear form of each query head, rows meet q, columns k"},
    {0},
};

/* Scratch: Q W [batch][heads][nq][dk], then that of the tiles. */
static size_t projected(const struct attn_problem *p) {
    return floats((size_t)p->batch * (size_t)p->heads * (size_t)p->nq * (size_t)p->dk);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = projected(p) + tiles_scratch(p, 1);
}

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call inner = *c;
    float *qw = c->scratch;
    project(&p, &c->q, p.heads, p.nq, p.dk, &c->tensors[W], NULL, qw);
    p.scale = 1;
    inner.problem = &p;
    inner.q = (struct attn_view){qw, (ptrdiff_t)p.heads * p.nq * p.dk, (ptrdiff_t)p.nq * p.dk, p.dk};
    inner.scratch = (char *)c->scratch + projected(&p);
    tiles_window(&inner, PATTERN_OPEN, PATTERN_OPEN);
}

/* context: W k_j for every key of the head, [nk][dk] */
static double score(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const float *q_i = attn_row(&c->q, b, h, i);
    const double *wk_j = (const double *)context + (ptrdiff_t)j * c->problem->dk;
    double x = 0;
    for (int d = 0; d < c->problem->dk; d++) x += q_i[d] * wk_j[d];
    return x;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    double *wk = malloc((size_t)p->nk * (size_t)p->dk * sizeof *wk);
    const struct softmax_rule rule = {
        .left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .score = score, .context = wk};
    (void)outside;
    if (!wk) abort();
    for (int j = 0; j < attn_keys(c, b); j++)
        for (int d = 0; d < p->dk; d++) {
            double x = 0;
            for (int e = 0; e < p->dk; e++)
                x += (double)attn_row(&c->tensors[W], 0, h, d)[e] *
                     attn_row(&c->k, b, attn_kv_head(p, h), j)[e];
            wk[(ptrdiff_t)j * p->dk + d] = x;
        }
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
    free(wk);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)params;
    parts_softmax_cost(p, parts_pairs(p, PATTERN_OPEN, PATTERN_OPEN), cost);
    cost->flops += 2.0 * p->batch * p->heads * p->nq * p->dk * p->dk;
    cost->bytes += sizeof(float) * (double)p->heads * p->dk * p->dk;
}

const struct attn_variant attn_variant_bilinear = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "bilinear",
    .brief = "softmax over a learned bilinear form of query and key",
    .formula = "o_i = sum_j softmax_j(q_i^T W k_j) v_j",
    .cite = "Luong, Pham, Manning: Effective approaches to attention-based NMT, 2015",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS | ATTN_CAP_ANY_ORDER,
    .time = {2, "n^2 (dk + dv) + n dk^2"},
    .memory = {1, "batch heads n dk"},
    .family = "self-attention",
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
