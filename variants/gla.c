/*
 * gla.c -- gated linear attention: a state whose channels forget, each at a rate that every step chooses.
 *
 *   S_t = diag(exp(g_t)) S_(t-1) + k_t v_t^T     o_t = scale q_t^T S_t
 *
 * Source: Yang, Wang, Shen, Panda, Kim, "Gated linear attention transformers with hardware-efficient training", ICML
 * 2024, section 4; g = log(sigmoid(x)) / 16 there, which keeps decays near 1.
 *   gate = logsigmoid   the tensor `gate` holds x, which in the layer is a low-rank projection of the input
 *   gate = log          it holds g itself, as for the update rule `gated` of ONNX LinearAttention
 *   form = recurrent    one step after the other, the state in float; chunked: decay.c
 * Departures: layer norm and output gate belong to the layer. `share` lets neighbouring channels have one decay: with
 * share >= dk there is one for each head, as RetNet and Mamba-2 have. A key head keeps one state, which every query head
 * of its group reads. Padded steps change no state. Carried state: S after the last valid step.
 */
#include "decay.h"
#include "gates.h"
#include "recurrence.h"

enum gate { LOGSIGMOID, LOG };

struct params {
    int form, gate, share;
    double normalizer;
};

static const char *const gate_names[] = {"logsigmoid", "log", NULL};
static const struct attn_param table[] = {
    DECAY_FORM(offsetof(struct params, form)),
    {"gate", ATTN_CHOICE, offsetof(struct params, gate), LOGSIGMOID, 0, 0, gate_names,
     "what the tensor gate holds: x of g = log(sigmoid(x)) / normalizer, or g itself, where above 0 counts "
     "as 0"},
    {"normalizer", ATTN_REAL, offsetof(struct params, normalizer), 16, 1, 1e6, NULL,
     "what the logarithm of the sigmoid is divided by"},
    {"share", ATTN_INT, offsetof(struct params, share), 1, 1, 1 << 20, NULL,
     "neighbouring channels that have one decay; dk or more: one for each head"},
    {0},
};

static const struct params *of(const void *params) { return params; }

enum { GATE, STATE };
static const struct attn_tensor tensors[] = {
    {"gate", ATTN_INPUT, "b hk nk dk/share", NULL, 1, NULL, "the gates of each step"},
    {"state_s", ATTN_CARRY, "b hk dk dv", NULL, 0, NULL, "S after earlier steps; empty at the start"},
    {0},
};

static struct gates gates(const struct params *x) {
    return (struct gates){x->gate == LOG ? GATES_LOG : GATES_LOGSIGMOID, x->share, x->normalizer};
}

static struct decay_rows keys(const struct attn_call *c, const struct kern *kern, int b, int head, int j0,
                              int n, float *g, float *by, float *room) {
    const struct gates x = gates(of(c->params));
    (void)by, (void)room;
    gates_load(&x, kern, &c->tensors[GATE], c->problem->dk, b, head, j0, n, g);
    return decay_lying(&c->k, b, head, j0);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    const struct gates x = gates(of(params));
    need->scratch = decay_scratch(p, p->dk, gates_width(&x, p->dk), of(params)->form == DECAY_RECURRENT);
}

static void forward(const struct attn_call *c) {
    const struct gates x = gates(of(c->params));
    const struct decay_map map = {.features = c->problem->dk,
                                  .width = gates_width(&x, c->problem->dk),
                                  .recurrent = of(c->params)->form == DECAY_RECURRENT,
                                  .scale = c->problem->scale,
                                  .carry = STATE,
                                  .keys = keys};
    decay_forward(c, &map);
}

static void key(const struct attn_call *c, int b, int head, int j, double *psi, double *a) {
    const struct gates x = gates(of(c->params));
    for (int d = 0; d < c->problem->dk; d++) {
        psi[d] = attn_row(&c->k, b, head, j)[d];
        a[d] = gates_decay(&x, &c->tensors[GATE], b, head, j, d);
    }
}

static void query(const struct attn_call *c, int b, int head, int i, int t, double *phi) {
    (void)t;
    for (int d = 0; d < c->problem->dk; d++)
        phi[d] = (double)c->problem->scale * attn_row(&c->q, b, head, i)[d];
}

static void reference(const struct attn_call *c, int b, int h, const int *query_rows, int nrows,
                      double *weights, double *outside, double *out) {
    const struct recurrence f = {.features = c->problem->dk, .carry = STATE, .key = key, .query = query};
    recurrence_rows(c, &f, b, h, query_rows, nrows, weights, outside, out);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    const struct gates x = gates(of(params));
    (void)views;
    decay_cost(p, p->dk, 0, cost);
    cost->bytes += sizeof(float) * (double)p->batch * p->kv_heads * p->nk * gates_count(&x, p->dk);
}

const struct attn_variant attn_variant_gla = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "gla",
    .brief = "gated linear attention: every channel of the state forgets at a rate of its own",
    .formula = "S_t = diag(a_t) S_(t-1) + k_t v_t^T, o_t = scale q_t^T S_t, a_t = sigmoid(x_t)^(1/16)",
    .cite = "Yang, Wang, Shen, Panda, Kim: Gated linear attention transformers with hardware-efficient "
            "training, 2024",
    .kind = ATTN_DIFFERENT,
    .caps = DECAY_CAPS,
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
