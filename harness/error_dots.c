/* error_dots.c -- errors at one place of the axis: a line for each mechanism. */
#include "error_dots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "picture.h"
#include "row.h"
#include "row_error.h"
#include "text.h"

extern const char error_dots_gp[]; /* made from scripts/error_dots.gp */

double error_of_mean_v(const struct slice *s, size_t i) {
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct doc *row = s->curves[c].rows[i];
        double x = row_error_mean_v(row);
        if (!isnan(x) && row_error_is_from_softmax(row)) return x;
    }
    return (double)NAN;
}

struct line {
    const char *label;
    const struct doc *row;
    struct row_error e;
};

static int by_error(const void *x, const void *y) {
    const struct line *a = x, *b = y;
    return (a->e.value > b->e.value) - (a->e.value < b->e.value);
}

/* Planned, and did not run for another reason than that the variant refuses. */
static int is_missing(const struct doc *row) {
    const char *status = row ? doc_str(row, "status", "ok") : "ok";
    return strcmp(status, "ok") && strcmp(status, "unsupported");
}

static void add_name(struct text *t, const char *opening, const char *name, int *any) {
    text_add(t, "%s%s", *any ? ", " : opening, name);
    *any = 1;
}

/* What bars and circles are, where there are any; what has no line: exact ones, and those that did not run. */
static char *note_of(const struct slice *s) {
    struct text t = {0};
    int bars = 0, circles = 0, exact = 0, missing = 0;
    text_append(&t, "", 0);
    for (size_t c = 0; c < s->ncurves; c++) {
        struct row_error e = row_error(s->curves[c].rows[0]);
        bars |= e.low < e.high;
        circles |= doc_num(s->curves[c].rows[0], "accuracy.oracle.rel_fro", 0) > ACCURACY_EXACT;
    }
    if (bars) text_add(&t, "Bars: 5 to 95 %% of the seeds. ");
    if (circles) text_add(&t, "Circles: the best of as many keys, or of the same rank. ");
    for (size_t c = 0; c < s->ncurves; c++)
        if (row_error(s->curves[c].rows[0]).value <= ACCURACY_EXACT)
            add_name(&t, "Below 1e-4: ", s->curves[c].label, &exact);
    if (exact) text_add(&t, ". ");
    for (size_t c = 0; c < s->ncurves; c++)
        if (is_missing(s->curves[c].rows[0])) add_name(&t, "Did not run: ", s->curves[c].label, &missing);
    return t.s;
}

static size_t lines_of(const struct slice *s, struct line *all) {
    size_t n = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct doc *row = s->curves[c].rows[0];
        all[n] = (struct line){s->curves[c].label, row, row_error(row)};
        n += all[n].e.value > ACCURACY_EXACT;
    }
    qsort(all, n, sizeof *all, by_error);
    return n;
}

/* The least error at the top; ends[2] are widened to all that is drawn. */
static char *data_text(const struct line *all, size_t n, double ends[2]) {
    struct text t = {0};
    text_add(&t, "place,error,low,high,oracle,label,control,beyond\n");
    for (size_t i = 0; i < n; i++) {
        const struct row_error *e = &all[i].e;
        double oracle = doc_num(all[i].row, "accuracy.oracle.rel_fro", 0), shown = fmin(e->value, ERROR_CAP);
        text_add(&t, "%zu,%.9g,%.9g,%.9g,", n - i, shown, fmin(e->low, shown), fmin(e->high, ERROR_CAP));
        if (oracle > ACCURACY_EXACT) text_add(&t, "%.9g", oracle);
        text_add(&t, ",");
        text_add_quoted(&t, all[i].label);
        text_add(&t, ",%d,", !strcmp(doc_str(all[i].row, "kind", ""), "control"));
        if (e->value > ERROR_CAP) text_add(&t, "%.3g", e->value);
        text_add(&t, "\n");
        ends[0] = fmin(ends[0], oracle > ACCURACY_EXACT ? fmin(oracle, e->low) : e->low);
        ends[1] = fmax(ends[1], fmin(e->high, ERROR_CAP));
    }
    return t.s;
}

static int draw(const char *folder, const struct slice *s, const struct line *all, size_t n) {
    struct text script = {0};
    double mean_v = error_of_mean_v(s, 0), ends[2] = {1, 1};
    char *name = format("error-%s", s->slug), *note = note_of(s), *data = data_text(all, n, ends);
    ends[0] = fmax(fmin(ends[0], mean_v), ACCURACY_EXACT);
    picture_heading(&script, name);
    text_add(&script,
             "data = \"%s.csv\"\ndots = %zu\nmean_v = %.9g\nlow = %.9g\nhigh = %.9g\ntitle_ = ", name, n,
             isnan(mean_v) ? 0 : mean_v, ends[0] / 1.4, fmax(ends[1], mean_v) * 1.4);
    picture_quote(&script, s->title);
    text_add(&script, "\nnote_ = ");
    picture_quote(&script, note);
    text_add(&script, "\nxlabel_ = \"distance to softmax attention, relative Frobenius, at %s = %.10g\"\n",
             s->axis, s->x[0]);
    picture_terminals_of(&script, name, error_dots_gp, n);
    int failed = picture_save(folder, name, ".csv", data) || picture_draw(folder, name, script.s);
    free(name), free(note);
    return failed ? -1 : 1;
}

int error_dots_plot(const char *folder, const struct slice *s) {
    struct line *all = xmalloc((s->ncurves + 1) * sizeof *all);
    size_t n = lines_of(s, all);
    int drawn = n ? draw(folder, s, all, n) : 0;
    free(all);
    return drawn;
}
