/*
 * rfa.c -- random feature attention: softmax over rows of length 1, estimated by sines and cosines, with a gate or not.
 *
 *   exp(sigma^2 x.y) = exp(sigma^2) E_w [cos(w.x) cos(w.y) + sin(w.x) sin(w.y)],  w ~ N(0, sigma^2 I), |x| = |y| = 1
 *   o_i = phi(q_i)^T S_t / max(phi(q_i)^T z_t, eps)      phi(x) = [sin(w_1.x) .. sin(w_D.x), cos(w_1.x) .. cos(w_D.x)]
 *   S_t = g_t S_(t-1) + (1 - g_t) phi(k_t) v_t^T, z alike; without a gate S_t = S_(t-1) + phi(k_t) v_t^T
 *
 * for x = q / |q| and y = k / |k|. The estimated logit is s sigma^2 x.y with s = problem.scale sqrt(dk), 1 at the usual
 * scale, so that the scale keeps its meaning.
 * Source: Peng, Pappas, Yogatama, Schwartz, Smith, Kong, "Random feature attention", ICLR 2021, section 3.
 *   gate = none         mask none, or causal; prefix.c
 *   gate = sigmoid      g = sigmoid of the tensor `gate`, which in the layer is a projection of the input; decay.c
 *   gate = given        the tensor holds g itself
 *   form = recurrent    one step after the other, causal, with a gate or without
 * The sum phi^T z estimates a positive number and may itself be small or negative: where it is below eps, rows are
 * divided by eps, as in the released code (1 for phi without the factor D^(-1/2), as here).
 * Departures: sigma is one number, where the layer learns it for each channel; all heads share the projections. A row of
 * zeros is not divided by its length. Carried state: S and z.
 */
#include <string.h>

#include "decay.h"
#include "parts.h"
#include "prefix.h"
#include "projections.h"
#include "recurrence.h"

enum gate { NO_GATE, SIGMOID, GIVEN };

struct params {
    int form, features, gate;
    double sigma, eps;
};

static const char *const gates[] = {"none", "sigmoid", "given", NULL};
static const struct attn_param table[] = {
    DECAY_FORM(offsetof(struct params, form)),
    {"features", ATTN_INT, offsetof(struct params, features), 64, 1, 16384, NULL,
     "D, the number of random projections; each gives a sine and a cosine"},
    {"gate", ATTN_CHOICE, offsetof(struct params, gate), NO_GATE, 0, 0, gates,
     "no gate, g = sigmoid of the tensor gate, or g itself, brought into 0 .. 1"},
    {"sigma", ATTN_REAL, offsetof(struct params, sigma), 1, 0.01, 8, NULL,
     "deviation of the projections; its square is the largest logit"},
    {"eps", ATTN_REAL, offsetof(struct params, eps), 1, 0.1, 1e6, NULL,
     "the least denominator; a key that weighs 1 adds as much as there are features"},
    {0},
};

static const struct params *of(const void *params) { return params; }

enum { STATE_S, STATE_Z, GATE };
static const struct attn_tensor tensors[] = {
    {"state_s", ATTN_CARRY, "b hk 2*features dv", NULL, 0, NULL, "S after earlier steps; empty at the start"},
    {"state_z", ATTN_CARRY, "b hk 2*features", NULL, 0, NULL, "z after earlier steps; empty at the start"},
    {"gate", ATTN_INPUT, "b hk nk if gate!=none", NULL, 1, NULL, "the gate of each step"},
    {0},
};

/* sqrt of the factor in front of x.y in the logit, which goes into the projections of either. */
static double size_of_rows(const struct attn_problem *p, const struct params *x) {
    return x->sigma * sqrt((double)p->scale * sqrt(p->dk));
}

static int columns(const struct params *x) { return 2 * x->features; }
static int steps(const struct params *x) { return x->gate != NO_GATE || x->form == DECAY_RECURRENT; }

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    if (!steps(of(params))) return 0;
    if (p->mask == ATTN_MASK_NONE) {
        strcpy(error->text,
               "a gate, and the recurrent form, need an order of steps, and so a causal mask; without one "
               "take gate = none and form = chunked");
        return -1;
    }
    if (p->nq == p->nk) return 0;
    strcpy(error->text,
           "a gate, and the recurrent form, need as many queries as keys; for others take gate = none and "
           "form = chunked");
    return -1;
}

/* State: W [D][dk], then W packed for the kernel. */
static size_t drawn_bytes(const struct attn_problem *p, const struct params *x) {
    return floats((size_t)x->features * (size_t)p->dk);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    const struct params *x = of(params);
    int nr = kern_find(p->isa)->nr;
    need->state = drawn_bytes(p, x) + floats((size_t)ceil_div(x->features, nr) * (size_t)nr * (size_t)p->dk);
    need->scratch = steps(x) ? decay_scratch(p, columns(x), 1, x->form == DECAY_RECURRENT)
                             : prefix_scratch(p, columns(x));
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)error;
    projections_draw(PROJECTIONS_INDEPENDENT, p->seed, of(params)->features, p->dk, state);
    kern_find(p->isa)->pack(of(params)->features, p->dk, state, p->dk,
                            (float *)((char *)state + drawn_bytes(p, of(params))));
    return 0;
}

/* ---- forward ----------------------------------------------------------------------------------- */

/* phi of n rows of q or k. */
static void map_rows(const struct attn_call *c, const struct kern *kern, int n, const float *x, ptrdiff_t row,
                     float *phi, ptrdiff_t to) {
    const struct attn_problem *p = c->problem;
    const float *packed = (const float *)((const char *)c->state + drawn_bytes(p, of(c->params)));
    int half = of(c->params)->features, dk = p->dk;
    float by = (float)size_of_rows(p, of(c->params));
    kern->mul(n, half, dk, 1.0f, x, row, 1, packed, kern->nr, (ptrdiff_t)kern->nr * dk, 0, phi, to);
    for (int r = 0; r < n; r++, x += row, phi += to) {
        float length = sqrtf(kern->dot(dk, x, x));
        kern->scale(half, length > 0 ? by / length : 0, phi);
        kern->phases(half, phi, phi, phi + half);
    }
}

static void prefix_keys(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                        float *top, float *psi) {
    memset(top, 0, (size_t)rows->count * sizeof *top);
    map_rows(c, kern, rows->count, rows->x, rows->row, psi, rows->to);
}

static void prefix_queries(const struct attn_call *c, const struct kern *kern, const struct prefix_rows *rows,
                           const float *top, float *phi) {
    (void)top;
    map_rows(c, kern, rows->count, rows->x, rows->row, phi, rows->to);
}

/* log g and 1 - g of n steps. */
static void gates_of(const struct attn_call *c, const struct kern *kern, int b, int head, int j0, int n,
                     float *g, float *by) {
    const struct params *x = of(c->params);
    for (int j = 0; j < n; j++) {
        float gate = attn_row(&c->tensors[GATE], b, head, j0 + j)[0];
        by[j] = gate = x->gate == SIGMOID || gate != gate ? gate : gate < 0 ? 0 : gate > 1 ? 1 : gate;
        g[j] = x->gate == SIGMOID ? gate : logf(gate);
    }
    if (x->gate == GIVEN) {
        for (int j = 0; j < n; j++) by[j] = 1 - by[j];
        return;
    }
    kern->softplus(n, -1, -1, g, g); /* log of the sigmoid; and the sigmoid of -x */
    kern->softplus(n, 1, -1, by, by);
    kern->exp((size_t)n, by, by);
}

static struct decay_rows keys(const struct attn_call *c, const struct kern *kern, int b, int head, int j0,
                              int n, float *g, float *by, float *room) {
    if (of(c->params)->gate == NO_GATE) memset(g, 0, (size_t)n * sizeof *g);
    else gates_of(c, kern, b, head, j0, n, g, by);
    map_rows(c, kern, n, attn_row(&c->k, b, head, j0), c->k.row, room, columns(of(c->params)));
    return (struct decay_rows){room, columns(of(c->params))};
}

static struct decay_rows queries(const struct attn_call *c, const struct kern *kern, int b, int head, int i0,
                                 int n, const int *seen, float *room) {
    (void)seen;
    map_rows(c, kern, n, attn_row(&c->q, b, head, i0), c->q.row, room, columns(of(c->params)));
    return (struct decay_rows){room, columns(of(c->params))};
}

static void forward(const struct attn_call *c) {
    const struct params *x = of(c->params);
    const struct prefix_map sums = {.features = columns(x),
                                    .least = x->eps,
                                    .carries = 1,
                                    .keys = prefix_keys,
                                    .queries = prefix_queries};
    const struct decay_map gated = {.features = columns(x),
                                    .width = 1,
                                    .recurrent = x->form == DECAY_RECURRENT,
                                    .denominator = 1,
                                    .least = x->eps,
                                    .scale = 1,
                                    .carry = STATE_S,
                                    .keys = keys,
                                    .queries = queries};
    if (steps(x)) decay_forward(c, &gated);
    else prefix_forward(c, &sums);
}

/* ---- definition -------------------------------------------------------------------------------- */

static void features_of(const struct attn_call *c, const float *x, double *phi) {
    const struct params *params = of(c->params);
    const float *w = c->state;
    double square = 0;
    int dk = c->problem->dk;
    for (int d = 0; d < dk; d++) square += (double)x[d] * x[d];
    for (int f = 0; f < params->features; f++) {
        double y = 0;
        for (int d = 0; d < dk; d++) y += (double)w[(ptrdiff_t)f * dk + d] * x[d];
        if (square > 0) y *= size_of_rows(c->problem, params) / sqrt(square);
        phi[f] = sin(y);
        phi[params->features + f] = cos(y);
    }
}

static void key(const struct attn_call *c, int b, int head, int j, double *psi, double *a) {
    const struct params *x = of(c->params);
    features_of(c, attn_row(&c->k, b, head, j), psi);
    for (int f = 0; f < columns(x); f++) a[f] = 1;
    if (x->gate == NO_GATE) return;
    double gate = (double)attn_row(&c->tensors[GATE], b, head, j)[0],
           g = x->gate == SIGMOID ? 1 / (1 + exp(-gate)) : fmax(0, fmin(gate, 1));
    for (int f = 0; f < columns(x); f++) a[f] = g, psi[f] *= 1 - g;
}

static void query(const struct attn_call *c, int b, int head, int i, int t, double *phi) {
    (void)t;
    features_of(c, attn_row(&c->q, b, head, i), phi);
}

static void reference(const struct attn_call *c, int b, int h, const int *query_rows, int nrows,
                      double *weights, double *outside, double *out) {
    const struct recurrence f = {.features = columns(of(c->params)),
                                 .denominator = 1,
                                 .least = of(c->params)->eps,
                                 .carry = STATE_S,
                                 .key = key,
                                 .query = query};
    recurrence_rows(c, &f, b, h, query_rows, nrows, weights, outside, out);
}

/* A feature counts its projection; its sine or cosine counts one operation. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    const struct params *x = of(params);
    double steps_all = (double)p->batch * p->kv_heads * p->nk,
           rows = (double)p->batch * p->heads * p->nq + steps_all;
    (void)views;
    if (steps(x)) decay_cost(p, columns(x), 1, cost);
    else prefix_cost(p, columns(x), 0, cost);
    cost->flops += rows * (2.0 * x->features * p->dk + columns(x));
    cost->bytes += sizeof(float) * ((double)x->features * p->dk + (x->gate != NO_GATE ? steps_all : 0));
}

static void growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    if (steps(of(params))) decay_growth(params, mask, g);
    else prefix_growth(params, mask, g);
}

const struct attn_variant attn_variant_rfa = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "rfa",
    .brief = "softmax attention of rows of length 1, estimated by sines and cosines; a gate may forget",
    .formula = "o_i = phi(q_i)^T S_t / max(phi(q_i)^T z_t, eps), phi(x) = [sin(W x / |x|), cos(W x / |x|)], "
               "S_t = g_t S_(t-1) + (1 - g_t) phi(k_t) v_t^T",
    .cite = "Peng, Pappas, Yogatama, Schwartz, Smith, Kong: Random feature attention, 2021",
    .kind = ATTN_APPROX_SOFTMAX,
    .caps = DECAY_CAPS | ATTN_CAP_NO_MASK | ATTN_CAP_CROSS | ATTN_CAP_RANDOM | ATTN_CAP_ANY_ORDER,
    .time = {1, "n D (dk + dv)"},
    .memory = {0, "D dk + batch kv_heads D dv + threads D dv"},
    .family = "kernel",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .check = check,
    .size = size,
    .create = create,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = growth,
};
