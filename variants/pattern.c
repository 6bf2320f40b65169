/* pattern.c -- which keys a query sees. */
#include "pattern.h"

#include <stdlib.h>

#include "parts.h"

int pattern_below(const struct pattern_axis *axis, int end) {
    int lo = 0, hi = axis->count;
    if (!axis->index) {
        long beyond = (long)end - axis->first;
        return beyond <= 0 ? 0 : clamp_int((beyond + axis->step - 1) / axis->step, 0, axis->count);
    }
    while (lo < hi) {
        int middle = lo + (hi - lo) / 2;
        if (axis->index[middle] < end) lo = middle + 1;
        else hi = middle;
    }
    return lo;
}

/* The rows below n that stand at `first` and every `step` after it. */
static struct pattern_axis progression(int first, int step, int n) {
    return (struct pattern_axis){first, step, first < n ? (n - first - 1) / step + 1 : 0, NULL};
}

static struct pattern_axis listed(const struct pattern_list *list) {
    return (struct pattern_axis){0, 1, list->count, list->index};
}

static int modulo(long x, int n) { return (int)(((x % n) + n) % n); }

struct pattern_view pattern_view(const struct pattern *x, const struct attn_problem *p, int b, int h,
                                 int keys, int class) {
    struct pattern_view v = {x, p, b, h, keys, attn_offset(p, keys), {0}, {0}};
    int step = pattern_classes(x);
    v.queries =
        x->queries ? listed(&x->queries[b]) : progression(modulo((long)class - v.offset, step), step, p->nq);
    v.key_axis = x->keys
                     ? listed(&x->keys[(x->key_lists_per_batch ? b * x->key_lists : 0) + h % x->key_lists])
                     : progression(class, step, keys);
    return v;
}

/* The first position of the stretch of n positions around t. */
static long stretch(long t, int n) { return t - modulo(t, n); }

void pattern_span(const struct pattern_view *v, int i, int *lo, int *hi) {
    const struct pattern *x = v->pattern;
    long t = (long)i + v->offset, from = t - x->left, to = t + x->right + 1;
    int end = attn_visible(v->problem, v->keys, i);
    if (x->within) {
        long own = stretch(t, x->within);
        from = own > from ? own : from;
        to = own + x->within < to ? own + x->within : to;
    }
    if (x->before && stretch(t, x->before) < to) to = stretch(t, x->before);
    if (x->from > from) from = x->from;
    if (x->until && x->until < to) to = x->until;
    if (x->tokens && (t < 0 || t >= v->keys)) to = 0;
    *hi = pattern_below(&v->key_axis, clamp_int(to, 0, end));
    *lo = min_int(pattern_below(&v->key_axis, clamp_int(from, 0, v->keys)), *hi);
}

static int is_hidden(const struct pattern_view *v, int o) {
    const unsigned char *hidden = v->pattern->hidden;
    return hidden && hidden[(size_t)v->b * (size_t)v->problem->nk + (size_t)pattern_row(&v->key_axis, o)];
}

/* For each ordinal of the key axis, the keys before it that are not hidden; the caller frees it. NULL: none is. */
static int *count_shown(const struct pattern_view *v) {
    int n = v->key_axis.count, *before = v->pattern->hidden ? malloc(((size_t)n + 1) * sizeof *before) : NULL;
    if (!v->pattern->hidden) return NULL;
    if (!before) abort();
    before[0] = 0;
    for (int o = 0; o < n; o++) before[o + 1] = before[o] + !is_hidden(v, o);
    return before;
}

/* Keys [lo, hi) of row i that are neither hidden nor outside the layout. */
static double shown(const struct pattern_view *v, const int *before, int i, int lo, int hi) {
    const struct pattern *x = v->pattern;
    double pairs = 0;
    if (!x->layout) return before ? before[hi] - before[lo] : hi - lo;
    for (int o = lo; o < hi; o++)
        pairs += !is_hidden(v, o) && pattern_block(v, i, pattern_row(&v->key_axis, o) / x->block);
    return pairs;
}

static double pairs_of_head(const struct attn_problem *p, const struct pattern *pattern, int b, int h) {
    double pairs = 0;
    for (int class = 0; class < pattern_classes(pattern); class ++) {
        struct pattern_view v = pattern_view(pattern, p, b, h, p->nk, class);
        int *before = count_shown(&v);
        for (int x = 0; x < v.queries.count; x++) {
            int i = pattern_row(&v.queries, x), lo, hi;
            if (modulo((long)i + v.offset, pattern_classes(pattern)) != class) continue;
            pattern_span(&v, i, &lo, &hi);
            pairs += shown(&v, before, i, lo, hi);
        }
        free(before);
    }
    return pairs;
}

/* Items and heads that see the same are counted once. */
double pattern_pairs(const struct attn_problem *p, const struct pattern *patterns, int count) {
    double pairs = 0;
    for (int t = 0; t < count; t++) {
        const struct pattern *x = &patterns[t];
        int first = x->heads ? x->head : 0, heads = x->heads ? x->heads : p->heads;
        int kinds = x->layout ? heads : x->keys ? min_int(x->key_lists, heads) : 1;
        int items = x->queries || x->hidden || x->key_lists_per_batch ? p->batch : 1;
        for (int b = 0; b < items; b++)
            for (int h = 0; h < kinds; h++) {
                double alike = (double)(p->batch / items) * ((heads - h + kinds - 1) / kinds);
                pairs += alike * pairs_of_head(p, x, b, first + h);
            }
    }
    return pairs;
}
