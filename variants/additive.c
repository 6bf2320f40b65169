/*
 * additive.c -- additive attention: a small network scores each pair.
 *
 *   s_ij = v^T tanh(W q_i + U k_j + b)        o_i = sum_j softmax_j(s_ij) v_j
 *
 * Source: Bahdanau, Cho, Bengio, "Neural machine translation by jointly learning to align and translate",
 * ICLR 2015, appendix A.1.2. There is no scale: problem.scale has no meaning here. Cross-attention by nature.
 * Departures: W, v and b for each query head, U for each key head; a causal mask is possible. The decoder
 * around it is not part of the operator.
 *
 * W q + b and U k are computed once, n x d_a each; then the tiles of tiles.c run with the additive kernel,
 * which sums over d_a in registers, so the [n, n, d_a] tensor is never built. Time is bound by n^2 d_a values
 * of tanh.
 */
#include <stdlib.h>

#include "parts.h"
#include "project.h"
#include "softmax.h"
#include "tiles.h"

struct params {
    int hidden;
};

static const struct attn_param table[] = {
    {"hidden", ATTN_INT, offsetof(struct params, hidden), 64, 1, 4096, NULL,
     "d_a, the width of the hidden layer"},
    {0},
};

enum { W, U, V, B };
static const struct attn_tensor tensors[] = {
    {"w", ATTN_WEIGHT, "h dk hidden", NULL, 1, "dk", "projection of queries"},
    {"u", ATTN_WEIGHT, "hk dk hidden", NULL, 1, "dk", "projection of keys"},
    {"v", ATTN_WEIGHT, "h hidden", NULL, 2, "hidden", "weights of the hidden layer"},
    {"b", ATTN_WEIGHT, "h hidden", NULL, 0.1, NULL, "bias of the hidden layer"},
    {0},
};

static int hidden(const void *params) { return ((const struct params *)params)->hidden; }

/* Scratch: W q + b [batch][heads][nq][hidden], U k [batch][kv_heads][nk][hidden], then that of the tiles. */
static size_t rows_bytes(const struct attn_problem *p, const void *params, int heads, int n) {
    return floats((size_t)p->batch * (size_t)heads * (size_t)n * (size_t)hidden(params));
}

/* The problem that the tiles see: keys as wide as the hidden layer. */
static struct attn_problem hidden_problem(const struct attn_problem *p, const void *params) {
    struct attn_problem inner = *p;
    inner.dk = hidden(params);
    return inner;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    struct attn_problem inner = hidden_problem(p, params);
    need->scratch = rows_bytes(p, params, p->heads, p->nq) + rows_bytes(p, params, p->kv_heads, p->nk) +
                    tiles_scratch(&inner, 1);
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    struct attn_problem inner = hidden_problem(p, c->params);
    struct attn_call call = *c;
    int width = hidden(c->params);
    float *wq = c->scratch, *uk = (float *)((char *)c->scratch + rows_bytes(p, c->params, p->heads, p->nq));
    project(p, &c->q, p->heads, p->nq, width, &c->tensors[W], &c->tensors[B], wq);
    project(p, &c->k, p->kv_heads, p->nk, width, &c->tensors[U], NULL, uk);
    call.problem = &inner;
    call.q = (struct attn_view){wq, (ptrdiff_t)p->heads * p->nq * width, (ptrdiff_t)p->nq * width, width};
    call.k = (struct attn_view){uk, (ptrdiff_t)p->kv_heads * p->nk * width, (ptrdiff_t)p->nk * width, width};
    call.scratch = (char *)uk + rows_bytes(p, c->params, p->kv_heads, p->nk);
    tiles_additive(&call, &c->tensors[V]);
}

struct hidden_rows { /* in double, for one head */
    double *wq, *uk; /* [nq][hidden] with b, filled for the rows asked for; [nk][hidden] */
};

static double score(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const struct hidden_rows *x = context;
    const float *v = attn_row(&c->tensors[V], 0, h, 0);
    ptrdiff_t width = hidden(c->params);
    double s = 0;
    (void)b;
    for (int a = 0; a < width; a++) s += v[a] * tanh(x->wq[i * width + a] + x->uk[j * width + a]);
    return s;
}

/* to[hidden] = w[dk][hidden]^T x (+ b) */
static void hidden_row(const struct attn_call *c, const struct attn_view *w, int h, const float *x,
                       const float *b, double *to) {
    for (int a = 0; a < hidden(c->params); a++) {
        to[a] = b ? b[a] : 0;
        for (int d = 0; d < c->problem->dk; d++) to[a] += (double)attn_row(w, 0, h, d)[a] * x[d];
    }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    size_t width = (size_t)hidden(c->params);
    int g = attn_kv_head(p, h);
    struct hidden_rows x = {malloc((size_t)p->nq * width * sizeof(double)),
                            malloc((size_t)p->nk * width * sizeof(double))};
    const struct softmax_rule rule = {
        .left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .score = score, .context = &x};
    (void)outside;
    if (!x.wq || !x.uk) abort();
    for (int r = 0; r < nrows; r++)
        hidden_row(c, &c->tensors[W], h, attn_row(&c->q, b, h, rows[r]), attn_row(&c->tensors[B], 0, h, 0),
                   x.wq + (size_t)rows[r] * width);
    for (int j = 0; j < attn_keys(c, b); j++)
        hidden_row(c, &c->tensors[U], g, attn_row(&c->k, b, g, j), NULL, x.uk + (size_t)j * width);
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
    free(x.wq);
    free(x.uk);
}

/* A tanh counts as one operation. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    double pairs = parts_pairs(p, PATTERN_OPEN, PATTERN_OPEN), heads = (double)p->batch * p->heads;
    parts_softmax_cost(p, pairs, cost);
    cost->flops = heads * (pairs * (4.0 * hidden(params) + 2.0 * p->dv) +
                           2.0 * (p->nq + p->nk) * p->dk * hidden(params));
    cost->bytes +=
        sizeof(float) * (double)hidden(params) * (p->heads * (p->dk + 2.0) + (double)p->kv_heads * p->dk);
}

const struct attn_variant attn_variant_additive = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "additive",
    .brief = "softmax over the score of a small network, v^T tanh(W q + U k + b)",
    .formula = "o_i = sum_j softmax_j(v^T tanh(W q_i + U k_j + b)) v_j",
    .cite =
        "Bahdanau, Cho, Bengio: Neural machine translation by jointly learning to align and translate, 2015",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS | ATTN_CAP_ANY_ORDER,
    .time = {2, "n^2 d_a"},
    .memory = {1, "batch heads n d_a"},
    .family = "self-attention",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
