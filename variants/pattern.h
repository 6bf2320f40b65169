/*
 * pattern.h -- which keys a query sees: the language in which subset mechanisms talk to tiles.c.
 *
 * A query at position t on the axis of the keys (t = i + attn_offset()) sees the keys j that satisfy every
 * line of the pattern, and mask and key length besides. A mechanism is a list of patterns over which the
 * softmax of a row runs on; no pair may stand in two of them.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include "attn.h"

enum { PATTERN_OPEN = 1 << 30 }; /* a side of the window without an end */

struct pattern_list { /* of keys or queries, ascending */
    int count;
    const int *index;
};

struct pattern {
    int head, heads; /* for heads head .. head + heads - 1; heads 0: for all */
    int left, right; /* t - left <= j <= t + right; negative values move a side past t */
    int from, until; /* from <= j < until; until 0: no matter */
    int step;        /* 1: no matter; else j = t modulo step */
    int within;      /* 0: no matter; else j in the stretch of so many positions around t */
    int before;      /* 0: no matter; else j before the stretch of so many positions around t */
    int tokens;      /* the query is a token too: where key t does not exist it sees nothing */
    const struct pattern_list *keys;    /* NULL: no matter; else j in keys[b * key_lists + h % key_lists] */
    int key_lists, key_lists_per_batch; /* lists for the heads; 1 where each batch item has its own */
    const struct pattern_list *queries; /* NULL: all rows; else those in queries[b] */
    const unsigned char *hidden;        /* NULL: no matter; else j with hidden[b * nk + j] == 0 */
    const struct attn_view *layout;     /* NULL: no matter; else entry (h, i / block, j / block) > 0.5 */
    int block;
};

/* An arithmetic progression of rows, or a list of them: ordinal x stands for row first + step x or index[x]. */
struct pattern_axis {
    int first, step, count;
    const int *index; /* NULL: the progression */
};

static inline int pattern_row(const struct pattern_axis *axis, int x) {
    return axis->index ? axis->index[x] : axis->first + axis->step * x;
}

/* Ordinals of rows below `end`. */
int pattern_below(const struct pattern_axis *, int end);

/* One head of a call under a pattern; a pattern with a step falls into that many classes of rows. */
struct pattern_view {
    const struct pattern *pattern;
    const struct attn_problem *problem;
    int b, h, keys, offset; /* keys: the valid ones */
    struct pattern_axis queries, key_axis;
};
struct pattern_view pattern_view(const struct pattern *, const struct attn_problem *, int b, int h, int keys,
                                 int class);

static inline int pattern_classes(const struct pattern *x) { return x->step > 1 ? x->step : 1; }
static inline int pattern_has_head(const struct pattern *x, int h) {
    return !x->heads || (h >= x->head && h < x->head + x->heads);
}

/* The keys that row i may see, as ordinals [*lo, *hi) of the key axis; hidden keys and layout come on top. */
void pattern_span(const struct pattern_view *, int i, int *lo, int *hi);

/* Is block `kb` of the keys in the layout for row i? */
static inline int pattern_block(const struct pattern_view *v, int i, int kb) {
    return attn_row(v->pattern->layout, 0, v->h, i / v->pattern->block)[kb] > 0.5f;
}

/* Pairs (query, key) of all heads when every key is valid. */
double pattern_pairs(const struct attn_problem *, const struct pattern *, int count);

#endif
