/*
 * bigbird.c -- a window, a few global tokens and some random keys, in blocks.
 *
 *   o_i = sum_j softmax_j(scale q_i . k_j) v_j     over the keys j of the blocks that the block of query i sees
 *
 * A block of queries sees the window_blocks blocks around its own, the global ones, and random_blocks more, drawn for each
 * head and row of blocks among the others. Global queries see every key. So a path of two steps leads from any token
 * to any other, at a cost of n times a constant.
 * Source: Zaheer et al., "Big Bird: Transformers for longer sequences", NeurIPS 2020, section 2, appendix D and, for the
 * defaults, table 8.
 *
 * Modes: "itc", internal transformer construction: tokens of the sequence are global, global_blocks blocks of them, one
 * half (rounded up) at its start, the other at its end; with 2, the first and the last block, as in the authors' program.
 * "etc", extended: the sequence opens with global_tokens additional tokens, which are rows of q, k and v like the others,
 * and blocks are counted from the token after them.
 * Departures: no block counts twice in the softmax, where the authors' random blocks may coincide with global ones; the
 * window does not wrap around at the ends; the last block may be a part of one. random_keys = 1024 restricts the random blocks
 * to the first 1024 keys, as the plan with which the paper's models of up to 4096 tokens were trained.
 *
 * Bidirectional only: the rows of global tokens see what lies ahead, and no causal form has been published. A query whose
 * own token is padding gives zeros.
 */
#include <stdio.h>
#include <stdlib.h>

#include "blocks.h"
#include "parts.h"
#include "softmax.h"
#include "tiles.h"

enum mode { ITC, ETC };

struct params {
    int mode, block, window, random, globals, tokens, keys;
};

static const char *const modes[] = {"itc", "etc", NULL};
static const struct attn_param table[] = {
    {"mode", ATTN_CHOICE, offsetof(struct params, mode), ITC, 0, 0, modes,
     "itc: blocks of the sequence are global; etc: additional tokens at its start are"},
    {"block", ATTN_INT, offsetof(struct params, block), 0, 0, 1 << 20, NULL,
     "queries and keys of a block; 0: 64, in mode etc 84"},
    {"window_blocks", ATTN_INT, offsetof(struct params, window), 3, 1, 1 << 20, NULL,
     "blocks of the window, the query's own in the middle: an odd number"},
    {"random_blocks", ATTN_INT, offsetof(struct params, random), -1, -1, 1 << 10, NULL,
     "random blocks of each row of blocks; -1: 3, in mode etc 0"},
    {"global_blocks", ATTN_INT, offsetof(struct params, globals), 2, 0, 1 << 20, NULL,
     "global blocks of mode itc, in turn at the start and at the end"},
    {"global_tokens", ATTN_INT, offsetof(struct params, tokens), 256, 0, 1 << 20, NULL,
     "tokens at the start that are global, of mode etc"},
    {"random_keys", ATTN_INT, offsetof(struct params, keys), 0, 0, 1 << 30, NULL,
     "random blocks lie within so many keys at the start; 0: anywhere"},
    {0},
};

static struct blocks blocks(const void *params, const int *drawn) {
    const struct params *x = params;
    int etc = x->mode == ETC;
    struct blocks made = {.window = x->window / 2, .drawn = drawn};
    made.size = x->block ? x->block : etc ? 84 : 64;
    made.random = x->random >= 0 ? x->random : etc ? 0 : 3;
    made.lead = etc ? x->tokens : 0;
    made.first = etc ? 0 : x->globals - x->globals / 2;
    made.last = etc ? 0 : x->globals / 2;
    if (x->keys) made.below = max_int((x->keys - made.lead) / made.size, 1);
    return made;
}

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)p;
    if (((const struct params *)params)->window % 2) return 0;
    snprintf(error->text, sizeof error->text,
             "window_blocks = %d has no middle for the query's own block; take an odd number",
             ((const struct params *)params)->window);
    return -1;
}

static size_t drawn_bytes(const struct attn_problem *p, const void *params) {
    struct blocks x = blocks(params, NULL);
    return blocks_drawn(&x, p->heads, p->nk) * sizeof(int);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    struct blocks x = blocks(params, NULL);
    need->state = drawn_bytes(p, params);
    need->scratch = tiles_scratch_of_runs(p, 1, (size_t)blocks_parts(&x, p->heads).most);
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    struct blocks x = blocks(params, NULL);
    (void)error;
    blocks_draw(&x, p->heads, p->nk, p->seed, state);
    return 0;
}

static struct pattern pattern(const struct pattern_parts *parts) {
    return (struct pattern){.left = PATTERN_OPEN, .right = PATTERN_OPEN, .tokens = 1, .parts = parts};
}

static void forward(const struct attn_call *c) {
    struct blocks x = blocks(c->params, c->state);
    struct pattern_parts parts = blocks_parts(&x, c->problem->heads);
    struct pattern all = pattern(&parts);
    tiles_patterns(c, &all, 1);
}

/* ---- definition ---------------------------------------------------------------------------------- */

/* The block of a token; below 0 for the additional ones. */
static int block_of(const struct blocks *x, int token) {
    return token < x->lead ? -1 : (token - x->lead) / x->size;
}

static int allowed(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    struct blocks x = blocks(c->params, c->state);
    int n = c->problem->nk, count = blocks_count(&x, n), of_i = block_of(&x, i), of_j = block_of(&x, j);
    (void)context;
    if (i >= attn_keys(c, b)) return 0;
    if (of_i < x.first || of_i >= count - x.last) return 1;
    if (of_j < x.first || of_j >= count - x.last) return 1;
    if (abs(of_i - of_j) <= x.window) return 1;
    const int *drawn = x.drawn + ((ptrdiff_t)h * count + of_i) * x.random;
    for (int d = 0; d < x.random; d++)
        if (drawn[d] == of_j) return 1;
    return 0;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .allowed = allowed};
    (void)outside;
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    size_t bytes = drawn_bytes(p, params);
    int *drawn = malloc(bytes ? bytes : 1);
    (void)views;
    if (!drawn) abort();
    struct blocks x = blocks(params, drawn);
    struct pattern_parts parts = blocks_parts(&x, p->heads);
    struct pattern all = pattern(&parts);
    blocks_draw(&x, p->heads, p->nk, p->seed, drawn);
    parts_softmax_cost(p, pattern_pairs(p, &all, 1) / ((double)p->batch * p->heads), cost);
    free(drawn);
}

/* Without what is global random blocks relay, and without those the window. */
static void growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    (void)mask;
    const struct blocks made = blocks(params, NULL);
    if (made.random == 0) g->memory = (struct attn_growth){0, "threads (dk + dv)"};
    if (made.lead || made.first || made.last) return;
    g->path =
        made.random ? (struct attn_growth){0, "log n"} : (struct attn_growth){1, "n / (block window_blocks)"};
}

const struct attn_variant attn_variant_bigbird = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "bigbird",
    .brief = "a window, global tokens and random keys, in blocks",
    .formula = "o_i = sum_{j in window, global or random blocks of i} softmax_j(scale q_i.k_j) v_j; global "
               "rows: all j",
    .cite = "Zaheer et al.: Big Bird: Transformers for longer sequences, 2020",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED |
            ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_RANDOM | ATTN_CAP_SAME_BITS,
    .time = {1, "n (window + global + random blocks) block (dk + dv)"},
    .memory = {1, "heads random_blocks n / block"},
    .family = "restricted",
    .path = {0, "2"},
    .params = table,
    .params_size = sizeof(struct params),
    .check = check,
    .size = size,
    .create = create,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = growth,
};
