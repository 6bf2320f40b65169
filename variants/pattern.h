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

struct pattern_run { /* neighbouring keys first .. end - 1: ordinals at .. of their axis */
    int first, end, at;
};

/* Rows that see the same keys: parts of `rows` queries, before them one of `lead` queries where that is not 0. No step,
   lists or hidden keys stand beside them. */
struct pattern_parts {
    int lead, rows;
    int heads; /* head h sees what head h % heads does */
    int most;  /* so many are written for a part at most */
    /* Writes first and end of the runs of a part, in the end ascending and apart; returns how many. */
    int (*runs)(const void *context, const struct attn_problem *, int h, int part, struct pattern_run *);
    const void *context;
};

/* Keys and values beside those of the call, the same for every item; neither mask nor length nor bias touches them. */
struct pattern_source {
    struct attn_view k, v; /* of each query head [count] */
    int count;
};

struct pattern {
    int head, heads; /* for heads head .. head + heads - 1; heads 0: for all */
    int left, right; /* t - left <= j <= t + right; negative values move a side past t */
    int from, until; /* from <= j < until; until 0: no matter */
    int step;        /* 1: no matter; else j = t modulo step */
    int within;      /* 0: no matter; else j in the stretch of so many positions around t */
    int before;      /* 0: no matter; else j before the stretch of so many positions around t */
    int tokens;      /* the query is a token too: where key t does not exist it sees nothing */
    const struct pattern_list *keys;     /* NULL: no matter; else j in keys[b * key_lists + h % key_lists] */
    int key_lists, key_lists_per_batch;  /* lists for the heads; 1 where each batch item has its own */
    const struct pattern_list *queries;  /* NULL: all rows; else those in queries[b] */
    const unsigned char *hidden;         /* NULL: no matter; else j with hidden[b * nk + j] == 0 */
    const struct pattern_parts *parts;   /* NULL: no matter; else j in the runs of row i's part */
    const struct pattern_source *source; /* NULL: the call's keys; else all of these, whatever stands above */
};

/* Rows by their ordinals: an arithmetic progression, where x stands for row first + step x; a list of rows; or the rows
   of runs. */
struct pattern_axis {
    int first, step, count;
    const int *index;               /* NULL: no list */
    const struct pattern_run *runs; /* NULL: no runs */
    int nruns;
};

/* The run that holds ordinal x, which is one of the axis. */
const struct pattern_run *pattern_run_of(const struct pattern_axis *, int x);

static inline int pattern_row(const struct pattern_axis *axis, int x) {
    if (axis->runs) {
        const struct pattern_run *run = pattern_run_of(axis, x);
        return run->first + x - run->at;
    }
    return axis->index ? axis->index[x] : axis->first + axis->step * x;
}

/* The end of the ordinals from x on, before `end`, whose rows are neighbours. */
int pattern_stretch(const struct pattern_axis *, int x, int end);

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

/* The keys that row i may see, as ordinals [*lo, *hi) of the key axis; hidden keys come on top. */
void pattern_span(const struct pattern_view *, int i, int *lo, int *hi);

int pattern_part_count(const struct pattern_parts *, int nq);
int pattern_part_of(const struct pattern_parts *, int i); /* the part of row i */

/* Narrows a view to the rows and keys of one part; `room` takes its runs and has to outlive the view. */
void pattern_narrow(struct pattern_view *, int part, struct pattern_run *room);

/* Runs in any order, which may be empty, touch or overlap, become ascending and apart; the new count. */
int pattern_join_runs(struct pattern_run *, int count);

/* Pairs (query, key) of all heads when every key is valid. */
double pattern_pairs(const struct attn_problem *, const struct pattern *, int count);

#endif
