/*
 * sparse.c -- the factorised patterns of the Sparse Transformer.
 *
 * Query at position t, stride l, two sets of keys j <= t:
 *
 *   strided   A1 = { j : t - l <= j }                      A2 = { j : (t - j) mod l = 0 }
 *   fixed     A1 = { j : floor(j / l) = floor(t / l) }     A2 = { j : j mod l >= l - c }
 *
 * "merged" heads see A1 and A2 together; with "split" the first half of the heads sees A1 and the rest A2,
 * where the first rows of the fixed pattern see nothing and are zeros.
 * Source: Child, Gray, Radford, Sutskever, "Generating long sequences with sparse Transformers", 2019,
 * sections 4.2 and 4.3. With l near sqrt(n) the work is n^1.5, with an l of its own n^2 / l.
 *
 * Forms: "paper" as above. "code" is the authors' program: the strided A1 has l keys, not l + 1, and
 * head h takes sub-block h mod subblocks of c columns, counted from the end of each stretch of l. "lra" is
 * the fixed pattern of the Long Range Arena, whose A2 has the columns j mod l = 0 as well.
 *
 * The strided A2 is dense where the sequence is read in steps of l: rows of one class modulo l form a small
 * causal product (pattern.h, step). The columns of the fixed A2 are copied together for each unit of queries.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parts.h"
#include "softmax.h"
#include "tiles.h"

enum pattern_name { STRIDED, FIXED };
enum form { PAPER, CODE, LRA };
enum combine { MERGED, SPLIT };

struct params {
    int pattern, form, combine, stride, summary, subblocks;
};

static const char *const patterns[] = {"strided", "fixed", NULL};
static const char *const forms[] = {"paper", "code", "lra", NULL};
static const char *const combines[] = {"merged", "split", NULL};
static const struct attn_param table[] = {
    {"pattern", ATTN_CHOICE, offsetof(struct params, pattern), STRIDED, 0, 0, patterns,
     "strided: the last l keys and every l-th; fixed: the stretch of l and summary columns before it"},
    {"form", ATTN_CHOICE, offsetof(struct params, form), PAPER, 0, 0, forms,
     "which published definition; lra is one of the fixed pattern"},
    {"heads", ATTN_CHOICE, offsetof(struct params, combine), MERGED, 0, 0, combines,
     "merged: every head sees both sets; split: half of the heads each"},
    {"stride", ATTN_INT, offsetof(struct params, stride), 0, 0, 1 << 24, NULL,
     "l, in positions; 0: the square root of nk, rounded up"},
    {"summary", ATTN_INT, offsetof(struct params, summary), 8, 1, 1 << 24, NULL,
     "c, summary columns in each stretch of the fixed pattern; at most l"},
    {"subblocks", ATTN_INT, offsetof(struct params, subblocks), 4, 1, 1 << 10, NULL,
     "sub-blocks of c columns over which the heads take turns; form code, at most l / c"},
    {0},
};

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    const struct params *x = params;
    if (p->mask == ATTN_MASK_NONE)
        snprintf(error->text, sizeof error->text,
                 "the sets of the Sparse Transformer are causal; mask none has none");
    else if (x->pattern == STRIDED && x->form == LRA)
        snprintf(error->text, sizeof error->text, "form = \"lra\" is one of pattern = \"fixed\"");
    else return 0;
    return -1;
}

/* ---- sizes --------------------------------------------------------------------------------------- */

static int stride(const struct attn_problem *p, const void *params) {
    int l = ((const struct params *)params)->stride;
    return l ? l : (int)ceil(sqrt(p->nk));
}

static int summary(const struct attn_problem *p, const void *params) {
    return min_int(((const struct params *)params)->summary, stride(p, params));
}

/* Groups of heads with summary columns of their own. */
static int subblocks(const struct attn_problem *p, const void *params) {
    const struct params *x = params;
    return x->form == CODE ? min_int(x->subblocks, stride(p, params) / summary(p, params)) : 1;
}

static int first_half(const struct attn_problem *p) { return p->heads - p->heads / 2; }

/* ---- patterns ------------------------------------------------------------------------------------ */

/* State: a list of summary columns for each sub-block, then their indices. */
static size_t most_columns(const struct attn_problem *p, const void *params) {
    return (size_t)(p->nk / stride(p, params) + 1) * (size_t)(summary(p, params) + 1);
}

static size_t lists_bytes(const struct attn_problem *p, const void *params) {
    size_t lists = (size_t)subblocks(p, params);
    return aligned(lists * sizeof(struct pattern_list)) +
           aligned(lists * most_columns(p, params) * sizeof(int));
}

static void list_columns(const struct attn_problem *p, const void *params, void *block) {
    const struct params *x = params;
    int l = stride(p, params), c = summary(p, params), lists = subblocks(p, params);
    char *at = block;
    struct pattern_list *list = cut(&at, (size_t)lists * sizeof *list);
    int *index = (int *)at;
    for (int s = 0; s < lists; s++) {
        int end = l - s * c, n = 0;
        for (int begin = 0; begin < p->nk; begin += l) {
            if (x->form == LRA && end - c > 0) index[n++] = begin;
            for (int j = begin + end - c; j < min_int(begin + end, p->nk); j++) index[n++] = j;
        }
        list[s] = (struct pattern_list){n, index};
        index += most_columns(p, params);
    }
}

enum { PATTERNS = 2 };

static void make_patterns(const struct attn_problem *p, const void *params, const void *lists,
                          struct pattern made[PATTERNS]) {
    const struct params *x = params;
    int l = stride(p, params), split = x->combine == SPLIT, near = x->form == CODE ? l - 1 : l;
    struct pattern *local = &made[0], *far = &made[1];
    *local = *far = (struct pattern){.left = PATTERN_OPEN};
    if (x->pattern == STRIDED) {
        local->left = near;
        far->step = l;
        far->right = split ? 0 : -near - 1;
    } else {
        local->within = l;
        far->before = split ? 0 : l;
        far->keys = lists;
        far->key_lists = subblocks(p, params);
    }
    if (!split) return;
    local->heads = far->head = first_half(p);
    far->heads = p->heads - far->head;
}

/* A pattern for no head at all would stand for every head. */
static int pattern_count(const struct attn_problem *p, const void *params) {
    return ((const struct params *)params)->combine == SPLIT && p->heads == 1 ? 1 : PATTERNS;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->state = lists_bytes(p, params);
    need->scratch = tiles_scratch(p, pattern_count(p, params));
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)error;
    list_columns(p, params, state);
    return 0;
}

static void forward(const struct attn_call *c) {
    struct pattern made[PATTERNS];
    make_patterns(c->problem, c->params, c->state, made);
    tiles_patterns(c, made, pattern_count(c->problem, c->params));
}

/* ---- definition ---------------------------------------------------------------------------------- */

static int in_first(const struct params *x, int l, int t, int j) {
    if (x->pattern == FIXED) return j / l == t / l;
    return j >= t - (x->form == CODE ? l - 1 : l);
}

static int in_second(const struct params *x, int l, int c, int subs, int h, int t, int j) {
    if (x->pattern == STRIDED) return (t - j) % l == 0;
    if (x->form == LRA && j % l == 0) return 1;
    int sub = x->form == CODE ? h % subs : 0;
    return j % l >= l - (sub + 1) * c && j % l < l - sub * c;
}

static int allowed(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const struct attn_problem *p = c->problem;
    const struct params *x = c->params;
    int l = stride(p, x), t = i + attn_offset(p, attn_keys(c, b));
    int first = in_first(x, l, t, j), second = in_second(x, l, summary(p, x), subblocks(p, x), h, t, j);
    (void)context;
    if (x->combine == MERGED) return first || second;
    return h < first_half(p) ? first : second;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = 0, .allowed = allowed};
    (void)outside;
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    struct pattern made[PATTERNS];
    void *lists = malloc(lists_bytes(p, params));
    (void)views;
    if (!lists) abort();
    list_columns(p, params, lists);
    make_patterns(p, params, lists, made);
    parts_softmax_cost(p, pattern_pairs(p, made, pattern_count(p, params)) / ((double)p->batch * p->heads),
                       cost);
    free(lists);
}

/* A stride that does not follow n leaves a share of all pairs. */
static void growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    const struct params *x = params;
    (void)mask;
    if (x->stride == 0) return;
    g->time = (struct attn_growth){2, x->pattern == FIXED ? "n (stride + n summary / stride) (dk + dv)"
                                                          : "n (stride + n / stride) (dk + dv)"};
}

const struct attn_variant attn_variant_sparse = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "sparse",
    .brief = "Sparse Transformer: strided or fixed factorised patterns",
    .formula = "o_i = sum_{j in A1(i) or A2(i)} softmax_j(scale q_i.k_j) v_j",
    .cite = "Child, Gray, Radford, Sutskever: Generating long sequences with sparse Transformers, 2019",
    .kind = ATTN_SUBSET_SOFTMAX,
    .caps = ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_BIAS |
            ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS |
            ATTN_CAP_SAME_BITS,
    .time = {1.5, "n sqrt(n) (dk + dv)"},
    .memory = {1, "batch heads n"},
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
