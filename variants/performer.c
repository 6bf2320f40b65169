/*
 * performer.c -- FAVOR+: softmax attention estimated by random features.
 *
 *   exp(x.y) = E_w [ exp(w.x - |x|^2/2) exp(w.y - |y|^2/2) ],  w ~ N(0, I)
 *   x = sqrt(scale) q,  y = sqrt(scale) k
 *   o_i = phi(q_i)^T sum_j psi(k_j) v_j^T / (phi(q_i)^T sum_j psi(k_j))
 *
 * Source: Choromanski et al., "Rethinking attention with Performers", ICLR 2021. With m projections w:
 *   positive     exp(w.x - |x|^2/2)      m features, Lemma 1
 *   hyperbolic   exp(+-w.x - |x|^2/2)    2 m features, Lemma 1
 *   trigonometric  exp(|x|^2/2) [cos(w.x), sin(w.x)]   2 m features, section 2.3, in double
 *   relu         relu(w.q) + relu_eps    m features, the paper's generalised kernel: no softmax
 * projection = none is for relu alone: phi(x) = relu(x) + relu_eps of dk features, the default of the released code for
 * its generalised kernel ("deterministic").
 * The factor m^(-1/2) cancels in the ratio and is left out.
 *
 * eps (positive and hyperbolic): released code uses exp(w.x - |x|^2/2 - max) + eps, the maximum of w.x over
 * the features of the query, and over all keys and features. Every key so gets the same extra weight. It
 * can be large: at d = 64, n = 1024 and unit Gaussians 1e-6 gives two thirds of all weight to the uniform
 * distribution (tests/test_estimates.c).
 *
 * Departures: queries are stabilised by their own maximum; keys are not, because a maximum over all keys
 * shows the future to a causal row, and cancels but for eps. What eps adds is still relative to the maximum
 * of w.y, taken over the keys that the query sees, so a causal row depends on its past alone. Without the
 * maximum psi becomes 0 in float where scale |k|^2 > 170. Padding is left out after the feature map. All
 * heads share the projections. Without eps the factor exp(-|q|^2/2) of a query cancels and is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "prefix.h"
#include "projections.h"
#include "trigonometric.h"

enum kernel { POSITIVE, HYPERBOLIC, TRIGONOMETRIC, RELU };
enum { NO_PROJECTION = PROJECTIONS_REGULARISED + 1 };

struct params {
    int features, kernel, projection;
    double eps, relu_eps;
};

static const char *const kernels[] = {"positive", "hyperbolic", "trigonometric", "relu", NULL};
static const char *const projections[] = {"orthogonal", "independent", "regularised", "none", NULL};
static const struct attn_param table[] = {
    {"features", ATTN_INT, offsetof(struct params, features), 256, 1, 16384, NULL,
     "m, the number of random projections; hyperbolic and trigonometric make two features of each, none has "
     "dk"},
    {"kernel", ATTN_CHOICE, offsetof(struct params, kernel), POSITIVE, 0, 0, kernels, "the feature map"},
    {"projection", ATTN_CHOICE, offsetof(struct params, projection), PROJECTIONS_ORTHOGONAL, 0, 0,
     projections,
     "rows of W: orthogonal in blocks, independent, or orthogonal of length sqrt(d); none: W = 1, of kernel "
     "relu"},
    {"eps", ATTN_REAL, offsetof(struct params, eps), 1e-6, 0, 1, NULL,
     "added to exponential features, relative to the largest (paper 1e-6, some codes 1e-4)"},
    {"relu_eps", ATTN_REAL, offsetof(struct params, relu_eps), 1e-3, 0, 1, NULL, "added to relu features"},
    {0},
};

static const struct params *of(const void *params) { return params; }

/* The parameters with as many features as there are: those of projection = none are the channels. */
static struct params counted(const struct attn_problem *p, const void *params) {
    struct params x = *of(params);
    if (x.projection == NO_PROJECTION) x.features = p->dk;
    return x;
}

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)p;
    if (of(params)->projection != NO_PROJECTION || of(params)->kernel == RELU) return 0;
    snprintf(error->text, sizeof error->text,
             "kernel = %s estimates softmax by random projections; projection = none is for kernel = relu",
             kernels[of(params)->kernel]);
    return -1;
}

/* Features without the one that carries eps. */
static int columns(const struct params *x) {
    return x->kernel == HYPERBOLIC || x->kernel == TRIGONOMETRIC ? 2 * x->features : x->features;
}

static int has_uniform(const struct params *x) { return x->kernel == POSITIVE || x->kernel == HYPERBOLIC; }
static int width(const struct params *x) { return columns(x) + has_uniform(x); }

/* State: W [m][dk], then W packed for the kernel. */
static size_t packed_rows(const struct attn_problem *p, const struct params *x) {
    int nr = kern_find(p->isa)->nr;
    return (size_t)ceil_div(x->features, nr) * (size_t)nr;
}

static float *packed(const struct attn_call *c) {
    return (float *)((char *)c->state + floats((size_t)of(c->params)->features * (size_t)c->problem->dk));
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    if (of(params)->projection == NO_PROJECTION) {
        need->scratch = prefix_scratch(p, p->dk);
        return;
    }
    need->state =
        floats((size_t)of(params)->features * (size_t)p->dk) + floats(packed_rows(p, params) * (size_t)p->dk);
    need->scratch = of(params)->kernel == TRIGONOMETRIC ? trigonometric_scratch(p, of(params)->features)
                                                        : prefix_scratch(p, width(params));
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    int m = of(params)->features;
    if (of(params)->projection == NO_PROJECTION) return 0;
    if (projections_draw((enum projections)of(params)->projection, p->seed, m, p->dk, state)) {
        strcpy(error->text, "no memory to orthogonalise the projections");
        return -1;
    }
    kern_find(p->isa)->pack(m, p->dk, state, p->dk,
                            (float *)((char *)state + floats((size_t)m * (size_t)p->dk)));
    return 0;
}

/* ---- feature maps ------------------------------------------------------------------------------ */

/* phi[count][width] = w.x in its first m columns; relu takes q and k as they are. */
static void project(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                    float *phi) {
    const struct attn_problem *p = c->problem;
    const struct params *params = of(c->params);
    float alpha = params->kernel == RELU ? 1.0f : sqrtf(p->scale);
    kern->mul(rows->count, params->features, p->dk, alpha, rows->x, rows->row, 1, packed(c), kern->nr,
              (ptrdiff_t)kern->nr * p->dk, 0, phi, rows->to);
    for (int r = 0; params->kernel == HYPERBOLIC && r < rows->count; r++, phi += rows->to)
        for (int f = 0; f < params->features; f++) phi[params->features + f] = -phi[f];
}

/* The columns of one row from its projections; `shift` goes into the exponent, `eps` is added. Returns their sum. */
static float apply(const struct params *x, const struct kern *kern, float shift, float eps, float *row) {
    if (x->kernel != RELU) return kern->exp_sum(columns(x), shift, eps, row);
    for (int f = 0; f < x->features; f++) row[f] = (row[f] > 0 ? row[f] : 0) + (float)x->relu_eps;
    return 0;
}

static float half_square(const struct attn_call *c, const struct kern *kern, const float *x) {
    return 0.5f * c->problem->scale * kern->dot(c->problem->dk, x, x);
}

static void keys(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                 float *top, float *psi) {
    const struct params *x = of(c->params);
    project(c, kern, rows, psi);
    for (int j = 0; j < rows->count; j++, psi += rows->to) {
        top[j] = has_uniform(x) ? kern->largest(columns(x), psi) : 0;
        apply(x, kern, -half_square(c, kern, rows->x + j * rows->row), 0, psi);
        if (has_uniform(x)) psi[columns(x)] = 1;
    }
}

/* The feature that carries eps, eps exp(top) times the sum of the others. Where it would leave the floats they shrink
   with it: all of a query's features may have any factor in common. */
static float uniform(const struct params *x, const struct kern *kern, float top, float all, float *phi) {
    const float most =
        40; /* the logarithm of what n of them may be summed up to, with features beside them */
    float share = (float)x->eps * all, plain = expf(top) * share;
    if (plain < expf(most)) return plain;
    if (share == 0) return 0;
    kern->scale(columns(x), expf(most - top - logf(share)), phi);
    return expf(most);
}

static void queries(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                    const float *top, float *phi) {
    const struct params *x = of(c->params);
    project(c, kern, rows, phi);
    for (int i = 0; i < rows->count; i++, phi += rows->to) {
        float half = x->eps > 0 ? half_square(c, kern, rows->x + i * rows->row) : 0; /* else it cancels */
        float most = has_uniform(x) ? kern->largest(columns(x), phi) : 0;
        float all = apply(x, kern, -half - most, (float)x->eps, phi);
        if (has_uniform(x)) phi[columns(x)] = uniform(x, kern, top[i], all, phi);
    }
}

/* relu(x) + relu_eps of the rows themselves. */
static void rectify(const struct attn_call *c, const struct prefix_rows *rows, float *phi) {
    float eps = (float)of(c->params)->relu_eps;
    const float *x = rows->x;
    for (int r = 0; r < rows->count; r++, x += rows->row, phi += rows->to)
        for (int d = 0; d < c->problem->dk; d++) phi[d] = (x[d] > 0 ? x[d] : 0) + eps;
}

static void plain_keys(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                       float *top, float *psi) {
    (void)kern;
    memset(top, 0, (size_t)rows->count * sizeof *top);
    rectify(c, rows, psi);
}

static void plain_queries(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                          const float *top, float *phi) {
    (void)kern, (void)top;
    rectify(c, rows, phi);
}

static void forward(const struct attn_call *c) {
    const struct prefix_map map = {.features = width(c->params), .keys = keys, .queries = queries};
    const struct prefix_map plain = {
        .features = c->problem->dk, .keys = plain_keys, .queries = plain_queries};
    if (of(c->params)->projection == NO_PROJECTION) prefix_forward(c, &plain);
    else if (of(c->params)->kernel == TRIGONOMETRIC)
        trigonometric_forward(c, c->state, of(c->params)->features);
    else prefix_forward(c, &map);
}

/* ---- definition -------------------------------------------------------------------------------- */

/* The projections of one row, in double, and half its squared length; returns the largest. */
static double projections_of(const struct attn_call *c, const float *x, double *a, double *half) {
    const struct params *params = of(c->params);
    const float *w = c->state;
    double root = params->kernel == RELU ? 1 : sqrt((double)c->problem->scale), top = -INFINITY;
    int dk = c->problem->dk;
    *half = 0;
    if (params->projection == NO_PROJECTION) {
        for (int d = 0; d < dk; d++) a[d] = x[d];
        return 0;
    }
    for (int d = 0; d < dk; d++) *half += 0.5 * c->problem->scale * (double)x[d] * x[d];
    for (int f = 0; f < params->features; f++) {
        a[f] = 0;
        for (int d = 0; d < dk; d++) a[f] += root * w[(ptrdiff_t)f * dk + d] * x[d];
        top = fmax(top, params->kernel == HYPERBOLIC ? fabs(a[f]) : a[f]);
    }
    return top;
}

/* The feature map of one row from its projections, `factor` its factor in front. */
static void map_row(const struct params *x, const double *a, double factor, double *phi) {
    for (int f = 0, m = x->features; f < m; f++) switch (x->kernel) {
        case POSITIVE: phi[f] = factor * exp(a[f]); break;
        case HYPERBOLIC: phi[f] = factor * exp(a[f]), phi[m + f] = factor * exp(-a[f]); break;
        case TRIGONOMETRIC: phi[f] = factor * cos(a[f]), phi[m + f] = factor * sin(a[f]); break;
        default: phi[f] = fmax(a[f], 0) + x->relu_eps;
        }
}

struct query { /* a row of the definition */
    double *phi, uniform, den;
    int visible;
};

static void start_query(const struct attn_call *c, const float *q_i, const double *top, struct query *x,
                        double *a) {
    const struct params all = counted(c->problem, c->params), *params = &all;
    double half, own = projections_of(c, q_i, a, &half), largest = -INFINITY, sum = 0;
    map_row(params, a, params->kernel == TRIGONOMETRIC ? 1 : exp(-own - (params->eps > 0 ? half : 0)),
            x->phi);
    x->uniform = x->den = 0;
    if (!has_uniform(params)) return;
    for (int j = 0; j < x->visible; j++) largest = fmax(largest, top[j]);
    for (int f = 0; f < columns(params); f++) sum += x->phi[f] += params->eps;
    double size = largest + log(params->eps * sum),
           shrink = exp(fmin(0, 300 - size)); /* doubles reach exp(709) */
    for (int f = 0; f < columns(params); f++) x->phi[f] *= shrink;
    x->uniform = exp(fmin(size, 300));
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    const struct params all = counted(p, c->params), *params = &all;
    int n = columns(params), valid = attn_keys(c, b), g = attn_kv_head(p, h);
    double *a = malloc((size_t)params->features * sizeof *a), *psi = malloc((size_t)n * sizeof *psi), half;
    double *top = malloc((size_t)p->nk * sizeof *top), *phi = malloc((size_t)nrows * (size_t)n * sizeof *phi);
    struct query *query = malloc((size_t)nrows * sizeof *query);
    (void)outside;
    if (!a || !psi || !top || !phi || !query) abort();
    for (int j = 0; j < valid; j++) top[j] = projections_of(c, attn_row(&c->k, b, g, j), a, &half);
    for (int r = 0; r < nrows; r++) {
        query[r].phi = phi + (ptrdiff_t)r * n;
        query[r].visible = attn_visible(p, valid, rows[r]);
        start_query(c, attn_row(&c->q, b, h, rows[r]), top, &query[r], a);
    }
    memset(out, 0, (size_t)nrows * (size_t)p->dv * sizeof *out);
    if (weights) memset(weights, 0, (size_t)nrows * (size_t)p->nk * sizeof *weights);
    for (int j = 0; j < valid; j++) {
        projections_of(c, attn_row(&c->k, b, g, j), a, &half);
        map_row(params, a, exp(params->kernel == TRIGONOMETRIC ? half : -half), psi);
        for (int r = 0; r < nrows; r++) {
            double weight = query[r].uniform;
            if (j >= query[r].visible) continue;
            for (int f = 0; f < n; f++) weight += query[r].phi[f] * psi[f];
            query[r].den += weight;
            if (weights) weights[(ptrdiff_t)r * p->nk + j] = weight;
            for (int d = 0; d < p->dv; d++)
                out[(ptrdiff_t)r * p->dv + d] += weight * attn_row(&c->v, b, g, j)[d];
        }
    }
    for (int r = 0; r < nrows; r++) {
        double share = query[r].den != 0 ? 1 / query[r].den : 0;
        for (int d = 0; d < p->dv; d++) out[(ptrdiff_t)r * p->dv + d] *= share;
        for (int j = 0; weights && j < p->nk; j++) weights[(ptrdiff_t)r * p->nk + j] *= share;
    }
    free(a), free(psi), free(top), free(phi), free(query);
}

/* A feature counts its projection, if it has one; its exp, or relu, counts one operation. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    double rows = (double)p->batch * ((double)p->heads * p->nq + (double)p->kv_heads * p->nk);
    const struct params x = counted(p, params);
    double projected = x.projection == NO_PROJECTION ? 0 : (double)x.features * p->dk;
    prefix_cost(p, columns(&x), 0, cost);
    cost->flops += rows * (2 * projected + columns(&x));
    cost->bytes += sizeof(float) * projected;
}

const struct attn_variant attn_variant_performer = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "performer",
    .brief = "FAVOR+: softmax attention estimated by random features",
    .formula =
        "o_i = phi(q_i)^T sum_j psi(k_j) v_j^T / (phi(q_i)^T sum_j psi(k_j)), phi(x) = exp(W x - |x|^2 / 2)",
    .cite = "Choromanski et al.: Rethinking attention with Performers, 2021",
    .kind = ATTN_APPROX_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_RANDOM |
            ATTN_CAP_SAME_BITS | ATTN_CAP_ANY_ORDER,
    .time = {1, "n m (dk + dv)"},
    .memory = {0, "m dk + batch kv_heads m dv + threads m dv"},
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
