/*
 * flash.c -- exact softmax attention in tiles.
 *
 * Idea: a tile of scores is computed, turned into weights with a running maximum and used at once, so
 * the n x n scores are never stored: memory is a constant per thread. The loop stands in tiles.c.
 * Source: Dao, Fu, Ermon, Rudra, Re, "FlashAttention", NeurIPS 2022; Dao, "FlashAttention-2", 2023.
 * Departures: tiles are cut for a private cache of a CPU core; the running maximum starts at -inf.
 */
#include "parts.h"
#include "softmax.h"
#include "tiles.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = tiles_scratch(p, 1);
}

static void forward(const struct attn_call *c) { tiles_window(c, PATTERN_OPEN, PATTERN_OPEN); }

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    (void)outside;
    attn_softmax_rows(c, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)params;
    parts_softmax_cost(p, parts_pairs(p, PATTERN_OPEN, PATTERN_OPEN), cost);
}

const struct attn_variant attn_variant_flash = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "flash",
    .brief = "exact softmax attention in tiles; scores are never stored",
    .formula = "o_i = sum_j softmax_j(scale q_i.k_j) v_j",
    .cite = "Dao: FlashAttention-2, 2023",
    .kind = ATTN_EXACT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_LSE |
            ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS,
    .time = {2, "n^2 (dk + dv)"},
    .memory = {0, "threads (dk + dv)"},
    .family = "self-attention",
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
