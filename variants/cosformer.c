/*
 * cosformer.c -- linear attention with rectified features, reweighted by the cosine of the distance.
 *
 *   o_i = sum_j w_ij v_j / max(sum_j w_ij, eps)      w_ij = relu(q_i) . relu(k_j) cos(pi / 2 (t_i - j) / M)
 *
 * M is the length of the longer sequence, so that |t_i - j| < M and no weight is negative; near keys weigh more. With
 * cos(a - b) = cos a cos b + sin a sin b the weight is a product of features of twice the size:
 *
 *   phi(x, t) = [relu(x) cos(pi t / 2 M), relu(x) sin(pi t / 2 M)]
 *
 * Neither the scale nor bias and softcap have a meaning here.
 *   length = L          M = L, at least as long as both sequences: a row then does not depend on how long its sequence is
 *   positions = ends    the last query stands at the last key (attn_offset(), but for a shift of the mask)
 *   positions = starts  query 0 stands at key 0, whatever the lengths are (released code)
 * Source: Qin et al., "cosFormer: rethinking softmax in attention", ICLR 2022, equations 9 and 10.
 * Departures: positions are counted from 0, in the released code from 1; distances are the same. A query without a
 * positive coordinate gives zeros. The released code also names a map 1 + elu, which does not run and is not offered.
 *
 * The features come from one rotation for each stretch of STEP positions, by the library's cos and sin, and a table of
 * the rotations inside a stretch: M may be a million, and the table is as short as ever.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "prefix.h"

enum positions { ENDS, STARTS };

struct params {
    int length, positions;
    double eps;
};

static const char *const choices[] = {"ends", "starts", NULL};
static const struct attn_param table[] = {
    {"length", ATTN_INT, offsetof(struct params, length), 0, 0, 1 << 30, NULL,
     "M, the distance that is a right angle; 0: the longer of both sequences"},
    {"positions", ATTN_CHOICE, offsetof(struct params, positions), ENDS, 0, 0, choices,
     "where queries stand on the axis of the keys if they are not as many: last at last, or first at first"},
    {"eps", ATTN_REAL, offsetof(struct params, eps), 1e-6, 0, 1, NULL, "the least denominator"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static int length(const struct attn_problem *p, const void *params) {
    return of(params)->length ? of(params)->length : max_int(p->nq, p->nk);
}

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    if (length(p, params) >= max_int(p->nq, p->nk)) return 0;
    snprintf(error->text, sizeof error->text,
             "length = %d is shorter than the sequence, and far keys would get negative weights; take %d or "
             "more, or 0",
             of(params)->length, max_int(p->nq, p->nk));
    return -1;
}

/* Where query 0 of an item with so many keys stands. */
static int position(const struct attn_problem *p, const void *params, int keys) {
    if (of(params)->positions == STARTS) return 0;
    return attn_offset(p, keys) - (p->mask == ATTN_MASK_NONE ? 0 : p->causal_shift);
}

/* ---- features ---------------------------------------------------------------------------------- */

enum { STEP = 128 };

struct rotation {
    double cosine, sine;
};

static struct rotation rotation(double t, int m) {
    const double half_pi = 1.57079632679489662;
    return (struct rotation){cos(half_pi * t / m), sin(half_pi * t / m)};
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->state = aligned(STEP * sizeof(struct rotation));
    need->scratch = prefix_scratch(p, 2 * p->dk);
}

/* The rotations of positions 0 .. STEP - 1. */
static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    struct rotation *at = state;
    (void)error;
    for (int t = 0; t < STEP; t++) at[t] = rotation(t, length(p, params));
    return 0;
}

/* phi of the rows, at positions t, t + 1, ...; each is turned by what its position alone gives. */
static void features(const struct attn_call *c, const struct kern *kern, int t,
                     const struct prefix_rows *rows, float *phi) {
    const struct rotation *within = c->state;
    struct rotation start = {0};
    int dk = c->problem->dk, m = length(c->problem, c->params);
    for (int r = 0; r < rows->count; r++, t++, phi += rows->to) {
        const float *x = rows->x + r * rows->row;
        int at = t & (STEP - 1); /* of negative t, too */
        if (r == 0 || at == 0) start = rotation((double)t - at, m);
        float cosine = (float)(start.cosine * within[at].cosine - start.sine * within[at].sine);
        float sine = (float)(start.sine * within[at].cosine + start.cosine * within[at].sine);
        kern->rectify(dk, x, cosine, phi, sine, phi + dk);
    }
}

static void keys(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                 float *top, float *psi) {
    memset(top, 0, (size_t)rows->count * sizeof *top);
    features(c, kern, rows->first, rows, psi);
}

static void queries(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                    const float *top, float *phi) {
    (void)top;
    features(c, kern, rows->first + position(c->problem, c->params, attn_keys(c, rows->b)), rows, phi);
}

static void forward(const struct attn_call *c) {
    const struct prefix_map map = {
        .features = 2 * c->problem->dk, .least = of(c->params)->eps, .keys = keys, .queries = queries};
    prefix_forward(c, &map);
}

/* ---- definition -------------------------------------------------------------------------------- */

/* The paper's left product: weights first, then values. */
static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int g = attn_kv_head(p, h), valid = attn_keys(c, b), m = length(p, c->params);
    (void)outside;
    memset(out, 0, (size_t)nrows * (size_t)p->dv * sizeof *out);
    if (weights) memset(weights, 0, (size_t)nrows * (size_t)p->nk * sizeof *weights);
    for (int r = 0; r < nrows; r++) {
        const float *q_i = attn_row(&c->q, b, h, rows[r]);
        double sum = 0, *o = out + (ptrdiff_t)r * p->dv, *w = weights ? weights + (ptrdiff_t)r * p->nk : NULL;
        int t = rows[r] + position(p, c->params, valid);
        for (int j = 0; j < attn_visible(p, valid, rows[r]); j++) {
            const float *k_j = attn_row(&c->k, b, g, j), *v_j = attn_row(&c->v, b, g, j);
            double weight = 0;
            for (int d = 0; d < p->dk; d++) weight += fmax(q_i[d], 0) * fmax(k_j[d], 0);
            weight *= cos(acos(0) * ((double)t - j) / m);
            for (int d = 0; d < p->dv; d++) o[d] += weight * v_j[d];
            if (w) w[j] = weight;
            sum += weight;
        }
        sum = fmax(sum, of(c->params)->eps);
        for (int d = 0; d < p->dv; d++) o[d] = sum > 0 ? o[d] / sum : 0;
        for (int j = 0; w && j < p->nk; j++) w[j] = sum > 0 ? w[j] / sum : 0;
    }
}

/* A feature is one product. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)params, (void)views;
    prefix_cost(p, 2 * p->dk, 0, cost);
    cost->flops += 2.0 * p->batch * p->dk * ((double)p->heads * p->nq + (double)p->kv_heads * p->nk);
}

const struct attn_variant attn_variant_cosformer = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "cosformer",
    .brief = "linear attention of rectified features, reweighted by the cosine of the distance",
    .formula = "o_i = sum_j w_ij v_j / sum_j w_ij, w_ij = relu(q_i).relu(k_j) cos(pi/2 (i - j) / M)",
    .cite = "Qin et al.: cosFormer, 2022",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS,
    .time = {1, "n dk dv"},
    .memory = {0, "batch kv_heads dk dv + threads (dk + dv)"},
    .family = "kernel",
    .params = table,
    .params_size = sizeof(struct params),
    .check = check,
    .size = size,
    .create = create,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = prefix_growth,
};
