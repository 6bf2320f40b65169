/*
 * sigmoid.c -- sigmoid attention: every key has a weight of its own, and no others compete for it.
 *
 *   o_i = sum_j sigmoid(s_ij + b) v_j       s_ij = cap(scale q_i . k_j) + bias_ij       sigmoid(x) = 1 / (1 + exp(-x))
 *
 * over the visible keys j. b = -ln n brings the sum of a row's weights near 1 where scores are near 0, so that outputs do not
 * grow with the number of keys.
 * Source: Ramapuram et al., "Theory, analysis, and best practices for sigmoid self-attention", ICLR 2025.
 * n is nk, whatever mask and key lengths hide, as the paper has one b for all rows of a causal model; length = none leaves the
 * number out, and bias is added in either case: with bias = -7 and length = none, b is -7.
 * Departures: none. Masked keys weigh 0, rows without keys are zeros.
 *
 * The tiles of tiles.c, with another kernel between the two products and no running maximum.
 */
#include <stdlib.h>

#include "parts.h"
#include "tiles.h"

enum length { LOG, NONE };

struct params {
    double bias;
    int length;
};

static const char *const lengths[] = {"log", "none", NULL};
static const struct attn_param table[] = {
    {"bias", ATTN_REAL, offsetof(struct params, bias), 0, -1000, 1000, NULL,
     "added to every score; b = bias - ln nk, or bias alone with length = none"},
    {"length", ATTN_CHOICE, offsetof(struct params, length), LOG, 0, 0, lengths,
     "log: the logarithm of the number of keys is taken off each score; none: it is not"},
    {0},
};

static double added(const struct attn_problem *p, const void *params) {
    const struct params *x = params;
    return x->bias - (x->length == LOG ? log(p->nk) : 0);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = tiles_scratch(p, 1);
}

static void forward(const struct attn_call *c) { tiles_sigmoid(c, (float)added(c->problem, c->params)); }

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    double *s = malloc((size_t)p->nk * sizeof *s);
    (void)outside;
    if (!s) abort();
    for (int r = 0; r < nrows; r++) {
        double *o = out + (ptrdiff_t)r * p->dv;
        attn_softmax_scores(c, ATTN_STAGE_BIASED, b, h, rows[r], s);
        for (int d = 0; d < p->dv; d++) o[d] = 0;
        for (int j = 0; j < p->nk; j++) {
            double w = s[j] == -INFINITY ? 0 : 1 / (1 + exp(-(s[j] + added(p, c->params))));
            const float *v_j = attn_row(&c->v, b, attn_kv_head(p, h), j);
            if (weights) weights[(ptrdiff_t)r * p->nk + j] = w;
            for (int d = 0; d < p->dv && w != 0; d++) o[d] += w * v_j[d];
        }
    }
    free(s);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)params;
    parts_softmax_cost(p, parts_pairs(p, PATTERN_OPEN, PATTERN_OPEN), cost);
}

const struct attn_variant attn_variant_sigmoid = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "sigmoid",
    .brief = "the sigmoid of each score as weight; nothing is normalised over the keys",
    .formula = "o_i = sum_j sigmoid(scale q_i.k_j + bias - ln n) v_j",
    .cite = "Ramapuram et al.: Theory, analysis, and best practices for sigmoid self-attention, 2025",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS | ATTN_CAP_ANY_ORDER,
    .time = {2, "n^2 (dk + dv)"},
    .memory = {0, "threads (dk + dv)"},
    .family = "self-attention",
    .params = table,
    .params_size = sizeof(struct params),
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
