/* advice.c -- in words: which mechanism errs least for its time, and for its memory. */
#include "advice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "row.h"
#include "text.h"

struct candidate {
    const char *label;
    double price, low, high; /* of time or memory, with its interval */
    double error;
};

static int by_price(const void *x, const void *y) {
    const struct candidate *a = x, *b = y;
    if (a->price != b->price) return a->price < b->price ? -1 : 1;
    return (a->error > b->error) - (a->error < b->error);
}

/* Is there a figure of the row that counts here? */
static int judged(const struct doc *row) {
    return row_is_ok(row) && strcmp(doc_str(row, "kind", ""), "control") != 0 &&
           doc_is_number(doc_get(row, "accuracy.softmax.rel_fro"));
}

static int is_better_than_mean(const struct doc *row) {
    return doc_num(row, "accuracy.softmax.skill", 1) > 0;
}

static int take_time(struct candidate *c, const struct doc *row) {
    const struct doc *ci = doc_get(row, "time.ci_ns");
    c->price = doc_num(row, "time.median_ns", (double)NAN);
    c->low = ci ? doc_as_num(doc_at(ci, 0)) : c->price;
    c->high = ci ? doc_as_num(doc_at(ci, 1)) : c->price;
    return !isnan(c->price);
}

static int take_memory(struct candidate *c, const struct doc *row) {
    c->price = doc_num(row, "memory.state_bytes", (double)NAN) + doc_num(row, "memory.scratch_bytes", 0);
    c->low = c->high = c->price;
    return !isnan(c->price);
}

static const char *show_ns(double ns) { return show_seconds(ns * 1e-9); }

/* The candidates that err less than all that cost no more, cheapest first, in place; how many. */
static size_t front_of(struct candidate *all, size_t n) {
    size_t kept = 0;
    qsort(all, n, sizeof *all, by_price);
    for (size_t i = 0; i < n; i++) {
        if (kept && all[i].error >= all[kept - 1].error) continue;
        while (kept && all[i].low <= all[kept - 1].high) kept--; /* as cheap as far as one can tell */
        all[kept++] = all[i];
    }
    return kept;
}

static void print_front(const struct slice *s, size_t at, const char *what,
                        int (*take)(struct candidate *, const struct doc *), const char *(*show)(double)) {
    struct candidate *all = xmalloc((s->ncurves + 1) * sizeof *all);
    size_t n = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct doc *row = s->curves[c].rows[at];
        if (!judged(row) || !is_better_than_mean(row)) continue;
        all[n] =
            (struct candidate){.label = s->curves[c].label,
                               .error = fmax(doc_num(row, "accuracy.softmax.rel_fro", 0), ACCURACY_EXACT)};
        n += (size_t)take(&all[n], row);
    }
    size_t kept = front_of(all, n);
    if (kept) printf("  Least error for its %s at %s = %.10g: ", what, s->axis, s->x[at]);
    for (size_t i = 0; i < kept; i++) {
        printf("%s%s (%s, ", i ? ", " : "", all[i].label, show(all[i].price));
        if (all[i].error <= ACCURACY_EXACT) printf("exact)");
        else printf("%.3f)", all[i].error);
    }
    if (kept) putchar('\n');
    free(all);
}

static void print_no_better(const struct slice *s, size_t at) {
    int any = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct doc *row = s->curves[c].rows[at];
        if (!judged(row) || is_better_than_mean(row)) continue;
        if (!any++) printf("  No better than the mean of V at %s = %.10g: ", s->axis, s->x[at]);
        else printf(", ");
        printf("%s", s->curves[c].label);
    }
    if (any) putchar('\n');
}

void advice_print(const struct slice *s) {
    size_t last = slice_last(s);
    for (size_t i = strcmp(s->axis, "n") ? 0 : last; i <= last; i++) {
        print_front(s, i, "time", take_time, show_ns);
        print_front(s, i, "memory", take_memory, show_bytes);
        print_no_better(s, i);
    }
}
