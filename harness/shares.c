/* shares.c -- what of a layer's time its operator takes. */
#include "shares.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "row.h"
#include "stats.h"
#include "text.h"

extern const char parts_gp[]; /* made from scripts/parts.gp */

struct part { /* nanoseconds; NaN: not timed */
    double median, low, high;
};

static struct part part_of(const struct doc *row, const char *name) {
    struct part x = {(double)NAN, (double)NAN, (double)NAN};
    const struct doc *parts = row_is_ok(row) ? doc_get(row, "parts") : NULL,
                     *part = parts ? doc_get(parts, name) : NULL;
    if (!part || !doc_is_number(doc_get(part, "median_ns"))) return x;
    x.median = doc_num(part, "median_ns", 0);
    x.low = doc_as_num(doc_at(doc_get(part, "ci_ns"), 0));
    x.high = doc_as_num(doc_at(doc_get(part, "ci_ns"), 1));
    return x;
}

static struct part operator_of(const struct doc *row) { return part_of(row, "operator"); }

/* Nanoseconds of all other parts together. */
static double rest_of(const struct doc *row) {
    const struct doc *parts = doc_get(row, "parts");
    double sum = 0;
    for (size_t x = 0; x < doc_len(parts); x++)
        if (strcmp(doc_key(parts, x), "operator")) sum += part_of(row, doc_key(parts, x)).median;
    return parts ? sum : (double)NAN;
}

/* 1: the operator takes more than half, -1: less; 0: processes differ. */
static int dominates(const struct doc *row) {
    const struct doc *ci = doc_get(row, "parts.operator.share_ci");
    return doc_as_num(doc_at(ci, 0)) > 0.5 ? 1 : doc_as_num(doc_at(ci, 1)) < 0.5 ? -1 : 0;
}

int shares_known(const struct slice *s) {
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++)
            if (!isnan(operator_of(s->curves[c].rows[i]).median)) return 1;
    return 0;
}

double shares_crossing(const struct slice *s, const struct curve *c, double *seconds) {
    double found = (double)NAN, x0 = 0, y0 = (double)NAN, t0 = 0;
    int crossings = 0;
    for (size_t i = 0; i < s->nx; i++) {
        double x = log(s->x[i]), t = log(operator_of(c->rows[i]).median);
        if (isnan(t)) continue;
        double y = doc_num(c->rows[i], "parts.operator.share", (double)NAN) - 0.5;
        if ((y0 > 0 && y <= 0) || (y0 <= 0 && y > 0)) {
            double at = y0 / (y0 - y); /* of the way from the length before */
            found = exp(x0 + at * (x - x0));
            if (seconds) *seconds = exp(t0 + at * (t - t0)) * 1e-9;
            crossings++;
        }
        x0 = x, y0 = y, t0 = t;
    }
    return crossings == 1 ? found : (double)NAN;
}

/* ---- words --------------------------------------------------------------------------------------- */

struct dominance {
    int timed, always, never;
    double from; /* the first position from which on the operator dominates wherever it was timed; 0: none */
};

static int is_control(const struct doc *row) { return !strcmp(doc_str(row, "kind", ""), "control"); }

static struct dominance dominance_of(const struct slice *s, const struct curve *c) {
    struct dominance d = {.always = 1, .never = 1};
    int unbroken = 1;
    for (size_t i = s->nx; i-- > 0;) {
        if (isnan(operator_of(c->rows[i]).median) || is_control(c->rows[i])) continue;
        int x = dominates(c->rows[i]);
        d.timed = 1;
        d.always &= x > 0;
        d.never &= x < 0;
        unbroken &= x > 0;
        if (unbroken) d.from = s->x[i];
    }
    return d;
}

static void print_above(const struct slice *s, const struct curve *c, const struct dominance *d) {
    double crossing = shares_crossing(s, c, NULL);
    if (d->always) printf("%s at every %s", c->label, s->axis);
    else printf("%s from %s = %.10g on", c->label, s->axis, d->from);
    if (!isnan(crossing)) printf(" (half at %.0f)", crossing);
}

enum answer { ABOVE, BELOW, UNCLEAR, ANSWERS };

static enum answer answer_of(const struct dominance *d) {
    return d->from > 0 ? ABOVE : d->never ? BELOW : UNCLEAR;
}

void shares_print(const struct slice *s) {
    static const char *const words[ANSWERS] = {
        "The operator takes more than half of the layer: ", "The operator takes less than half throughout: ",
        "Around half, or processes differ: "};
    for (int a = 0; a < ANSWERS; a++) {
        int any = 0;
        for (size_t c = 0; c < s->ncurves; c++) {
            const struct curve *curve = &s->curves[c];
            struct dominance d = dominance_of(s, curve);
            if (!d.timed || answer_of(&d) != (enum answer)a) continue;
            if (any++) printf(", ");
            else printf("  %s", words[a]);
            if (a == ABOVE) print_above(s, curve, &d);
            else printf("%s", curve->label);
        }
        if (any) putchar('\n');
    }
}

/* ---- picture ------------------------------------------------------------------------------------- */

static void add_cell(struct text *t, double x) {
    if (x > 0) text_add(t, ",%.9g", x * 1e-9);
    else text_add(t, ",");
}

/* Projections and positions do the same for every mechanism: the median over these, and their range. */
static void add_rest(struct text *t, const struct slice *s, size_t i) {
    double *all = xmalloc((s->ncurves + 1) * sizeof *all);
    size_t n = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        double x = rest_of(s->curves[c].rows[i]);
        if (!isnan(x)) all[n++] = x;
    }
    add_cell(t, n ? stats_median(all, n) : (double)NAN);
    add_cell(t, n ? stats_min(all, n) : (double)NAN);
    add_cell(t, n ? stats_max(all, n) : (double)NAN);
    free(all);
}

static char *data_text(const struct slice *s) {
    struct text t = {0};
    text_add(&t, "%s,projections,low,high", s->axis);
    for (size_t c = 0; c < s->ncurves; c++)
        text_add(&t, ",\"%s\",\"%s low\",\"%s high\"", s->curves[c].label, s->curves[c].label,
                 s->curves[c].label);
    text_add(&t, "\n");
    for (size_t i = 0; i < s->nx; i++) {
        text_add(&t, "%.9g", s->x[i]);
        add_rest(&t, s, i);
        for (size_t c = 0; c < s->ncurves; c++) {
            struct part x = operator_of(s->curves[c].rows[i]);
            add_cell(&t, x.median), add_cell(&t, x.low), add_cell(&t, x.high);
        }
        text_add(&t, "\n");
    }
    return t.s;
}

static char *marks_text(const struct slice *s, int *count) {
    struct text t = {0};
    text_add(&t, "%s,seconds,shown\n", s->axis);
    *count = 0;
    for (size_t c = 0; c < s->ncurves; c++) {
        double seconds, x = shares_crossing(s, &s->curves[c], &seconds);
        if (isnan(x)) continue;
        text_add(&t, "%.9g,%.9g,%.0f\n", x, seconds, x);
        ++*count;
    }
    return t.s;
}

static int is_drawn(const struct slice *s, const struct curve *c) {
    const double shown = 1e3; /* ns: what takes less is no operator that does anything */
    for (size_t i = 0; i < s->nx; i++)
        if (operator_of(c->rows[i]).median > shown) return 1;
    return 0;
}

static int has_positions(const struct slice *s) {
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++)
            if (!isnan(part_of(s->curves[c].rows[i], "positions").median)) return 1;
    return 0;
}

int shares_plot(const char *folder, const struct slice *s) {
    if (!shares_known(s) || s->nx < 2) return 0;
    struct text t = {0};
    int marks;
    char *name = format("parts-%s", s->slug), *crossings = marks_text(s, &marks);
    picture_heading(&t, name);
    text_add(&t, "data = \"%s.csv\"\nmarks = \"%s.marks.csv\"\nhas_marks = %d\ncurves = \"", name, name,
             marks > 0);
    for (size_t c = 0; c < s->ncurves; c++)
        if (is_drawn(s, &s->curves[c])) text_add(&t, "%zu ", c + 1);
    text_add(&t, "\"\nrest = \"projections%s\"\narray label[%zu]\n",
             has_positions(s) ? " and positions" : ", in and out", s->ncurves);
    for (size_t c = 0; c < s->ncurves; c++) {
        text_add(&t, "label[%zu] = ", c + 1);
        picture_quote(&t, s->curves[c].label);
        text_add(&t, "\n");
    }
    text_add(&t, "title_ = ");
    picture_quote(&t, s->title);
    text_add(&t, "\nxlabel_ = \"%s\"\nset logscale x%s\n", s->what,
             strcmp(s->axis, "n") && strcmp(s->axis, "threads") ? "" : " 2");
    picture_terminals(&t, name, parts_gp);
    int failed = picture_save(folder, name, ".csv", data_text(s)) ||
                 picture_save(folder, name, ".marks.csv", crossings) || picture_draw(folder, name, t.s);
    free(name);
    return failed ? -1 : 1;
}
