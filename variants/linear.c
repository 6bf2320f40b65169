/*
 * linear.c -- linear attention with the feature map elu(x) + 1, or with none.
 *
 *   o_i = phi(q_i)^T S_i / (phi(q_i)^T z_i + eps)     S_i = sum_j phi(k_j) v_j^T,  z_i = sum_j phi(k_j)
 *
 * over the keys that query i sees: a state of dk x dv numbers takes the place of n x n scores. Softcap and
 * bias have no meaning here.
 *   feature_map = elu1       phi(x) = elu(x) + 1, positive; no 1 / sqrt(d), problem.scale is not used
 *   feature_map = identity   phi(k) = k, phi(q) = scale q
 *   denominator = none       o_i = phi(q_i)^T S_i; eps is not used
 * identity and none together are the recurrence S_t = S_(t-1) + k_t v_t^T, o_t = scale q_t^T S_t. identity
 * with a denominator is refused: sums of signed numbers may vanish.
 * Source: Katharopoulos, Vyas, Pappas, Fleuret, "Transformers are RNNs", ICML 2020, equations 5 and 7.
 * Departures: causal rows are computed in chunks (prefix.c). Carried state: S and z of earlier keys, which
 * every query sees; z is summed whether a denominator uses it or not.
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "prefix.h"

enum feature_map { ELU1, IDENTITY };
enum denominator { SUM, NONE };

struct params {
    int feature_map, denominator;
    double eps;
};

static const char *const feature_maps[] = {"elu1", "identity", NULL};
static const char *const denominators[] = {"sum", "none", NULL};
static const struct attn_param table[] = {
    {"feature_map", ATTN_CHOICE, offsetof(struct params, feature_map), ELU1, 0, 0, feature_maps,
     "elu(x) + 1, which leaves the scale out, or q and k as they are, times the scale"},
    {"denominator", ATTN_CHOICE, offsetof(struct params, denominator), SUM, 0, 0, denominators,
     "what a row is divided by: phi(q)^T z + eps, or nothing; identity needs none"},
    {"eps", ATTN_REAL, offsetof(struct params, eps), 1e-6, 0, 1, NULL, "added to the denominator"},
    {0},
};

static const struct params *of(const void *params) { return params; }

enum { CARRY_S, CARRY_Z };
static const struct attn_tensor tensors[] = {
    {"state_s", ATTN_CARRY, "b hk dk dv", NULL, 0, NULL,
     "sum of phi(k) v^T over earlier keys; empty at the start"},
    {"state_z", ATTN_CARRY, "b hk dk", NULL, 0, NULL, "sum of phi(k) over earlier keys; empty at the start"},
    {0},
};

static void keys(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                 float *top, float *psi) {
    int dk = c->problem->dk;
    memset(top, 0, (size_t)rows->count * sizeof *top);
    if (of(c->params)->feature_map == ELU1) kern->elu1(rows->count, dk, rows->x, rows->row, psi, rows->to);
    else
        for (int j = 0; j < rows->count; j++)
            memcpy(psi + j * rows->to, rows->x + j * rows->row, (size_t)dk * sizeof *psi);
}

static void queries(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                    const float *top, float *phi) {
    int dk = c->problem->dk;
    (void)top;
    if (of(c->params)->feature_map == ELU1) kern->elu1(rows->count, dk, rows->x, rows->row, phi, rows->to);
    else
        for (int i = 0; i < rows->count; i++)
            for (int d = 0; d < dk; d++)
                phi[i * rows->to + d] = c->problem->scale * rows->x[i * rows->row + d];
}

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)p;
    if (of(params)->feature_map == ELU1 || of(params)->denominator == NONE) return 0;
    strcpy(error->text, "feature_map = identity gives a denominator of signed terms, which may vanish; "
                        "add denominator = none");
    return -1;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = prefix_scratch(p, p->dk);
}

static void forward(const struct attn_call *c) {
    const struct params *params = of(c->params);
    const struct prefix_map map = {.features = c->problem->dk,
                                   .no_denominator = params->denominator == NONE,
                                   .eps = params->eps,
                                   .carries = 1,
                                   .keys = keys,
                                   .queries = queries};
    prefix_forward(c, &map);
}

static double elu1(float x) { return x > 0 ? (double)x + 1 : exp((double)x); }

static double map_key(const struct attn_call *c, float x) {
    return of(c->params)->feature_map == ELU1 ? elu1(x) : (double)x;
}

static double map_query(const struct attn_call *c, float x) {
    return of(c->params)->feature_map == ELU1 ? elu1(x) : (double)c->problem->scale * (double)x;
}

/* What the carried state adds to the row of phi_q [dk]: out [dv] and the return value, its weight. */
static double carried_share(const struct attn_call *c, int b, int g, const double *phi_q, double *out) {
    const struct attn_problem *p = c->problem;
    double weight = 0;
    for (int d = 0; d < p->dk; d++) {
        if (c->tensors[CARRY_Z].data) weight += phi_q[d] * attn_row(&c->tensors[CARRY_Z], b, g, 0)[d];
        for (int x = 0; c->tensors[CARRY_S].data && x < p->dv; x++)
            out[x] += phi_q[d] * attn_row(&c->tensors[CARRY_S], b, g, d)[x];
    }
    return weight;
}

static void reference(const struct attn_call *c, int b, int h, const int *query, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int g = attn_kv_head(p, h), keys = attn_keys(c, b), dk = p->dk;
    double *phi_k = malloc((size_t)dk * sizeof *phi_k),
           *phi_q = malloc((size_t)nrows * (size_t)dk * sizeof *phi_q);
    double *den = malloc((size_t)nrows * sizeof *den), *earlier = malloc((size_t)nrows * sizeof *earlier);
    if (!phi_k || !phi_q || !den || !earlier) abort();
    for (ptrdiff_t x = 0; x < (ptrdiff_t)nrows * p->dv; x++) out[x] = 0;
    for (ptrdiff_t x = 0; weights && x < (ptrdiff_t)nrows * p->nk; x++) weights[x] = 0;
    for (int r = 0; r < nrows; r++) {
        const float *q_i = attn_row(&c->q, b, h, query[r]);
        for (int d = 0; d < dk; d++) phi_q[(ptrdiff_t)r * dk + d] = map_query(c, q_i[d]);
        den[r] = earlier[r] = carried_share(c, b, g, phi_q + (ptrdiff_t)r * dk, out + (ptrdiff_t)r * p->dv);
    }
    for (int j = 0; j < keys; j++) {
        for (int d = 0; d < dk; d++) phi_k[d] = map_key(c, attn_row(&c->k, b, g, j)[d]);
        for (int r = 0; r < nrows; r++) {
            double w = 0;
            if (j >= attn_visible(p, keys, query[r])) continue;
            for (int d = 0; d < dk; d++) w += phi_q[(ptrdiff_t)r * dk + d] * phi_k[d];
            for (int x = 0; x < p->dv; x++) out[(ptrdiff_t)r * p->dv + x] += w * attn_row(&c->v, b, g, j)[x];
            if (weights) weights[(ptrdiff_t)r * p->nk + j] = w;
            den[r] += w;
        }
    }
    for (int r = 0; r < nrows; r++) {
        double all = den[r] + of(c->params)->eps, share = all > 0 ? 1 / all : 0;
        if (of(c->params)->denominator == NONE) share = 1;
        for (int x = 0; x < p->dv; x++) out[(ptrdiff_t)r * p->dv + x] *= share;
        for (int j = 0; weights && j < p->nk; j++) weights[(ptrdiff_t)r * p->nk + j] *= share;
        if (outside) outside[r] = earlier[r] * share;
    }
    free(phi_k), free(phi_q), free(den), free(earlier);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    prefix_cost(p, p->dk, of(params)->denominator == NONE, cost);
}

const struct attn_variant attn_variant_linear = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "linear",
    .brief = "linear attention, features elu(x) + 1 or none",
    .formula =
        "o_i = phi(q_i)^T S_i / (phi(q_i)^T z_i + eps), S_i = sum_j phi(k_j) v_j^T, z_i = sum_j phi(k_j)",
    .cite = "Katharopoulos, Vyas, Pappas, Fleuret: Transformers are RNNs, 2020",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS |
            ATTN_CAP_ANY_ORDER,
    .time = {1, "n dk dv"},
    .memory = {0, "batch kv_heads dk dv + threads (dk + dv)"},
    .family = "kernel",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .check = check,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = prefix_growth,
};
