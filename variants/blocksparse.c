/*
 * blocksparse.c -- softmax over the blocks of keys that a layout lists for each block of queries.
 *
 *   o_i = sum_j softmax_j(scale q_i . k_j) v_j     over j with layout[h][i / block][j / block] > 0.5
 *
 * The layout is a tensor of its own: a .npy of zeros and ones for instance, or in a config a function of i / block
 * and j / block; without either its entries are standard normal, so that a random 31 % of the blocks is computed.
 * Mask and key length hold inside a block. Rows whose blocks are all absent are zeros. Blocks are counted from
 * query 0 and key 0.
 * Source: Child et al., "Generating long sequences with sparse Transformers", 2019, section 5.3 (block-sparse
 * kernels); Dao et al., "FlashAttention", 2022, section 3.3.
 * Departures: none. Every block size runs; small ones share less work.
 */
#include "parts.h"
#include "softmax.h"
#include "tiles.h"

struct params {
    int block;
};

static const struct attn_param table[] = {
    {"block", ATTN_INT, offsetof(struct params, block), 64, 1, 1 << 20, NULL, "queries and keys of a block"},
    {0},
};

enum { LAYOUT };
static const struct attn_tensor tensors[] = {
    {"layout", ATTN_WEIGHT, "h nq/block nk/block", NULL, 1, NULL,
     "blocks to compute: above 0.5; by default random, 31 % of them"},
    {0},
};

static const double density_of_default = 0.30853753872598688; /* of normal values, the share above 0.5 */

static int block(const void *params) { return ((const struct params *)params)->block; }

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = tiles_scratch(p, 1);
}

static void forward(const struct attn_call *c) {
    const struct pattern layout = {.left = PATTERN_OPEN,
                                   .right = PATTERN_OPEN,
                                   .layout = &c->tensors[LAYOUT],
                                   .block = block(c->params)};
    tiles_patterns(c, &layout, 1);
}

static int allowed(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    int size = block(c->params);
    (void)b, (void)context;
    return attn_row(&c->tensors[LAYOUT], 0, h, i / size)[j / size] > 0.5f;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .allowed = allowed};
    (void)outside;
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    struct pattern x = {.left = PATTERN_OPEN, .right = PATTERN_OPEN};
    double share = density_of_default;
    if (views) {
        x.layout = &views[LAYOUT];
        x.block = block(params);
        share = 1;
    }
    parts_softmax_cost(p, share * pattern_pairs(p, &x, 1) / ((double)p->batch * p->heads), cost);
}

const struct attn_variant attn_variant_blocksparse = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "blocksparse",
    .brief = "softmax over the blocks of keys that a layout lists",
    .formula = "o_i = sum_{j: layout[i / block][j / block]} softmax_j(scale q_i.k_j) v_j",
    .cite = "Child et al., 2019; Dao et al.: FlashAttention, 2022, section 3.3",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_RANDOM | ATTN_CAP_SAME_BITS,
    .time = {2, "n^2 density (dk + dv)"},
    .memory = {0, "threads (dk + dv)"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
