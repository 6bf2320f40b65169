/*
 * rnn.c -- a plain recurrent layer (Elman): the layer that attention took the place of.
 *
 *   h_t = tanh(x_t W + h_(t-1) U + bias)
 *
 * x is v; q and k are not read. A query gets the state after the keys that it sees, each head with W, U [dv][dv] and bias
 * of its own, so that one head of size dv = d is the layer of the table, n d^2 with n steps one after the other. Padding
 * makes no step. W and U are drawn with deviation 1 / sqrt(dv): what a unit sums up is then of the size of x and h, where
 * tanh neither cuts off nor lets the past die at once.
 * Source: Elman, "Finding structure in time", 1990; Vaswani et al., "Attention is all you need", 2017, table 1.
 * Departures: none. x W + bias is a product of CHUNK rows at a time, ahead of the steps (kern->elman); threads take whole
 * heads. Carried state: h, zeros at the start.
 *
 * There is no form without a causal mask: a state knows nothing of what follows.
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kern.h"
#include "parts.h"

enum { CHUNK = 96 }; /* a multiple of every kernel's mr */

enum { W, U, BIAS, STATE };
static const struct attn_tensor tensors[] = {
    {"w", ATTN_WEIGHT, "h dv dv", NULL, 1, "dv", "W of each head, input by output"},
    {"u", ATTN_WEIGHT, "h dv dv", NULL, 1, "dv", "U of each head, input by output"},
    {"bias", ATTN_WEIGHT, "h dv", NULL, 1, "dv", "added before tanh"},
    {"state_h", ATTN_CARRY, "b h dv", NULL, 0, NULL, "the last state; zeros at the start"},
    {0},
};

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)params;
    if (p->mask != ATTN_MASK_NONE) return 0;
    snprintf(
        error->text, sizeof error->text,
        "rnn has no form without a causal mask: a state knows nothing of what follows; take mask = causal");
    return -1;
}

/* A thread's: states of a chunk, and the state before them. */
static size_t workspace_bytes(const struct attn_problem *p) {
    return floats(CHUNK * (size_t)p->dv) + floats((size_t)p->dv);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = (size_t)p->threads * workspace_bytes(p);
}

/* States after positions t .. t + n - 1 into x[n][dv], from h. */
static void steps(const struct attn_call *c, const struct kern *kern, int b, int head, int t, int n,
                  const float *h, float *x) {
    int dv = c->problem->dv;
    const struct attn_view *v = &c->v;
    for (int r = 0; r < n; r++)
        memcpy(x + (ptrdiff_t)r * dv, attn_row(&c->tensors[BIAS], 0, head, 0), (size_t)dv * sizeof *x);
    kern->mul(n, dv, dv, 1.0f, attn_row(v, b, attn_kv_head(c->problem, head), t), v->row, 1,
              attn_row(&c->tensors[W], 0, head, 0), dv, kern->nr, 1, x, dv);
    kern->elman(n, dv, attn_row(&c->tensors[U], 0, head, 0), h, x);
}

/* One head of one item, from its first key to the last that anybody sees. */
static void run(const struct attn_call *c, const struct kern *kern, int b, int head, float *x, float *h) {
    const struct attn_problem *p = c->problem;
    const struct attn_output *carried = c->carried && c->carried[STATE].data ? &c->carried[STATE] : NULL;
    int keys = attn_keys(c, b), end = carried ? keys : attn_visible(p, keys, p->nq - 1), i = 0;
    size_t bytes = (size_t)p->dv * sizeof *h;
    if (c->tensors[STATE].data) memcpy(h, attn_row(&c->tensors[STATE], b, head, 0), bytes);
    else memset(h, 0, bytes);
    for (; i < p->nq && attn_visible(p, keys, i) == 0; i++) memcpy(attn_out_row(&c->o, b, head, i), h, bytes);
    for (int t = 0; t < end; t += CHUNK) {
        int n = min_int(CHUNK, end - t), seen;
        steps(c, kern, b, head, t, n, h, x);
        for (; i < p->nq && (seen = attn_visible(p, keys, i)) <= t + n; i++)
            memcpy(attn_out_row(&c->o, b, head, i), x + (ptrdiff_t)(seen - 1 - t) * p->dv, bytes);
        memcpy(h, x + (ptrdiff_t)(n - 1) * p->dv, bytes);
    }
    if (carried) memcpy(attn_out_row(carried, b, head, 0), h, bytes);
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < p->batch * p->heads; t++) {
        char *at = (char *)c->scratch + (size_t)omp_get_thread_num() * workspace_bytes(p);
        float *x = cut(&at, CHUNK * (size_t)p->dv * sizeof *x), *h = cut(&at, (size_t)p->dv * sizeof *h);
        run(c, kern, t / p->heads, t % p->heads, x, h);
    }
}

/* next = tanh(x W + h U + bias) */
static void step(const struct attn_call *c, int head, const float *x, const double *h, double *next) {
    int dv = c->problem->dv;
    for (int e = 0; e < dv; e++) next[e] = attn_row(&c->tensors[BIAS], 0, head, 0)[e];
    for (int d = 0; d < dv; d++)
        for (int e = 0; e < dv; e++)
            next[e] += (double)x[d] * attn_row(&c->tensors[W], 0, head, d)[e] +
                       h[d] * attn_row(&c->tensors[U], 0, head, d)[e];
    for (int e = 0; e < dv; e++) next[e] = tanh(next[e]);
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b), last = 0, dv = p->dv;
    double *state = calloc(2 * (size_t)dv, sizeof *state), *next = state + dv;
    (void)weights, (void)outside;
    if (!state) abort();
    for (int d = 0; c->tensors[STATE].data && d < dv; d++)
        state[d] = attn_row(&c->tensors[STATE], b, h, 0)[d];
    for (int r = 0; r < nrows; r++) last = max_int(last, attn_visible(p, keys, rows[r]));
    for (int t = 0; t <= last; t++) { /* the state after t keys */
        for (int r = 0; r < nrows; r++)
            if (attn_visible(p, keys, rows[r]) == t)
                memcpy(out + (ptrdiff_t)r * dv, state, (size_t)dv * sizeof *out);
        if (t == last) break;
        step(c, h, attn_row(&c->v, b, attn_kv_head(p, h), t), state, next);
        memcpy(state, next, (size_t)dv * sizeof *state);
    }
    free(state);
}

/* A tanh counts one operation. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    double dv = p->dv, heads = (double)p->batch * p->heads, steps = attn_visible(p, p->nk, p->nq - 1);
    (void)params, (void)views;
    cost->flops = heads * steps * (4 * dv * dv + dv);
    cost->bytes = sizeof(float) * dv * (heads * p->nq + (double)p->batch * p->kv_heads * steps);
    cost->rank = 0;
}

const struct attn_variant attn_variant_rnn = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "rnn",
    .brief = "a plain recurrent layer; reads v alone",
    .formula = "h_t = tanh(v_t W + h_(t-1) U + bias)",
    .cite = "Elman: Finding structure in time, 1990",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_GROUPED |
            ATTN_CAP_WIDE_VALUES | ATTN_CAP_SAME_BITS,
    .time = {1, "n dv^2"},
    .memory = {0, "threads dv"},
    .family = "recurrent",
    .steps = {1, "n"},
    .path = {1, "n"},
    .tensors = tensors,
    .check = check,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .target = ATTN_TARGET_NONE,
};
