/* advice.c -- in words: which mechanism errs least for its time, and for its memory. */
#include "advice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "front.h"
#include "paragraph.h"
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

static void tell_one(struct text *to, const struct rival *r, const struct price *price) {
    text_add(to, "%s (%s, ", r->label, price->show(price_of(r, price)));
    if (r->error <= ACCURACY_EXACT) text_add(to, "exact)");
    else text_add(to, "%.3f)", r->error);
}

/* "local and flash cannot be told apart in time": whom the i-th stands for, in one sentence. One that seems to cost more
   and errs more is on the front by noise alone, and not worth a word. */
static void tell_alike(struct text *to, const struct rival *all, size_t kept, const size_t *behind, size_t i,
                       const struct price *price) {
    int any = 0;
    for (size_t x = 0; x < kept; x++) {
        if (behind[x] != i || x == i || (x > i && all[x].error > all[i].error)) continue;
        text_add(to, "%s", any++ ? ", " : "; ");
        tell_one(to, &all[x], price);
    }
    if (any) text_add(to, " and %s cannot be told apart in %s", all[i].label, price->name);
}

static void print_front(const struct slice *s, size_t at, const struct price *price) {
    struct rival *all = xmalloc((s->ncurves + 1) * sizeof *all);
    size_t *behind = xmalloc((s->ncurves + 1) * sizeof *behind), any = 0;
    struct text told = {0};
    size_t kept = front_sort(all, candidates(s, at, price, all), price->is, behind);
    if (kept) text_add(&told, "Least error for its %s at %s = %.10g: ", price->name, s->axis, s->x[at]);
    for (size_t i = 0; i < kept; i++) {
        if (behind[i] != i) continue;
        text_add(&told, "%s", any++ ? ", " : "");
        tell_one(&told, &all[i], price);
    }
    for (size_t i = 0; i < kept; i++) tell_alike(&told, all, kept, behind, i, price);
    paragraph_print_and_free(&told);
    free(all), free(behind);
}

static int is_below(const struct rival *r, const char *control) {
    const char *own = isnan(r->error) || rival_is_control(r) ? NULL : row_error_control(r->row);
    return own && !strcmp(own, control);
}

/* Those that do no better than a control, whether it ran or not. */
static void print_no_better(const struct slice *s, size_t at, const char *control, const char *what) {
    struct text told = {0};
    for (size_t c = 0; c < s->ncurves; c++) {
        struct rival r = rival_of(s->curves[c].label, s->curves[c].rows[at]);
        if (!is_below(&r, control)) continue;
        if (told.s) text_add(&told, ", ");
        else text_add(&told, "No better than %s at %s = %.10g: ", what, s->axis, s->x[at]);
        text_add(&told, "%s", r.label);
    }
    paragraph_print_and_free(&told);
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

/* Nothing where no candidate has such a price. */
static void tell_best(struct text *to, const struct slice *s, size_t at, const struct price *price) {
    struct rival *all = xmalloc((s->ncurves + 1) * sizeof *all);
    size_t n = candidates(s, at, price, all);
    const struct rival *base = cheapest_exact(all, n, price), *best = best_below(all, n, base, price);
    if (base)
        text_add(to, " %s %s: ", price->is == FRONT_TIME ? "in less time than" : "in no more memory than",
                 base->label);
    else if (n) text_add(to, " least error for any %s: ", price->name);
    if (best) text_add(to, "%s (%.3f", best->label, best->error);
    else if (n) text_add(to, "nothing;");
    if (best && base)
        text_add(to, ", %.2f of its %s", price_of(best, price) / price_of(base, price), price->name);
    if (best) text_add(to, ");");
    free(all);
}

/* Those that miss their own definition; 0: all that were judged keep to it. */
static int tell_inaccurate(struct text *to, const struct slice *s, size_t at) {
    int any = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct doc *row = s->curves[c].rows[at];
        if (!row || !doc_get(row, "accuracy.definition") || doc_flag(row, "accuracy.definition.within"))
            continue;
        text_add(to, "%s%s", any++ ? ", " : " beyond the bound of their definition: ", s->curves[c].label);
    }
    if (any) text_add(to, ";");
    return any;
}

static void summarise(const struct slice *s, size_t at, const char *title) {
    struct text told = {0};
    size_t judged = 0, below = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        struct rival r = rival_of(s->curves[c].label, s->curves[c].rows[at]);
        if (isnan(r.error) || rival_is_control(&r)) continue;
        judged++;
        below += (size_t)is_below(&r, "mean_v");
    }
    if (!judged) return;
    text_add(&told, "%s%s%s = %.10g:", title, *title ? ", " : "", s->axis, s->x[at]);
    size_t before = told.length;
    tell_best(&told, s, at, &by_time);
    tell_best(&told, s, at, &by_memory);
    int timed = told.length > before;
    if (!tell_inaccurate(&told, s, at) && !timed)
        text_add(&told, " all within the bound of their definition;");
    text_add(&told, " %zu of %zu no better than the mean of V", below, judged);
    paragraph_print_and_free(&told);
}

/* ---- what all titles share, which is said once ----------------------------------------------------- */

static const char BETWEEN[] = ", ";

/* Is it one of the title's parts? */
static int has_part(const char *title, const char *part, size_t length) {
    for (const char *at = title; at; at = strstr(at, BETWEEN), at = at ? at + strlen(BETWEEN) : NULL)
        if (!strncmp(at, part, length) &&
            (at[length] == '\0' || !strncmp(at + length, BETWEEN, strlen(BETWEEN))))
            return 1;
    return 0;
}

/* The parts of a title that all slices have (`common`), or the others. The caller frees them. */
static char *parts(const struct slices *s, const char *title, int common) {
    struct text kept = {0};
    text_add(&kept, "%s", "");
    for (const char *at = title; *at;) {
        const char *end = strstr(at, BETWEEN);
        size_t length = end ? (size_t)(end - at) : strlen(at), with = 0;
        while (with < s->count && has_part(s->all[with].title, at, length)) with++;
        if ((with == s->count) == common)
            text_add(&kept, "%s%.*s", kept.length ? BETWEEN : "", (int)length, at);
        at += length + (end ? strlen(BETWEEN) : 0);
    }
    return kept.s;
}

void advice_summary(const struct slices *all) {
    char *common = all->count > 1 ? parts(all, all->all[0].title, 1) : xstrdup("");
    printf("\nIn short%s%s:\n", *common ? ", " : "", common);
    for (size_t x = 0; x < all->count; x++) {
        const struct slice *s = &all->all[x];
        char *own = all->count > 1 ? parts(all, s->title, 0) : xstrdup(s->title);
        size_t last = slice_last(s);
        for (size_t i = strcmp(s->axis, "n") ? 0 : last; i <= last; i++) summarise(s, i, own);
        free(own);
    }
    free(common);
}
