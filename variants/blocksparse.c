/*
 * blocksparse.c -- softmax over the blocks of keys that a layout or a rule lists for each block of queries.
 *
 *   o_i = sum_j softmax_j(scale q_i . k_j) v_j     over j with layout[h][i / block][j / block] > 0.5
 *
 * Mask and key length hold inside a block. Rows whose blocks are all absent are zeros. Blocks are counted from
 * query 0 and key 0, the last may be short.
 * Source: Child et al., "Generating long sequences with sparse Transformers", 2019, section 5.3 (block-sparse
 * kernels); Dao et al., "FlashAttention", 2022, section 3.3.
 *
 * Patterns: "layout" is a tensor of its own: a .npy of zeros and ones for instance, or in a config a function of i / block
 * and j / block; without either its entries are standard normal, so that a random 31 % of the blocks is computed. The
 * others are rules on a sequence, nq = nk, and what DeepSpeed's sparse attention calls its configurations; that of one
 * direction is a causal mask on top here:
 *
 *   local       the window_blocks blocks around the query's own
 *   longformer  and the first global_blocks, which see and are seen by all
 *   bigbird     and random_blocks more, in each head and row of blocks its own
 *   fixed       the stretch of local_blocks in which the query's block lies, and of the others the last global_blocks; with
 *               global_turns = m head h takes the (1 + h mod m)-th last, with horizontal these blocks see all, too;
 *               a last stretch that is short has the same ones where they exist, else its last
 *
 * Departures: random blocks are never ones that are seen already. Every block size runs; small ones share less work.
 */
#include <stdio.h>
#include <stdlib.h>

#include "blocks.h"
#include "parts.h"
#include "softmax.h"
#include "tiles.h"

enum pattern_name { OF_LAYOUT, LOCAL, LONGFORMER, BIGBIRD, FIXED };

struct params {
    int pattern, block, window, globals, random, stretch, turns, horizontal;
};

static const char *const patterns[] = {"layout", "local", "longformer", "bigbird", "fixed", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};
static const struct attn_param table[] = {
    {"pattern", ATTN_CHOICE, offsetof(struct params, pattern), OF_LAYOUT, 0, 0, patterns,
     "the blocks to compute: those of the tensor layout, or by a rule"},
    {"block", ATTN_INT, offsetof(struct params, block), 64, 1, 1 << 20, NULL, "queries and keys of a block"},
    {"window_blocks", ATTN_INT, offsetof(struct params, window), 3, 1, 1 << 20, NULL,
     "blocks of the window of local, longformer and bigbird, the query's own in the middle: an odd number"},
    {"global_blocks", ATTN_INT, offsetof(struct params, globals), 1, 1, 1 << 20, NULL,
     "global blocks at the start, or of each stretch of pattern fixed"},
    {"random_blocks", ATTN_INT, offsetof(struct params, random), 1, 0, 1 << 10, NULL,
     "random blocks of each row of blocks of pattern bigbird"},
    {"local_blocks", ATTN_INT, offsetof(struct params, stretch), 4, 1, 1 << 20, NULL,
     "blocks of a stretch of pattern fixed"},
    {"global_turns", ATTN_INT, offsetof(struct params, turns), 1, 1, 1 << 20, NULL,
     "choices of global blocks over which the heads take turns; pattern fixed"},
    {"horizontal", ATTN_CHOICE, offsetof(struct params, horizontal), 0, 0, 0, no_yes,
     "yes: global blocks of pattern fixed see every key; mask none only"},
    {0},
};

enum { LAYOUT };
static const struct attn_tensor tensors[] = {
    {"layout", ATTN_WEIGHT, "h nq/block nk/block if pattern=layout", NULL, 1, NULL,
     "blocks to compute: above 0.5; by default random, 31 % of them"},
    {0},
};

static const double density_of_default = 0.30853753872598688; /* of normal values, the share above 0.5 */

static const struct params *of(const void *params) { return params; }

/* What is wrong with the parameters of the pattern; NULL: nothing. */
static const char *objection(const struct attn_problem *p, const struct params *x) {
    if (x->pattern == OF_LAYOUT) return NULL;
    if (p->nq != p->nk)
        return "the rules are of blocks of one sequence, nq = nk; other shapes take pattern = layout";
    if (x->pattern != FIXED) return x->window % 2 ? NULL : "window_blocks has no middle; take an odd number";
    if (x->stretch % x->globals) return "local_blocks has to be a multiple of global_blocks";
    if (x->turns > x->stretch / x->globals)
        return "a stretch of local_blocks has fewer than global_turns choices of global_blocks";
    if (x->horizontal && p->mask != ATTN_MASK_NONE)
        return "horizontal global blocks see what a causal mask hides; take mask none";
    return NULL;
}

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    const char *why = objection(p, of(params));
    if (!why) return 0;
    snprintf(error->text, sizeof error->text, "%s", why);
    return -1;
}

/* ---- blocks of the layout ------------------------------------------------------------------------ */

struct layout {
    const struct attn_view *view;
    int block;
};

static int runs_of_layout(const void *context, const struct attn_problem *p, int h, int part,
                          struct pattern_run *runs) {
    const struct layout *x = context;
    const float *row = attn_row(x->view, 0, h, part);
    int blocks = ceil_div(p->nk, x->block), count = 0, end;
    for (int at = 0; at < blocks; at = end) {
        int in = row[at] > 0.5f;
        for (end = at + 1; end < blocks && (row[end] > 0.5f) == in;) end++;
        if (in)
            runs[count++] =
                (struct pattern_run){.first = at * x->block, .end = min_int(end * x->block, p->nk)};
    }
    return count;
}

/* ---- fixed stretches ----------------------------------------------------------------------------- */

struct fixed {
    int block, stretch, globals, turns, horizontal; /* all but `block` in blocks */
};

/* The first global block of a stretch, which begins at block `begin`. */
static int first_global(const struct fixed *x, int blocks, int h, int begin) {
    int at = begin + x->stretch - (1 + h % x->turns) * x->globals;
    return begin + x->stretch <= blocks ? at : max_int(min_int(at, blocks - x->globals), 0);
}

static int sees_all(const struct fixed *x, int blocks, int h, int row) {
    for (int begin = 0; x->horizontal && begin < blocks; begin += x->stretch) {
        int first = first_global(x, blocks, h, begin);
        if (row >= first && row < first + x->globals) return 1;
    }
    return 0;
}

/* Keys of blocks from .. to - 1. */
static struct pattern_run keys_of(const struct fixed *x, int nk, long from, long to) {
    return (struct pattern_run){.first = clamp_int(from * x->block, 0, nk),
                                .end = clamp_int(to * x->block, 0, nk)};
}

static int runs_of_fixed(const void *context, const struct attn_problem *p, int h, int part,
                         struct pattern_run *runs) {
    const struct fixed *x = context;
    int blocks = ceil_div(p->nk, x->block), row = x->horizontal ? part : part * x->stretch,
        own = row / x->stretch * x->stretch, count = 0;
    if (sees_all(x, blocks, h, row)) {
        runs[0] = keys_of(x, p->nk, 0, blocks);
        return 1;
    }
    for (int begin = 0; begin < blocks; begin += x->stretch) {
        int first = first_global(x, blocks, h, begin);
        runs[count++] = keys_of(x, p->nk, first, (long)first + x->globals);
    }
    runs[count++] = keys_of(x, p->nk, own, (long)own + x->stretch);
    return pattern_join_runs(runs, count);
}

/* ---- one pattern for all ------------------------------------------------------------------------- */

/* What the parts of a pattern refer to. */
struct lists {
    struct layout layout;
    struct blocks blocks;
    struct fixed fixed;
    struct pattern_parts parts;
};

static struct blocks blocks(const struct params *x, const int *drawn) {
    struct blocks made = {.size = x->block, .window = x->window / 2, .drawn = drawn};
    if (x->pattern == LONGFORMER || x->pattern == BIGBIRD) made.first = x->globals;
    if (x->pattern == BIGBIRD) made.random = x->random;
    return made;
}

static void make_lists(const struct attn_problem *p, const struct params *x, const struct attn_view *layout,
                       const int *drawn, struct lists *made) {
    int columns = ceil_div(p->nk, x->block);
    made->layout = (struct layout){layout, x->block};
    made->blocks = blocks(x, drawn);
    made->fixed = (struct fixed){x->block, x->stretch, x->globals, x->turns, x->horizontal};
    made->parts = (struct pattern_parts){.rows = x->block, .heads = p->heads};
    switch (x->pattern) {
    case OF_LAYOUT:
        made->parts.runs = runs_of_layout;
        made->parts.context = &made->layout;
        made->parts.most = columns / 2 + 1;
        break;
    case FIXED:
        made->parts.runs = runs_of_fixed;
        made->parts.context = &made->fixed;
        made->parts.most = ceil_div(columns, x->stretch) + 1;
        made->parts.heads = x->turns;
        if (!x->horizontal) made->parts.rows = clamp_int((long)x->stretch * x->block, 1, 1 << 30);
        break;
    default: made->parts = blocks_parts(&made->blocks, p->heads);
    }
}

static struct pattern pattern(const struct lists *lists) {
    return (struct pattern){.left = PATTERN_OPEN, .right = PATTERN_OPEN, .parts = &lists->parts};
}

static size_t drawn_bytes(const struct attn_problem *p, const struct params *x) {
    struct blocks made = blocks(x, NULL);
    return blocks_drawn(&made, p->heads, p->nk) * sizeof(int);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    struct lists lists;
    make_lists(p, of(params), NULL, NULL, &lists);
    need->state = drawn_bytes(p, of(params));
    need->scratch = tiles_scratch_of_runs(p, 1, (size_t)lists.parts.most);
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    struct blocks made = blocks(of(params), NULL);
    (void)error;
    blocks_draw(&made, p->heads, p->nk, p->seed, state);
    return 0;
}

static void forward(const struct attn_call *c) {
    struct lists lists;
    make_lists(c->problem, of(c->params), &c->tensors[LAYOUT], c->state, &lists);
    struct pattern all = pattern(&lists);
    tiles_patterns(c, &all, 1);
}

/* ---- definition ---------------------------------------------------------------------------------- */

/* Is column y one of the global blocks of pattern fixed? */
static int is_summary(const struct params *x, int count, int h, int y) {
    int turn = h % x->turns, whole = count / x->stretch * x->stretch, from_end;
    if (y < whole) {
        from_end = x->stretch - 1 - y % x->stretch; /* blocks after y in its stretch */
        if (from_end / x->globals == turn) return 1;
    }
    if (whole == count) return 0;
    int start =
        whole + x->stretch - (turn + 1) * x->globals; /* of the short stretch, moved into what exists */
    if (start > count - x->globals) start = count - x->globals;
    return y >= start && y < start + x->globals;
}

static int fixed_allows(const struct params *x, int count, int h, int row, int column) {
    return row / x->stretch == column / x->stretch || is_summary(x, count, h, column) ||
           (x->horizontal && is_summary(x, count, h, row));
}

static int is_drawn(const struct attn_call *c, int count, int h, int row, int column) {
    const struct params *x = of(c->params);
    for (int d = 0; d < x->random; d++)
        if (((const int *)c->state)[((ptrdiff_t)h * count + row) * x->random + d] == column) return 1;
    return 0;
}

static int allowed(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const struct params *x = of(c->params);
    int row = i / x->block, column = j / x->block, count = ceil_div(c->problem->nk, x->block),
        near = abs(row - column) <= x->window / 2, global = row < x->globals || column < x->globals;
    (void)b, (void)context;
    switch (x->pattern) {
    case LOCAL: return near;
    case LONGFORMER: return near || global;
    case BIGBIRD: return near || global || is_drawn(c, count, h, row, column);
    case FIXED: return fixed_allows(x, count, h, row, column);
    default: return attn_row(&c->tensors[LAYOUT], 0, h, row)[column] > 0.5f;
    }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .allowed = allowed};
    (void)outside;
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
}

/* Without a layout, what the default's density gives. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    const struct params *x = of(params);
    const struct pattern full = {.left = PATTERN_OPEN, .right = PATTERN_OPEN};
    size_t bytes = drawn_bytes(p, x);
    int *drawn = malloc(bytes ? bytes : 1), unknown = x->pattern == OF_LAYOUT && !views;
    struct lists lists;
    if (!drawn) abort();
    make_lists(p, x, views ? &views[LAYOUT] : NULL, drawn, &lists);
    blocks_draw(&lists.blocks, p->heads, p->nk, p->seed, drawn);
    struct pattern all = unknown ? full : pattern(&lists);
    double share = unknown ? density_of_default : 1;
    parts_softmax_cost(p, share * pattern_pairs(p, &all, 1) / ((double)p->batch * p->heads), cost);
    free(drawn);
}

/* Global blocks relay, but for those at the start under a causal mask, which hear nothing. */
static void growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    const struct attn_growth through_windows = {1, "n / (block window_blocks)"};
    const struct params *x = of(params);
    switch (x->pattern) {
    case OF_LAYOUT: g->path = (struct attn_growth){NAN, "as the layout"}; break;
    case LOCAL:
    case LONGFORMER:
        g->time = (struct attn_growth){1, "n block (window_blocks + global_blocks) (dk + dv)"};
        g->memory = (struct attn_growth){0, "threads (dk + dv)"};
        if (x->pattern == LOCAL || mask != ATTN_MASK_NONE) g->path = through_windows;
        break;
    case BIGBIRD:
        g->time =
            (struct attn_growth){1, "n block (window_blocks + global_blocks + random_blocks) (dk + dv)"};
        g->memory = x->random ? (struct attn_growth){1, "heads random_blocks n / block"}
                              : (struct attn_growth){0, "threads (dk + dv)"};
        if (mask != ATTN_MASK_NONE) g->path = x->random ? (struct attn_growth){0, "log n"} : through_windows;
        break;
    case FIXED:
        g->time =
            (struct attn_growth){2, "n (block local_blocks + n global_blocks / local_blocks) (dk + dv)"};
        break;
    default: break;
    }
}

const struct attn_variant attn_variant_blocksparse = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "blocksparse",
    .brief = "softmax over the blocks of keys that a layout or a rule lists",
    .formula = "o_i = sum_{j: layout[i / block][j / block]} softmax_j(scale q_i.k_j) v_j",
    .cite = "Child et al., 2019; Dao et al.: FlashAttention, 2022, section 3.3",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_RANDOM | ATTN_CAP_SAME_BITS,
    .time = {2, "n^2 density (dk + dv)"},
    .memory = {1, "threads n / block"},
    .family = "restricted",
    .path = {0, "2"},
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
