/*
 * local.c -- sliding-window attention: softmax over the keys near the query.
 *
 * Query i, at position i + offset on the axis of the keys, sees the keys from `left` before to `right`
 * after it; `window = w` sets both, a causal mask drops the right side. Rows at the ends have fewer
 * keys and are normalised over those. The tiles of tiles.c are used, and only those that the window
 * touches, so time is n (left + right + 1) and memory a constant per thread.
 * Source: Beltagy, Peters, Cohan, "Longformer", 2020, section 3.1; Child et al., 2019.
 * Departures: none; other conventions count the window two-sided (Hugging Face) or |i-j| < w / 2.
 */
#include "parts.h"
#include "softmax.h"
#include "tiles.h"
#include "window.h"

struct params {
    struct window window;
};

static const struct attn_param table[] = {
    WINDOW_PARAMS(struct params, window),
    {0},
};

static int left(const void *params) { return window_left(&((const struct params *)params)->window); }
static int right(const void *params) { return window_right(&((const struct params *)params)->window); }

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = tiles_scratch(p, 1);
}

static void forward(const struct attn_call *c) { tiles_window(c, left(c->params), right(c->params)); }

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    (void)outside;
    const struct softmax_rule rule = {.left = left(c->params), .right = right(c->params)};
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    parts_softmax_cost(p, parts_pairs(p, left(params), right(params)), cost);
}

const struct attn_variant attn_variant_local = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "local",
    .brief = "softmax over a sliding window of keys around the query",
    .formula = "o_i = sum_{i-left <= j <= i+right} softmax_j(scale q_i.k_j) v_j",
    .cite = "Beltagy, Peters, Cohan: Longformer, 2020",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS,
    .time = {1, "n window (dk + dv)"},
    .memory = {0, "threads (dk + dv)"},
    .family = "restricted",
    .path = {1, "n / window"},
    .params = table,
    .params_size = sizeof(struct params),
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
