/*
 * retnet.c -- retention: the state of a head forgets at a fixed rate, and turns.
 *
 *   S_t = gamma_h R(-1) S_(t-1) + k_t v_t^T     o_t = scale q_t^T S_t     gamma_h = 1 - 2^(-5 - h)
 *   o_i = sum_j gamma_h^(i - j) scale (R(i) q_i)^T (R(j) k_j) v_j, j <= i
 *
 * R(n) turns channels 2 f and 2 f + 1 by n 10000^(-f / (dk / 2 - 1)).
 * Source: Sun, Dong, Huang, Ma, Xia, Xue, Wang, Wei, "Retentive network: a successor to transformer for large language
 * models", 2023, section 2.1, and 2.2 for the rates; the angles are those of the released code, which runs through
 * linspace(0, 1, dk / 2) and scales k.
 *   rotation = none     R = 1, for keys and queries that come turned
 *   form = recurrent    one step after the other, the state in float; chunked: decay.c
 * Departures: group norm and gate belong to the module, and with them the normalisations of the released code, which
 * cancel in it alone. A key head has one state and one rate, which every query head of its group reads; h counts key
 * heads. Padded steps change no state. Carried state: S of the first line, that is in the frame of the last valid step,
 * so that no position need be carried; with keys turned by their position it is R(position) S.
 */
#include <string.h>

#include "decay.h"
#include "parts.h"
#include "recurrence.h"

enum rotation { XPOS, UNTURNED };

struct params {
    int form, rotation;
};

static const char *const rotations[] = {"xpos", "none", NULL};
static const struct attn_param table[] = {
    DECAY_FORM(offsetof(struct params, form)),
    {"rotation", ATTN_CHOICE, offsetof(struct params, rotation), XPOS, 0, 0, rotations,
     "turns neighbouring channels of q and k by their position, or takes them as they are"},
    {0},
};

static const struct params *of(const void *params) { return params; }

enum { STATE };
static const struct attn_tensor tensors[] = {
    {"state_s", ATTN_CARRY, "b hk dk dv", NULL, 0, NULL,
     "S after earlier steps, in the frame of the last; empty at the start"},
    {0},
};

static double log_gamma(int head) { return log1p(-exp2(-5 - head)); }

/* By how much plane f turns in one step. */
static double angle(int dk, int f) { return pow(10000, dk > 2 ? -(double)f / (dk / 2 - 1) : 0); }

/* State, for 0 .. DECAY_CHUNK steps: cosines and sines of each plane, then in float of each channel, signed for rotate(). */
static size_t exact_bytes(const struct attn_problem *p) {
    return aligned(sizeof(double) * (DECAY_CHUNK + 1) * (size_t)p->dk);
}

static double *exact(void *state, const struct attn_problem *p, int steps) {
    return (double *)state + (ptrdiff_t)steps * p->dk;
}

static float *rounded(void *state, const struct attn_problem *p, int steps) {
    return (float *)((char *)state + exact_bytes(p)) + (ptrdiff_t)steps * 2 * p->dk;
}

static void angles(int dk, int steps, double *cosine, double *sine) {
    for (int f = 0; f < dk / 2; f++) {
        cosine[f] = cos(steps * angle(dk, f));
        sine[f] = sin(steps * angle(dk, f));
    }
}

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    if (of(params)->rotation == UNTURNED || p->dk % 2 == 0) return 0;
    strcpy(error->text, "the rotation turns pairs of channels, and dk is odd; add rotation = none");
    return -1;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    if (of(params)->rotation == XPOS)
        need->state = exact_bytes(p) + sizeof(float) * 2 * (DECAY_CHUNK + 1) * (size_t)p->dk;
    need->scratch = decay_scratch(p, p->dk, 1, of(params)->form == DECAY_RECURRENT);
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)error;
    for (int n = 0; of(params)->rotation == XPOS && n <= DECAY_CHUNK; n++) {
        double *cosine = exact(state, p, n), *sine = cosine + p->dk / 2;
        float *to = rounded(state, p, n);
        angles(p->dk, n, cosine, sine);
        for (int d = 0; d < p->dk; d++) {
            to[d] = (float)cosine[d / 2];
            to[p->dk + d] = (float)(d % 2 ? sine[d / 2] : -sine[d / 2]);
        }
    }
    return 0;
}

static struct decay_rows keys(const struct attn_call *c, const struct kern *kern, int b, int head, int j0,
                              int n, float *g, float *by, float *room) {
    int dk = c->problem->dk;
    (void)by;
    for (int j = 0; j < n; j++) g[j] = (float)log_gamma(head);
    if (of(c->params)->rotation == UNTURNED) return decay_lying(&c->k, b, head, j0);
    for (int j = 0; j < n; j++) {
        const float *turn = rounded(c->state, c->problem, j + 1);
        kern->rotate(dk, turn, turn + dk, attn_row(&c->k, b, head, j0 + j), room + (ptrdiff_t)j * dk);
    }
    return (struct decay_rows){room, dk};
}

static struct decay_rows queries(const struct attn_call *c, const struct kern *kern, int b, int head, int i0,
                                 int n, const int *seen, float *room) {
    int dk = c->problem->dk;
    if (of(c->params)->rotation == UNTURNED) return decay_lying(&c->q, b, head, i0);
    for (int r = 0; r < n; r++) {
        const float *turn = rounded(c->state, c->problem, seen[r]);
        kern->rotate(dk, turn, turn + dk, attn_row(&c->q, b, head, i0 + r), room + (ptrdiff_t)r * dk);
    }
    return (struct decay_rows){room, dk};
}

static void turn(const struct attn_call *c, int steps, double *cosine, double *sine) {
    size_t half = (size_t)c->problem->dk / 2;
    if (steps < 0 || steps > DECAY_CHUNK) {
        angles(c->problem->dk, steps, cosine, sine);
        return;
    }
    memcpy(cosine, exact(c->state, c->problem, steps), half * sizeof *cosine);
    memcpy(sine, exact(c->state, c->problem, steps) + half, half * sizeof *sine);
}

static void forward(const struct attn_call *c) {
    const struct params *x = of(c->params);
    const struct decay_map map = {.features = c->problem->dk,
                                  .width = 1,
                                  .recurrent = x->form == DECAY_RECURRENT,
                                  .scale = c->problem->scale,
                                  .carry = STATE,
                                  .keys = keys,
                                  .queries = queries,
                                  .turn = x->rotation == XPOS ? turn : NULL};
    decay_forward(c, &map);
}

/* The row x turned by n steps. */
static void turn_row(const struct attn_call *c, const float *x, int n, double *to) {
    int dk = c->problem->dk, turns = of(c->params)->rotation == XPOS;
    for (int d = 0; d < dk; d++) {
        double by = turns ? n * angle(dk, d / 2) : 0, other = !turns ? 0 : d % 2 ? x[d - 1] : -x[d + 1];
        to[d] = x[d] * cos(by) + other * sin(by);
    }
}

/* The frame before the first step is the fixed one, for which the carried state stands. */
static void key(const struct attn_call *c, int b, int head, int j, double *psi, double *a) {
    turn_row(c, attn_row(&c->k, b, head, j), j + 1, psi);
    for (int d = 0; d < c->problem->dk; d++) a[d] = 1 - exp2(-5 - head);
}

static void query(const struct attn_call *c, int b, int head, int i, int t, double *phi) {
    turn_row(c, attn_row(&c->q, b, head, i), t + 1, phi);
    for (int d = 0; d < c->problem->dk; d++) phi[d] *= (double)c->problem->scale;
}

static void reference(const struct attn_call *c, int b, int h, const int *query_rows, int nrows,
                      double *weights, double *outside, double *out) {
    const struct recurrence f = {.features = c->problem->dk, .carry = STATE, .key = key, .query = query};
    recurrence_rows(c, &f, b, h, query_rows, nrows, weights, outside, out);
}

/* Each row is turned with six operations a pair. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    decay_cost(p, p->dk, 0, cost);
    if (of(params)->rotation == XPOS)
        cost->flops += 3.0 * p->dk * p->batch * ((double)p->heads * p->nq + (double)p->kv_heads * p->nk);
}

const struct attn_variant attn_variant_retnet = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "retnet",
    .brief = "retention: a state that forgets at a fixed rate for each head, and turns",
    .formula =
        "o_i = sum_j gamma_h^(i - j) scale (R(i) q_i)^T (R(j) k_j) v_j, j <= i, gamma_h = 1 - 2^(-5 - h)",
    .cite = "Sun et al.: Retentive network, 2023",
    .kind = ATTN_DIFFERENT,
    .caps = DECAY_CAPS,
    .time = {1, "n dk dv"},
    .memory = {0, "dk + batch kv_heads dk dv + threads (dk dv + dk + dv)"},
    .family = "recurrent",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .check = check,
    .size = size,
    .create = create,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = decay_growth,
};
