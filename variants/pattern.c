/* pattern.c -- which keys a query sees. */
#include "pattern.h"

#include <stdlib.h>

#include "parts.h"

/* ---- axes ---------------------------------------------------------------------------------------- */

const struct pattern_run *pattern_run_of(const struct pattern_axis *axis, int x) {
    int lo = 0, hi = axis->nruns; /* the first run that opens after x */
    while (lo < hi) {
        int middle = lo + (hi - lo) / 2;
        if (axis->runs[middle].at <= x) lo = middle + 1;
        else hi = middle;
    }
    return &axis->runs[lo - 1];
}

int pattern_stretch(const struct pattern_axis *axis, int x, int end) {
    if (axis->runs) {
        const struct pattern_run *run = pattern_run_of(axis, x);
        return min_int(end, run->at + run->end - run->first);
    }
    return axis->index || axis->step != 1 ? x + 1 : end;
}

static int below_in_runs(const struct pattern_axis *axis, int end) {
    int lo = 0, hi = axis->nruns; /* the first run that opens at `end` or later */
    while (lo < hi) {
        int middle = lo + (hi - lo) / 2;
        if (axis->runs[middle].first < end) lo = middle + 1;
        else hi = middle;
    }
    if (lo == 0) return 0;
    const struct pattern_run *run = &axis->runs[lo - 1];
    return run->at + min_int(end, run->end) - run->first;
}

int pattern_below(const struct pattern_axis *axis, int end) {
    int lo = 0, hi = axis->count;
    if (axis->runs) return below_in_runs(axis, end);
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
    return (struct pattern_axis){
        .first = first, .step = step, .count = first < n ? (n - first - 1) / step + 1 : 0};
}

static struct pattern_axis listed(const struct pattern_list *list) {
    return (struct pattern_axis){.step = 1, .count = list->count, .index = list->index};
}

/* ---- one head ------------------------------------------------------------------------------------ */

static int modulo(long x, int n) { return (int)(((x % n) + n) % n); }

struct pattern_view pattern_view(const struct pattern *x, const struct attn_problem *p, int b, int h,
                                 int keys, int class) {
    struct pattern_view v = {x, p, b, h, keys, attn_offset(p, keys), {0}, {0}};
    int step = pattern_classes(x);
    v.queries =
        x->queries ? listed(&x->queries[b]) : progression(modulo((long)class - v.offset, step), step, p->nq);
    v.key_axis = x->source ? progression(0, 1, x->source->count)
                 : x->keys
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
    if (x->source) {
        *lo = 0, *hi = v->key_axis.count;
        return;
    }
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

/* ---- parts --------------------------------------------------------------------------------------- */

int pattern_part_count(const struct pattern_parts *x, int nq) {
    return (x->lead > 0) + ceil_div(max_int(nq - x->lead, 0), x->rows);
}

int pattern_part_of(const struct pattern_parts *x, int i) {
    return i < x->lead ? 0 : (x->lead > 0) + (i - x->lead) / x->rows;
}

/* Most are in order already. */
static void sort_runs(struct pattern_run *runs, int count) {
    for (int x = 1; x < count; x++) {
        struct pattern_run run = runs[x];
        int at = x;
        for (; at > 0 && runs[at - 1].first > run.first; at--) runs[at] = runs[at - 1];
        runs[at] = run;
    }
}

int pattern_join_runs(struct pattern_run *runs, int count) {
    int made = 0;
    sort_runs(runs, count);
    for (int x = 0; x < count; x++) {
        if (runs[x].first >= runs[x].end) continue;
        if (made > 0 && runs[x].first <= runs[made - 1].end)
            runs[made - 1].end = max_int(runs[made - 1].end, runs[x].end);
        else runs[made++] = runs[x];
    }
    return made;
}

void pattern_narrow(struct pattern_view *v, int part, struct pattern_run *room) {
    const struct pattern_parts *x = v->pattern->parts;
    const struct attn_problem *p = v->problem;
    int led = x->lead > 0, first = part < led ? 0 : x->lead + (part - led) * x->rows,
        rows = part < led ? x->lead : x->rows, count = 0;
    struct pattern_axis *axis = &v->key_axis;
    v->queries = (struct pattern_axis){.first = first, .step = 1, .count = min_int(rows, p->nq - first)};
    *axis = (struct pattern_axis){.runs = room, .nruns = x->runs(x->context, p, v->h, part, room)};
    for (int r = 0; r < axis->nruns; r++) {
        room[r].at = count;
        count += room[r].end - room[r].first;
    }
    axis->count = count;
}

/* ---- counting ------------------------------------------------------------------------------------ */

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

/* Pairs of the rows of a view, those of one class of the rows where it has classes. */
static double pairs_of_rows(const struct pattern_view *v, int class) {
    int *before = count_shown(v), classes = pattern_classes(v->pattern);
    double pairs = 0;
    for (int x = 0; x < v->queries.count; x++) {
        int i = pattern_row(&v->queries, x), lo, hi;
        if (modulo((long)i + v->offset, classes) != class) continue;
        pattern_span(v, i, &lo, &hi);
        pairs += before ? before[hi] - before[lo] : hi - lo;
    }
    free(before);
    return pairs;
}

static double pairs_of_parts(const struct pattern_view *whole) {
    const struct pattern_parts *parts = whole->pattern->parts;
    struct pattern_run *room = malloc((size_t)parts->most * sizeof *room);
    double pairs = 0;
    if (!room) abort();
    for (int part = 0; part < pattern_part_count(parts, whole->problem->nq); part++) {
        struct pattern_view v = *whole;
        pattern_narrow(&v, part, room);
        pairs += pairs_of_rows(&v, 0);
    }
    free(room);
    return pairs;
}

static double pairs_of_head(const struct attn_problem *p, const struct pattern *pattern, int b, int h) {
    double pairs = 0;
    for (int class = 0; class < pattern_classes(pattern); class ++) {
        struct pattern_view v = pattern_view(pattern, p, b, h, p->nk, class);
        pairs += pattern->parts ? pairs_of_parts(&v) : pairs_of_rows(&v, class);
    }
    return pairs;
}

/* How many heads may see something of their own: after so many they repeat. */
static int kinds_of_heads(const struct pattern *x, int heads) {
    if (x->parts) return min_int(x->parts->heads, heads);
    return x->keys ? min_int(x->key_lists, heads) : 1;
}

/* Items and heads that see the same are counted once. */
double pattern_pairs(const struct attn_problem *p, const struct pattern *patterns, int count) {
    double pairs = 0;
    for (int t = 0; t < count; t++) {
        const struct pattern *x = &patterns[t];
        int first = x->heads ? x->head : 0, heads = x->heads ? x->heads : p->heads;
        int kinds = kinds_of_heads(x, heads);
        int items = x->queries || x->hidden || x->key_lists_per_batch ? p->batch : 1;
        for (int b = 0; b < items; b++)
            for (int h = 0; h < kinds; h++) {
                double alike = (double)(p->batch / items) * ((heads - h + kinds - 1) / kinds);
                pairs += alike * pairs_of_head(p, x, b, first + h);
            }
    }
    return pairs;
}
