/*
 * ssd.c -- state space duality: the state of a head forgets as a whole, at a rate that every step chooses.
 *
 *   S_t = exp(-dt_t A_h) S_(t-1) + k_t (dt_t v_t)^T     o_t = S_t^T q_t
 *
 * k, q and v are B, C and x of the paper; there is no 1 / sqrt(d), and problem.scale is not used.
 * Source: Dao, Gu, "Transformers are SSMs: generalized models and efficient algorithms through structured state space
 * duality", ICML 2024: the scalar A of section 5, the chunks of section 6.
 *   dt = softplus       the tensor dt holds x of dt = log(1 + exp(x + dt_bias)); with the default bias x = 0 makes 0.01, the
 *                       middle of the range that Mamba-2 starts from
 *   dt = given          it holds dt itself
 *   form = recurrent    one step after the other, the state in float; chunked: decay.c
 * Departures: the skip term D x, the convolution and the gate belong to the block. A_h = exp(a_log) is a learned tensor,
 * as in Mamba-2, where it starts between 1 and 16. Grouped heads of Mamba-2 share k and q, and each keeps a state; here
 * they share k and v, and a key head keeps one state, which every query head of its group reads. Padded steps change no
 * state. Carried state: S after the last valid step.
 */
#include "decay.h"
#include "recurrence.h"

enum dt { SOFTPLUS, GIVEN };

struct params {
    int form, dt;
    double dt_bias;
};

static const char *const dts[] = {"softplus", "given", NULL};
static const struct attn_param table[] = {
    DECAY_FORM(offsetof(struct params, form)),
    {"dt", ATTN_CHOICE, offsetof(struct params, dt), SOFTPLUS, 0, 0, dts,
     "what the tensor dt holds: x of dt = log(1 + exp(x + dt_bias)), or dt itself, where below 0 counts as "
     "0"},
    {"dt_bias", ATTN_REAL, offsetof(struct params, dt_bias), -4.6, -20, 20, NULL,
     "added to x under dt = softplus"},
    {0},
};

static const struct params *of(const void *params) { return params; }

enum { DT, A_LOG, STATE };
static const struct attn_tensor tensors[] = {
    {"dt", ATTN_INPUT, "b hk nk", NULL, 1, NULL, "size of each step"},
    {"a_log", ATTN_WEIGHT, "hk", NULL, 1, NULL, "log of the rate A of each head"},
    {"state_s", ATTN_CARRY, "b hk dk dv", NULL, 0, NULL, "S after earlier steps; empty at the start"},
    {0},
};

static struct decay_rows keys(const struct attn_call *c, const struct kern *kern, int b, int head, int j0,
                              int n, float *g, float *by, float *room) {
    const struct params *x = of(c->params);
    float rate = expf(attn_row(&c->tensors[A_LOG], 0, head, 0)[0]);
    (void)room;
    for (int j = 0; j < n; j++) {
        float dt = attn_row(&c->tensors[DT], b, head, j0 + j)[0];
        by[j] = x->dt == SOFTPLUS ? dt + (float)x->dt_bias : dt < 0 ? 0 : dt;
    }
    if (x->dt == SOFTPLUS) kern->softplus(n, 1, 1, by, by);
    for (int j = 0; j < n; j++) g[j] = -rate * by[j];
    return decay_lying(&c->k, b, head, j0);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->scratch = decay_scratch(p, p->dk, 1, of(params)->form == DECAY_RECURRENT);
}

static void forward(const struct attn_call *c) {
    const struct decay_map map = {.features = c->problem->dk,
                                  .width = 1,
                                  .recurrent = of(c->params)->form == DECAY_RECURRENT,
                                  .scale = 1,
                                  .carry = STATE,
                                  .keys = keys};
    decay_forward(c, &map);
}

static void key(const struct attn_call *c, int b, int head, int j, double *psi, double *a) {
    const struct params *x = of(c->params);
    double dt = attn_row(&c->tensors[DT], b, head, j)[0];
    dt = x->dt == SOFTPLUS ? log1p(exp(dt + x->dt_bias)) : fmax(dt, 0);
    for (int d = 0; d < c->problem->dk; d++) {
        psi[d] = dt * attn_row(&c->k, b, head, j)[d];
        a[d] = exp(-dt * exp(attn_row(&c->tensors[A_LOG], 0, head, 0)[0]));
    }
}

static void query(const struct attn_call *c, int b, int head, int i, int t, double *phi) {
    (void)t;
    for (int d = 0; d < c->problem->dk; d++) phi[d] = attn_row(&c->q, b, head, i)[d];
}

static void reference(const struct attn_call *c, int b, int h, const int *query_rows, int nrows,
                      double *weights, double *outside, double *out) {
    const struct recurrence f = {.features = c->problem->dk, .carry = STATE, .key = key, .query = query};
    recurrence_rows(c, &f, b, h, query_rows, nrows, weights, outside, out);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)params, (void)views;
    decay_cost(p, p->dk, 0, cost);
    cost->bytes += sizeof(float) * (double)p->kv_heads * ((double)p->batch * p->nk + 1);
}

const struct attn_variant attn_variant_ssd = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "ssd",
    .brief = "state space duality of Mamba-2: a state that forgets as a whole, by data",
    .formula = "S_t = exp(-dt_t A_h) S_(t-1) + k_t (dt_t v_t)^T, o_t = S_t^T q_t",
    .cite = "Dao, Gu: Transformers are SSMs, 2024",
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
