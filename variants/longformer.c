/*
 * longformer.c -- a sliding window, dilated in some heads, and a few tokens that see and are seen by all.
 *
 *   o_i = sum_j softmax_j(scale q_i . k_j) v_j      over global j and window j: t - j = D_h r, |r| <= window
 *   o_g = sum_j softmax_j(scale q'_g . k'_j) v'_j   over all j, for a query that is a global token
 *
 * with t the position of query i, D_h the dilation of its head, and q', k', v' the tensors q_g, k_g, v_g: the
 * same tokens under projections of their own, which start as copies of the others and by default are q, k
 * and v. A global key inside the window counts once. A causal mask drops what lies ahead, in both lines.
 * Source: Beltagy, Peters, Cohan, "Longformer: the long-document Transformer", 2020, section 3; the order of
 * the joint softmax and the zero rows of padding follow the authors' program.
 * Departures: none. `window` is one-sided; Hugging Face's attention_window is twice as large.
 *
 * Queries are tokens of the sequence that the keys are, their ends aligned where nq != nk; a query whose own
 * token is padding gives zeros. A dilated head is dense in steps of D_h (pattern.h).
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "softmax.h"
#include "tiles.h"

struct params {
    int window, dilation, dilated_heads, globals;
};

static const struct attn_param table[] = {
    {"window", ATTN_INT, offsetof(struct params, window), 256, 0, 1 << 20, NULL,
     "keys on each side of the query, besides its own"},
    {"dilation", ATTN_INT, offsetof(struct params, dilation), 1, 1, 1 << 10, NULL,
     "D: a dilated head takes every D-th key, over D times the window"},
    {"dilated_heads", ATTN_INT, offsetof(struct params, dilated_heads), -1, -1, 1 << 20, NULL,
     "how many heads are dilated, the last ones; -1: all"},
    {"globals", ATTN_INT, offsetof(struct params, globals), 1, 0, 1 << 20, NULL,
     "tokens at the start of the sequence that are global, besides those of marks"},
    {0},
};

enum { Q_G, K_G, V_G, MARKS };
static const struct attn_tensor tensors[] = {
    {"q_g", ATTN_INPUT, "b h nq dk", "q", 0, NULL, "queries of global tokens"},
    {"k_g", ATTN_INPUT, "b hk nk dk", "k", 0, NULL, "keys for queries of global tokens"},
    {"v_g", ATTN_INPUT, "b hk nk dv", "v", 0, NULL, "values for queries of global tokens"},
    {"marks", ATTN_INPUT, "b nk", NULL, 0, NULL, "tokens above 0 are global; without a file none"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static int is_global(const struct params *x, const struct attn_view *views, int b, int token) {
    return token < x->globals || (views && attn_row(&views[MARKS], b, 0, 0)[token] > 0);
}

static int dilated(const struct attn_problem *p, const struct params *x) {
    if (x->dilation == 1) return 0;
    return x->dilated_heads < 0 ? p->heads : min_int(x->dilated_heads, p->heads);
}

/* ---- lists of global tokens, and patterns over them ----------------------------------------------- */

struct lists {
    struct pattern_list *keys, *queries; /* [batch] */
    unsigned char *is_global;            /* [batch][nk] */
};

static size_t lists_bytes(const struct attn_problem *p) {
    size_t b = (size_t)p->batch;
    return 2 * aligned(b * sizeof(struct pattern_list)) + aligned(b * (size_t)p->nk) +
           aligned(b * (size_t)p->nk * sizeof(int)) + aligned(b * (size_t)p->nq * sizeof(int));
}

/* key_lengths may be NULL. */
static struct lists list_globals(const struct attn_problem *p, const struct params *x,
                                 const struct attn_view *views, const int *key_lengths, char *at) {
    size_t b_count = (size_t)p->batch;
    struct lists made;
    made.keys = cut(&at, b_count * sizeof *made.keys);
    made.queries = cut(&at, b_count * sizeof *made.queries);
    made.is_global = cut(&at, b_count * (size_t)p->nk);
    int *key = cut(&at, b_count * (size_t)p->nk * sizeof *key), *query = (int *)at;
    for (int b = 0; b < p->batch; b++) {
        int keys = key_lengths ? key_lengths[b] : p->nk, offset = attn_offset(p, keys);
        made.keys[b] = (struct pattern_list){0, key};
        made.queries[b] = (struct pattern_list){0, query};
        for (int j = 0; j < p->nk; j++) {
            int global = j < keys && is_global(x, views, b, j), i = j - offset;
            made.is_global[(size_t)b * (size_t)p->nk + (size_t)j] = (unsigned char)global;
            if (!global) continue;
            *key++ = j;
            made.keys[b].count++;
            if (i < 0 || i >= p->nq) continue;
            *query++ = i;
            made.queries[b].count++;
        }
    }
    return made;
}

enum { PATTERNS = 3 };

/* What a query that is no global token sees; returns the number of patterns. */
static int make_patterns(const struct attn_problem *p, const struct params *x, const struct lists *lists,
                         struct pattern made[PATTERNS]) {
    int count = 0, spread = dilated(p, x);
    struct pattern window = {.left = x->window, .right = x->window, .tokens = 1, .hidden = lists->is_global};
    made[count++] = (struct pattern){.left = PATTERN_OPEN,
                                     .right = PATTERN_OPEN,
                                     .tokens = 1,
                                     .keys = lists->keys,
                                     .key_lists = 1,
                                     .key_lists_per_batch = 1};
    if (spread < p->heads) {
        made[count] = window;
        made[count++].heads = p->heads - spread;
    }
    if (spread > 0) {
        window.head = p->heads - spread;
        window.heads = spread;
        window.step = x->dilation;
        window.left = window.right = x->window * x->dilation;
        made[count++] = window;
    }
    return count;
}

static struct pattern global_pattern(const struct lists *lists) {
    return (struct pattern){
        .left = PATTERN_OPEN, .right = PATTERN_OPEN, .tokens = 1, .queries = lists->queries};
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = aligned(lists_bytes(p)) + tiles_scratch(p, PATTERNS);
}

static void forward(const struct attn_call *c) {
    struct attn_call call = *c;
    struct pattern made[PATTERNS];
    struct lists lists = list_globals(c->problem, of(c->params), c->tensors, c->key_lengths, c->scratch);
    struct pattern global = global_pattern(&lists);
    call.scratch = (char *)c->scratch + aligned(lists_bytes(c->problem));
    tiles_patterns(&call, made, make_patterns(c->problem, of(c->params), &lists, made));
    call.q = c->tensors[Q_G];
    call.k = c->tensors[K_G];
    call.v = c->tensors[V_G];
    tiles_patterns(&call, &global, 1);
}

/* ---- definition ---------------------------------------------------------------------------------- */

static int position(const struct attn_call *c, int b, int i) {
    return i + attn_offset(c->problem, attn_keys(c, b));
}

static int allowed(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const struct params *x = of(c->params);
    int t = position(c, b, i), step = h >= c->problem->heads - dilated(c->problem, x) ? x->dilation : 1;
    (void)context;
    if (t < 0 || t >= attn_keys(c, b)) return 0;
    if (is_global(x, c->tensors, b, t) || is_global(x, c->tensors, b, j)) return 1;
    return (t - j) % step == 0 && abs(t - j) / step <= x->window;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .allowed = allowed};
    struct attn_call global = *c;
    global.q = c->tensors[Q_G];
    global.k = c->tensors[K_G];
    global.v = c->tensors[V_G];
    (void)outside;
    for (int r = 0; r < nrows; r++) {
        int t = position(c, b, rows[r]);
        int is_token = t >= 0 && t < attn_keys(c, b);
        softmax_rows(is_token && is_global(of(c->params), c->tensors, b, t) ? &global : c, &rule, b, h,
                     &rows[r], 1, weights ? weights + (size_t)r * (size_t)c->problem->nk : NULL,
                     out + (size_t)r * (size_t)c->problem->dv, NULL, NULL);
    }
}

static void cost(const struct attn_problem *whole, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    struct attn_problem item = *whole, *p = &item;
    struct pattern made[PATTERNS];
    if (!views) item.batch = 1; /* all have the same tokens */
    char *block = malloc(lists_bytes(p));
    if (!block) abort();
    struct lists lists = list_globals(p, of(params), views, NULL, block);
    struct pattern global = global_pattern(&lists);
    double pairs = pattern_pairs(p, &global, 1), repeated = 0;
    int count = make_patterns(p, of(params), &lists, made);
    pairs += pattern_pairs(p, made, count);
    for (int t = 0; t < count; t++) { /* the rows of global tokens are counted above */
        struct pattern x = made[t];
        x.queries = lists.queries;
        repeated += pattern_pairs(p, &x, 1);
    }
    parts_softmax_cost(whole, (pairs - repeated) / ((double)p->batch * p->heads), cost);
    free(block);
}

/* A global token relays what it hears, which is nothing of what lies behind it under a causal mask. */
static void growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    const struct params *x = of(params);
    if (x->globals == 0 || mask != ATTN_MASK_NONE)
        g->path = x->window ? (struct attn_growth){1, "n / window"} : (struct attn_growth){NAN, "none"};
}

const struct attn_variant attn_variant_longformer = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "longformer",
    .brief = "a sliding window, dilated in some heads, and global tokens with projections of their own",
    .formula =
        "o_i = sum_{j global or |t - j| / D <= window} softmax_j(scale q_i.k_j) v_j; global rows: all j",
    .cite = "Beltagy, Peters, Cohan: Longformer, 2020",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS,
    .time = {1, "n (window + globals) (dk + dv)"},
    .memory = {1, "batch heads n"},
    .family = "restricted",
    .path = {0, "2"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = growth,
};
