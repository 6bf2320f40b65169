/*
 * topk.c -- softmax over the keys whose logits are the largest.
 *
 * Each query takes the k largest of the logits that mask, key length and bias leave, after softcap and bias, and
 * softmax over them alone; of equal logits the key that stands first. Fewer than k: all of them. Every logit is
 * computed, so time stays n^2; what is saved is the product with V, and memory. No other choice of as many keys
 * holds more of the weight of a row: it is the oracle of the subset mechanisms.
 * Source: Gupta, Dar, Goodman, Ciprut, Berant, "Memory-efficient transformers via top-k attention", 2021, section 2.
 * Departures: none. The paper does without the n x n logits by chunks of queries; here by tiles and a bound
 * (select.c).
 *
 * The choice is made by the logits in double: logits in float that lie closer than their rounding decide nothing,
 * since the weight of the k-th key, up to 1 / k of the row, would go astray with them.
 */
#include <stdlib.h>

#include "bias.h"
#include "parts.h"
#include "select.h"
#include "softmax.h"

struct params {
    int k;
};

static const struct attn_param table[] = {
    {"k", ATTN_INT, offsetof(struct params, k), 32, 1, 1 << 30, NULL, "keys that a query attends to"},
    {0},
};

static int most(const struct attn_problem *p, const void *params) {
    return min_int(((const struct params *)params)->k, p->nk);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->scratch = select_scratch(p, p->nk, most(p, params));
}

static int visible(const struct attn_call *c, int b, int i) {
    return attn_visible(c->problem, attn_keys(c, b), i);
}

static void adjust(const struct attn_call *c, const struct kern *kern, int b, int h, int i, int j0, int n,
                   float *s) {
    const struct pattern_axis all = {.step = 1, .count = c->problem->nk};
    bias_apply(c, kern, b, h, i, i + attn_offset(c->problem, attn_keys(c, b)), &all, j0, 0, n, s);
}

static double exact(const struct attn_call *c, int b, int h, int i, int j) {
    const struct attn_problem *p = c->problem;
    const float *q = attn_row(&c->q, b, h, i), *k = attn_row(&c->k, b, attn_kv_head(p, h), j);
    const double cap = p->softcap;
    double x = 0;
    for (int d = 0; d < p->dk; d++) x += (double)q[d] * k[d];
    x *= p->scale;
    if (cap > 0) x = cap * tanh(x / cap);
    return x + attn_bias_at(c, b, h, i, j, i + attn_offset(p, attn_keys(c, b)));
}

static void chosen(const struct select *x, const struct kern *kern, int b, int h, int i, int n,
                   const int *index, float *score) {
    const struct attn_call *c = x->call;
    const struct attn_problem *p = c->problem;
    float *o = attn_out_row(&c->o, b, h, i), top, sum = select_soften(kern, n, score, &top);
    kern->gather(n, index, score, p->dv, attn_row(&c->v, b, attn_kv_head(p, h), 0), c->v.row, o);
    kern->scale(p->dv, sum > 0 ? 1.0f / sum : 0.0f, o);
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct select select = {.call = c,
                                  .q = c->q,
                                  .k = c->k,
                                  .keys = p->nk,
                                  .most = most(p, c->params),
                                  .scale = p->scale,
                                  .visible = visible,
                                  .adjust = p->softcap > 0 || p->bias ? adjust : NULL,
                                  .exact = exact,
                                  .chosen = chosen};
    select_forward(&select, c->scratch);
}

/* ---- definition ---------------------------------------------------------------------------------- */

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    double *s = malloc((size_t)p->nk * sizeof *s);
    int *key = malloc((size_t)p->nk * sizeof *key);
    (void)outside;
    if (!s || !key) abort();
    for (int r = 0; r < nrows; r++, out += p->dv) {
        double top = -(double)INFINITY, l = 0;
        attn_softmax_scores(c, ATTN_STAGE_BIASED, b, h, rows[r], s);
        int n = softmax_largest(p->nk, s, most(p, c->params), key);
        for (int e = 0; e < n; e++) top = fmax(top, s[key[e]]);
        for (int e = 0; e < n; e++) l += exp(s[key[e]] - top);
        for (int d = 0; d < p->dv; d++) out[d] = 0;
        for (int j = 0; weights && j < p->nk; j++) weights[(ptrdiff_t)r * p->nk + j] = 0;
        for (int e = 0; e < n; e++) {
            const float *v = attn_row(&c->v, b, attn_kv_head(p, h), key[e]);
            double w = exp(s[key[e]] - top) / l;
            if (weights) weights[(ptrdiff_t)r * p->nk + key[e]] = w;
            for (int d = 0; d < p->dv; d++) out[d] += w * v[d];
        }
    }
    free(s), free(key);
}

/* A logit for every visible pair, and a weight for the chosen ones. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    double visible_pairs = 0, pairs = 0, heads = (double)p->batch * p->heads;
    (void)views;
    for (int i = 0; i < p->nq; i++) {
        int seen = attn_visible(p, p->nk, i);
        visible_pairs += seen;
        pairs += min_int(seen, most(p, params));
    }
    parts_softmax_cost(p, pairs, cost);
    cost->search = heads * (visible_pairs - pairs) * 2.0 * p->dk;
    cost->flops += cost->search;
}

const struct attn_variant attn_variant_topk = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "topk",
    .brief = "softmax over the k keys with the largest logits, the oracle of the subsets",
    .formula = "o_i = sum_{j in T} softmax_j(scale q_i.k_j) v_j, T the k largest logits of row i",
    .cite = "Gupta, Dar, Goodman, Ciprut, Berant: Memory-efficient transformers via top-k attention, 2021",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS,
    .time = {2, "n^2 dk + n k dv"},
    .memory = {0, "threads (k + dk)"},
    .family = "content-based",
    .path = {NAN, "by content"},
    .params = table,
    .params_size = sizeof(struct params),
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
