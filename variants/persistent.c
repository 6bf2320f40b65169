/*
 * persistent.c -- all-attention: learned vectors join the keys of every query in one softmax.
 *
 *   s_ij = scale q_i . k_j  (visible j)      t_im = scale q_i . kp_m      m = 1 .. vectors
 *   o_i  = (sum_j exp(s_ij) v_j + sum_m exp(t_im) vp_m) / (sum_j exp(s_ij) + sum_m exp(t_im))
 *
 * with kp = sqrt(dk) pk and vp = sqrt(vectors) pv for the learned pk and pv of a head. They take the place of the
 * feed-forward layer: knowledge that depends on no context. Neither mask nor key length nor bias touches them, so no row is
 * empty; a softcap, which bounds what enters the softmax, holds for them as for the others.
 * Source: Sukhbaatar, Grave, Lample, Jegou, Joulin, "Augmenting self-attention with persistent memory", 2019, section 4;
 * the two factors and what pk and pv start from are those of the authors' program, and so are 1024 vectors.
 * Departures: none of the operator; the paper's span and its relative positions belong to the layer around it.
 *
 * Two patterns of tiles.c, over which the softmax of a row runs on: the vectors of the head, then the keys.
 */
#include <stdlib.h>

#include "kernels/kern.h"
#include "parts.h"
#include "softmax.h"
#include "tiles.h"

enum held { SCALED, FINAL };

struct params {
    int vectors, held;
};

static const char *const helds[] = {"scaled", "final", NULL};
static const struct attn_param table[] = {
    {"vectors", ATTN_INT, offsetof(struct params, vectors), 1024, 1, 1 << 20, NULL,
     "N, persistent vectors of each head"},
    {"held", ATTN_CHOICE, offsetof(struct params, held), SCALED, 0, 0, helds,
     "scaled: pk and pv are multiplied by sqrt(dk) and sqrt(vectors); final: they are taken as they stand"},
    {0},
};

enum { PK, PV };
static const struct attn_tensor tensors[] = {
    {"pk", ATTN_WEIGHT, "h vectors dk", NULL, 1, "dk", "persistent keys of each query head"},
    {"pv", ATTN_WEIGHT, "h vectors dv", NULL, 1, "vectors", "persistent values of each query head"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static double key_factor(const struct attn_problem *p, const struct params *x) {
    return x->held == SCALED ? sqrt(p->dk) : 1;
}

static double value_factor(const struct params *x) { return x->held == SCALED ? sqrt(x->vectors) : 1; }

enum { PATTERNS = 2 };

/* Scratch: kp and vp [heads][vectors][dk or dv], then that of the tiles. */
static size_t vectors_bytes(const struct attn_problem *p, const struct params *x, int width) {
    return floats((size_t)p->heads * (size_t)x->vectors * (size_t)width);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->scratch = vectors_bytes(p, of(params), p->dk) + vectors_bytes(p, of(params), p->dv) +
                    tiles_scratch(p, PATTERNS);
}

/* to[heads][vectors][width] = factor times a tensor. */
static struct attn_view scaled(const struct attn_call *c, const struct attn_view *from, int width,
                               double factor, float *to) {
    const struct kern *kern = kern_find(c->problem->isa);
    int vectors = of(c->params)->vectors;
#pragma omp parallel for num_threads(c->problem->threads)
    for (int t = 0; t < c->problem->heads * vectors; t++) {
        const float *row = attn_row(from, 0, t / vectors, t % vectors);
        float *scaled_row = to + (ptrdiff_t)t * width;
        for (int d = 0; d < width; d++) scaled_row[d] = row[d];
        kern->scale(width, (float)factor, scaled_row);
    }
    return (struct attn_view){to, 0, (ptrdiff_t)vectors * width, width};
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct params *x = of(c->params);
    struct attn_call call = *c;
    char *at = c->scratch;
    float *kp = cut(&at, vectors_bytes(p, x, p->dk)), *vp = cut(&at, vectors_bytes(p, x, p->dv));
    const struct pattern_source source = {scaled(c, &c->tensors[PK], p->dk, key_factor(p, x), kp),
                                          scaled(c, &c->tensors[PV], p->dv, value_factor(x), vp), x->vectors};
    const struct pattern patterns[PATTERNS] = {{.source = &source},
                                               {.left = PATTERN_OPEN, .right = PATTERN_OPEN}};
    call.scratch = at;
    tiles_patterns(&call, patterns, PATTERNS);
}

/* The logit of vector m. */
static double logit(const struct attn_call *c, const float *q_i, int h, int m) {
    const struct attn_problem *p = c->problem;
    const float *pk = attn_row(&c->tensors[PK], 0, h, m);
    double x = 0;
    for (int d = 0; d < p->dk; d++) x += (double)q_i[d] * pk[d];
    x *= p->scale * key_factor(p, of(c->params));
    return p->softcap > 0 ? p->softcap * tanh(x / p->softcap) : x;
}

/* One row: s [nk] and t [vectors] are room for its scores. */
static void row(const struct attn_call *c, int b, int h, int i, double *s, double *t, double *weights,
                double *outside, double *o) {
    const struct attn_problem *p = c->problem;
    const struct params *x = of(c->params);
    double top = -INFINITY, sum = 0, apart = 0;
    attn_softmax_scores(c, ATTN_STAGE_BIASED, b, h, i, s);
    for (int m = 0; m < x->vectors; m++) t[m] = logit(c, attn_row(&c->q, b, h, i), h, m);
    for (int j = 0; j < p->nk; j++) top = fmax(top, s[j]);
    for (int m = 0; m < x->vectors; m++) top = fmax(top, t[m]);
    for (int j = 0; j < p->nk; j++) sum += s[j] = exp(s[j] - top);
    for (int m = 0; m < x->vectors; m++) sum += t[m] = exp(t[m] - top);
    for (int d = 0; d < p->dv; d++) o[d] = 0;
    for (int j = 0; j < p->nk; j++) {
        const float *v_j = attn_row(&c->v, b, attn_kv_head(p, h), j);
        if (weights) weights[j] = s[j] / sum;
        for (int d = 0; d < p->dv && s[j] != 0; d++) o[d] += s[j] / sum * v_j[d];
    }
    for (int m = 0; m < x->vectors; m++) {
        const float *pv = attn_row(&c->tensors[PV], 0, h, m);
        const double w = t[m] / sum, factor = w * value_factor(x);
        apart += w;
        for (int d = 0; d < p->dv; d++) o[d] += factor * pv[d];
    }
    if (outside) *outside = apart;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    double *s = malloc(((size_t)p->nk + (size_t)of(c->params)->vectors) * sizeof *s);
    if (!s) abort();
    for (int r = 0; r < nrows; r++)
        row(c, b, h, rows[r], s, s + p->nk, weights ? weights + (ptrdiff_t)r * p->nk : NULL,
            outside ? outside + r : NULL, out + (ptrdiff_t)r * p->dv);
    free(s);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    double vectors = of(params)->vectors;
    (void)views;
    parts_softmax_cost(p, parts_pairs(p, PATTERN_OPEN, PATTERN_OPEN) + vectors * p->nq, cost);
    cost->bytes += sizeof(float) * vectors * p->heads * (p->dk + p->dv);
}

const struct attn_variant attn_variant_persistent = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "persistent",
    .brief = "softmax over the keys and learned persistent vectors together",
    .formula = "o_i = softmax over j and m of (scale q_i.k_j, scale q_i.kp_m), times (v_j, vp_m)",
    .cite = "Sukhbaatar et al.: Augmenting self-attention with persistent memory, 2019",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS | ATTN_CAP_ANY_ORDER,
    .time = {2, "n (n + vectors) (dk + dv)"},
    .memory = {1, "batch heads n + heads vectors (dk + dv)"},
    .family = "self-attention",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
