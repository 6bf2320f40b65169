/*
 * sink.c -- attention sinks: softmax over the first keys of the sequence and a sliding window.
 *
 * Query i sees the keys j < tokens and those from `left` before to `right` after its position; `window = w` sets both, a
 * causal mask drops what lies ahead. What language models learn to park on the first tokens stays where it was learnt, so
 * that a window alone, which loses it, is not the cheapest that works. Time is n (tokens + left + right + 1).
 * Source: Xiao, Tian, Chen, Han, Lewis, "Efficient streaming language models with attention sinks", ICLR 2024, section 3.
 * Departures: the paper decodes token by token and numbers the positions of what it keeps anew; positions are the
 * caller's here, and all queries are there at once.
 */
#include "parts.h"
#include "softmax.h"
#include "tiles.h"
#include "window.h"

struct params {
    int tokens;
    struct window window;
};

static const struct attn_param table[] = {
    {"tokens", ATTN_INT, offsetof(struct params, tokens), 4, 0, 1 << 20, NULL,
     "keys at the start of the sequence that every query sees"},
    WINDOW_PARAMS(struct params, window),
    {0},
};

static const struct params *of(const void *params) { return params; }

enum { PATTERNS = 2 };

/* The first keys, and the window without them; the number of patterns. */
static int make_patterns(const struct params *x, struct pattern made[PATTERNS]) {
    int count = 0;
    if (x->tokens > 0)
        made[count++] = (struct pattern){.left = PATTERN_OPEN, .right = PATTERN_OPEN, .until = x->tokens};
    made[count++] = (struct pattern){
        .left = window_left(&x->window), .right = window_right(&x->window), .from = x->tokens};
    return count;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    struct pattern made[PATTERNS];
    need->scratch = tiles_scratch(p, make_patterns(of(params), made));
}

static void forward(const struct attn_call *c) {
    struct pattern made[PATTERNS];
    int count = make_patterns(of(c->params), made);
    tiles_patterns(c, made, count);
}

static int allowed(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const struct params *x = of(c->params);
    long t = (long)i + attn_offset(c->problem, attn_keys(c, b));
    (void)h, (void)context;
    return j < x->tokens || (t - window_left(&x->window) <= j && j <= t + window_right(&x->window));
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    (void)outside;
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .allowed = allowed};
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    struct pattern made[PATTERNS];
    (void)views;
    double pairs = pattern_pairs(p, made, make_patterns(of(params), made));
    parts_softmax_cost(p, pairs / ((double)p->batch * p->heads), cost);
}

const struct attn_variant attn_variant_sink = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "sink",
    .brief = "softmax over the first tokens, attention sinks, and a sliding window",
    .formula = "o_i = sum_{j < tokens or i-left <= j <= i+right} softmax_j(scale q_i.k_j) v_j",
    .cite = "Xiao, Tian, Chen, Han, Lewis: Efficient streaming language models with attention sinks, 2024",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS,
    .time = {1, "n (tokens + window) (dk + dv)"},
    .memory = {1, "batch heads nq + threads (dk + dv)"},
    .family = "restricted",
    .path = {1, "n / window"},
    .params = table,
    .params_size = sizeof(struct params),
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
