/* advice.c -- in words: which mechanism errs least for its time, and for its memory. */
#include "advice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "front.h"
#include "row_error.h"
#include "text.h"

static const char *show_ns(double ns) { return show_seconds(ns * 1e-9); }

/* What a front goes by. */
static const struct price {
    enum front_price is;
    const char *name;
    const char *(*show)(double);
} by_time = {FRONT_TIME, "time", show_ns}, by_memory = {FRONT_MEMORY, "memory", show_bytes};

static double price_of(const struct rival *r, const struct price *price) {
    return price->is == FRONT_TIME ? r->ns : r->bytes;
}

/* The candidates at a position that have a price. all has a place for each curve. */
static size_t candidates(const struct slice *s, size_t at, const struct price *price, struct rival *all) {
    size_t n = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        all[n] = rival_of(s->curves[c].label, s->curves[c].rows[at]);
        n += rival_is_candidate(&all[n]) && !isnan(price_of(&all[n], price));
    }
    return n;
}

static void print_one(const struct rival *r, const struct price *price) {
    printf("%s (%s, ", r->label, price->show(price_of(r, price)));
    if (r->error <= ACCURACY_EXACT) printf("exact)");
    else printf("%.3f)", r->error);
}

/* "local and flash cannot be told apart in time": whom the i-th stands for, in one sentence. One that seems to cost more
   and errs more is on the front by noise alone, and not worth a word. */
static void print_alike(const struct rival *all, size_t kept, const size_t *behind, size_t i,
                        const struct price *price) {
    int any = 0;
    for (size_t x = 0; x < kept; x++) {
        if (behind[x] != i || x == i || (x > i && all[x].error > all[i].error)) continue;
        printf("%s", any++ ? ", " : "; ");
        print_one(&all[x], price);
    }
    if (any) printf(" and %s cannot be told apart in %s", all[i].label, price->name);
}

static void print_front(const struct slice *s, size_t at, const struct price *price) {
    struct rival *all = xmalloc((s->ncurves + 1) * sizeof *all);
    size_t *behind = xmalloc((s->ncurves + 1) * sizeof *behind), any = 0;
    size_t kept = front_sort(all, candidates(s, at, price, all), price->is, behind);
    if (kept) printf("  Least error for its %s at %s = %.10g: ", price->name, s->axis, s->x[at]);
    for (size_t i = 0; i < kept; i++) {
        if (behind[i] != i) continue;
        printf("%s", any++ ? ", " : "");
        print_one(&all[i], price);
    }
    for (size_t i = 0; i < kept; i++) print_alike(all, kept, behind, i, price);
    if (kept) putchar('\n');
    free(all), free(behind);
}

static int is_below(const struct rival *r, const char *control) {
    const char *own = isnan(r->error) || rival_is_control(r) ? NULL : row_error_control(r->row);
    return own && !strcmp(own, control);
}

/* Those that do no better than a control, whether it ran or not. */
static void print_no_better(const struct slice *s, size_t at, const char *control, const char *what) {
    int any = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        struct rival r = rival_of(s->curves[c].label, s->curves[c].rows[at]);
        if (!is_below(&r, control)) continue;
        if (!any++) printf("  No better than %s at %s = %.10g: ", what, s->axis, s->x[at]);
        else printf(", ");
        printf("%s", r.label);
    }
    if (any) putchar('\n');
}

void advice_print(const struct slice *s) {
    size_t last = slice_last(s);
    for (size_t i = strcmp(s->axis, "n") ? 0 : last; i <= last; i++) {
        print_front(s, i, &by_time);
        print_front(s, i, &by_memory);
        print_no_better(s, i, "mean_v", "the mean of V");
        print_no_better(s, i, "zero", "an output of zeros");
    }
}

/* ---- in one line for each series ------------------------------------------------------------------ */

/* Of the candidates that cost no more than the baseline the one that errs least; NULL: none. An exact one is no gain. */
static const struct rival *best_below(const struct rival *all, size_t n, const struct rival *base,
                                      const struct price *price) {
    const struct rival *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct rival *r = &all[i];
        if (r->error <= ACCURACY_EXACT || (best && r->error >= best->error)) continue;
        if (!base || (price->is == FRONT_TIME ? rival_is_faster(r, base) : r->bytes <= base->bytes)) best = r;
    }
    return best;
}

/* The exact one that costs least; NULL: none ran. */
static const struct rival *cheapest_exact(const struct rival *all, size_t n, const struct price *price) {
    const struct rival *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (all[i].error <= ACCURACY_EXACT && (!best || price_of(&all[i], price) < price_of(best, price)))
            best = &all[i];
    return best;
}

static void print_best(const struct slice *s, size_t at, const struct price *price) {
    struct rival *all = xmalloc((s->ncurves + 1) * sizeof *all);
    size_t n = candidates(s, at, price, all);
    const struct rival *base = cheapest_exact(all, n, price), *best = best_below(all, n, base, price);
    if (base)
        printf(" %s %s: ", price->is == FRONT_TIME ? "in less time than" : "in no more memory than",
               base->label);
    else printf(" least error for any %s: ", price->name);
    if (best) printf("%s (%.3f", best->label, best->error);
    else printf("nothing;");
    if (best && base) printf(", %.2f of its %s", price_of(best, price) / price_of(base, price), price->name);
    if (best) printf(");");
    free(all);
}

void advice_summary(const struct slice *s) {
    size_t last = slice_last(s);
    for (size_t i = strcmp(s->axis, "n") ? 0 : last; i <= last; i++) {
        size_t judged = 0, below = 0;
        for (size_t c = 0; c < s->ncurves; c++) {
            struct rival r = rival_of(s->curves[c].label, s->curves[c].rows[i]);
            if (isnan(r.error) || rival_is_control(&r)) continue;
            judged++;
            below += (size_t)is_below(&r, "mean_v");
        }
        if (!judged) continue;
        printf("  %s, %s = %.10g:", s->title, s->axis, s->x[i]);
        print_best(s, i, &by_time);
        print_best(s, i, &by_memory);
        printf(" %zu of %zu no better than the mean of V\n", below, judged);
    }
}
