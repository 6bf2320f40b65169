/*
 * deltanet.c -- the delta rule: a state that is written with what it lacks, so that a key's old value is replaced.
 *
 *   S_t = S' + k_t u_t^T,  u_t = beta_t (v_t - S'^T k_t),  S' = diag(exp(g_t)) S_(t-1)     o_t = scale q_t^T S_t
 *
 * With |k| = 1 and beta = 1 the state then returns v_t for k_t, exactly; with beta = 0 nothing is written. beta up to 2
 * keeps every eigenvalue of the step within -1 .. 1, and for |k| = 1 only: longer keys make the state grow without bound.
 *   gate = none         g = 0: DeltaNet
 *   gate = softplus     g = -log(1 + exp(x)) / normalizer of the tensor `gate`: gated DeltaNet, with one g for each head
 *   gate = logsigmoid   g = log(sigmoid(x)) / normalizer
 *   gate = log          the tensor holds g itself, as for ONNX LinearAttention, with one g for each channel (share = 1)
 *   beta = sigmoid      of the tensor `beta`; twice: 2 sigmoid, which allows negative eigenvalues; given: beta itself
 *   normalise = qk      q and k are divided by sqrt(|x|^2 + 1e-6), as in released code; k: k alone; off: as they are
 *   form = recurrent    one step after the other, the state in float; chunked: decay.c
 * Source: Schlag, Irie, Schmidhuber, "Linear transformers are secretly fast weight programmers", ICML 2021, equation 24;
 * Yang, Wang, Zhang, Shen, Kim, "Parallelizing linear transformers with the delta rule over sequence length", NeurIPS
 * 2024; gates: Yang, Kautz, Hatamizadeh, "Gated delta networks", ICLR 2025, equation 10.
 * Departures: the short convolution and SiLU of q, k and v, output gate and norm belong to the layer. The learned rate
 * and offset of the gate's softplus belong to x. A key head keeps one state, which every query head of its group reads.
 * Padded steps change no state. Carried state: S after the last valid step.
 */
#include <string.h>

#include "decay.h"
#include "gates.h"
#include "recurrence.h"

enum beta { SIGMOID, TWICE, GIVEN };
enum normalise { NORMALISE_QK, NORMALISE_K, NORMALISE_OFF };

struct params {
    int form, gate, share, beta, normalise;
    double normalizer;
};

static const char *const gate_names[] = {"none", "softplus", "logsigmoid", "log", NULL}; /* gates_kind */
static const char *const betas_[] = {"sigmoid", "twice", "given", NULL};
static const char *const normalises[] = {"qk", "k", "off", NULL};
static const struct attn_param table[] = {
    DECAY_FORM(offsetof(struct params, form)),
    {"gate", ATTN_CHOICE, offsetof(struct params, gate), GATES_NONE, 0, 0, gate_names,
     "no decay, or what makes g of the tensor gate: -softplus(x) or log(sigmoid(x)), over normalizer, or x "
     "itself, "
     "where above 0 counts as 0"},
    {"normalizer", ATTN_REAL, offsetof(struct params, normalizer), 16, 1, 1e6, NULL,
     "what softplus and logarithm of the sigmoid are divided by"},
    {"share", ATTN_INT, offsetof(struct params, share), 4096, 1, 4096, NULL,
     "neighbouring channels that have one decay; dk or more: one for each head"},
    {"beta", ATTN_CHOICE, offsetof(struct params, beta), SIGMOID, 0, 0, betas_,
     "what the tensor beta holds: x of sigmoid(x) or of 2 sigmoid(x), or beta, brought into 0 .. 2"},
    {"normalise", ATTN_CHOICE, offsetof(struct params, normalise), NORMALISE_QK, 0, 0, normalises,
     "which of q and k are brought to length 1; off needs keys that are"},
    {0},
};

static const struct params *of(const void *params) { return params; }

enum { BETA, GATE, STATE };
static const struct attn_tensor tensors[] = {
    {"beta", ATTN_INPUT, "b hk nk", NULL, 1, NULL, "how much of what is lacking each step writes"},
    {"gate", ATTN_INPUT, "b hk nk dk/share if gate!=none", NULL, 1, NULL, "the gates of each step"},
    {"state_s", ATTN_CARRY, "b hk dk dv", NULL, 0, NULL, "S after earlier steps; empty at the start"},
    {0},
};

static const float SHORTEST = 1e-6f; /* added to the square of a length */

static struct gates gates(const struct params *x) {
    return (struct gates){(enum gates_kind)x->gate, x->share, x->normalizer};
}

/* ---- forward ----------------------------------------------------------------------------------- */

/* What x is to be multiplied by. */
static float inverse_length(const struct kern *kern, int n, const float *x) {
    return 1 / sqrtf(kern->dot(n, x, x) + SHORTEST);
}

static struct decay_rows keys(const struct attn_call *c, const struct kern *kern, int b, int head, int j0,
                              int n, float *g, float *by, float *room) {
    const struct gates x = gates(of(c->params));
    (void)room;
    gates_load(&x, kern, &c->tensors[GATE], c->problem->dk, b, head, j0, n, g);
    for (int j = 0; j < n && of(c->params)->normalise != NORMALISE_OFF; j++)
        by[j] = inverse_length(kern, c->problem->dk, attn_row(&c->k, b, head, j0 + j));
    return decay_lying(&c->k, b, head, j0);
}

static void betas(const struct attn_call *c, const struct kern *kern, int b, int head, int j0, int n,
                  float *beta) {
    const struct params *x = of(c->params);
    for (int j = 0; j < n; j++) beta[j] = attn_row(&c->tensors[BETA], b, head, j0 + j)[0];
    if (x->beta == GIVEN) {
        for (int j = 0; j < n; j++) beta[j] = beta[j] < 0 ? 0 : beta[j] > 2 ? 2 : beta[j];
        return;
    }
    kern->scale(n, -1, beta);
    kern->exp((size_t)n, beta, beta);
    for (int j = 0; j < n; j++) beta[j] = (x->beta == TWICE ? 2.0f : 1.0f) / (1 + beta[j]);
}

static struct decay_rows queries(const struct attn_call *c, const struct kern *kern, int b, int head, int i0,
                                 int n, const int *seen, float *room) {
    int dk = c->problem->dk;
    (void)seen;
    if (of(c->params)->normalise != NORMALISE_QK) return decay_lying(&c->q, b, head, i0);
    for (int r = 0; r < n; r++) {
        float *row = room + (ptrdiff_t)r * dk;
        memcpy(row, attn_row(&c->q, b, head, i0 + r), (size_t)dk * sizeof *row);
        kern->scale(dk, inverse_length(kern, dk, row), row);
    }
    return (struct decay_rows){room, dk};
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    const struct gates x = gates(of(params));
    need->scratch = decay_scratch(p, p->dk, gates_width(&x, p->dk), 1);
}

static void forward(const struct attn_call *c) {
    const struct gates x = gates(of(c->params));
    const struct decay_map map = {.features = c->problem->dk,
                                  .width = gates_width(&x, c->problem->dk),
                                  .recurrent = of(c->params)->form == DECAY_RECURRENT,
                                  .scale = c->problem->scale,
                                  .carry = STATE,
                                  .keys = keys,
                                  .betas = betas,
                                  .queries = queries};
    decay_forward(c, &map);
}

/* ---- definition -------------------------------------------------------------------------------- */

static void unit_row(int n, int normalise, const float *x, double *y) {
    double square = 0;
    for (int d = 0; d < n; d++) square += (double)x[d] * (double)x[d];
    for (int d = 0; d < n; d++) y[d] = normalise ? x[d] / sqrt(square + 1e-6) : (double)x[d];
}

static void key(const struct attn_call *c, int b, int head, int j, double *psi, double *a) {
    const struct gates x = gates(of(c->params));
    unit_row(c->problem->dk, of(c->params)->normalise != NORMALISE_OFF, attn_row(&c->k, b, head, j), psi);
    for (int d = 0; d < c->problem->dk; d++) a[d] = gates_decay(&x, &c->tensors[GATE], b, head, j, d);
}

static double beta(const struct attn_call *c, int b, int head, int j) {
    double x = (double)attn_row(&c->tensors[BETA], b, head, j)[0];
    if (of(c->params)->beta == GIVEN) return fmax(0, fmin(x, 2));
    return (of(c->params)->beta == TWICE ? 2 : 1) / (1 + exp(-x));
}

static void query(const struct attn_call *c, int b, int head, int i, int t, double *phi) {
    (void)t;
    unit_row(c->problem->dk, of(c->params)->normalise == NORMALISE_QK, attn_row(&c->q, b, head, i), phi);
    for (int d = 0; d < c->problem->dk; d++) phi[d] *= (double)c->problem->scale;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct recurrence f = {
        .features = c->problem->dk, .carry = STATE, .key = key, .beta = beta, .query = query};
    recurrence_rows(c, &f, b, h, rows, nrows, weights, outside, out);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    const struct gates x = gates(of(params));
    double steps = (double)p->batch * p->kv_heads * p->nk;
    (void)views;
    decay_cost(p, p->dk, 0, cost);
    cost->flops += 2.0 * p->dk * p->dv * steps; /* what the state returns for the key */
    cost->bytes += sizeof(float) * steps * (1 + (x.kind == GATES_NONE ? 0 : gates_count(&x, p->dk)));
}

const struct attn_variant attn_variant_deltanet = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "deltanet",
    .brief = "the delta rule, gated or not: a linear state in which a key's value is replaced",
    .formula =
        "S_t = a_t S_(t-1) + k_t u_t^T, u_t = beta_t (v_t - (a_t S_(t-1))^T k_t), o_t = scale q_t^T S_t",
    .cite = "Yang, Kautz, Hatamizadeh: Gated delta networks, 2025",
    .kind = ATTN_DIFFERENT,
    .caps = DECAY_CAPS | ATTN_CAP_UNIT_KEYS,
    .time = {1, "n dk dv"},
    .memory = {0, "batch kv_heads dk dv + threads (dk dv + dk + dv)"},
    .family = "recurrent",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = decay_growth,
};
