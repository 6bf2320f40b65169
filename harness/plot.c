/*
 * plot.c -- pictures of a folder of results.
 *
 * For each slice a picture of time, memory and error along its axis, of layers one of their parts, and one of error against
 * time where a parameter trades the one for the other.
 */
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "accuracy.h"
#include "error_dots.h"
#include "picture.h"
#include "row.h"
#include "row_error.h"
#include "settings.h"
#include "shares.h"
#include "slice.h"
#include "spread.h"
#include "text.h"
#include "tradeoff.h"

extern const char curves_gp[]; /* made from scripts/curves.gp */

static const struct metric {
    const char *name, *ylabel, *path, *low, *high;
    double unit, floor; /* a curve that lies below the floor throughout stands in the legend only */
    int guides;
} metrics[] = {
    {"time", "time of a call, seconds (median, range of process medians)", "time.median_ns", "time.ci_ns",
     "time.ci_ns", 1e-9, 1e-7, 1},
    {"memory", "state and scratch, MiB", "memory.total", NULL, NULL, 1.0 / (1 << 20), 0, 1},
    {"error", "distance to softmax attention, relative Frobenius", "error", NULL, NULL, 1, ACCURACY_EXACT, 0},
};

struct value {
    double y, low, high; /* NaN where there is none */
};

static int is_error(const struct metric *m) { return !strcmp(m->name, "error"); }

static struct value value_of(const struct metric *m, const struct doc *row) {
    struct value v = {(double)NAN, (double)NAN, (double)NAN};
    if (!row_is_ok(row)) return v;
    if (is_error(m)) {
        struct row_error e = row_error(row);
        return e.value > 0 ? (struct value){e.value, e.low, e.high} : v;
    }
    if (!strcmp(m->path, "memory.total"))
        v.y = (doc_num(row, "memory.state_bytes", (double)NAN) + doc_num(row, "memory.scratch_bytes", 0)) *
              m->unit;
    else v.y = doc_num(row, m->path, (double)NAN) * m->unit;
    v.low = m->low ? doc_as_num(doc_at(doc_get(row, m->low), 0)) * m->unit : v.y;
    v.high = m->high ? doc_as_num(doc_at(doc_get(row, m->high), 1)) * m->unit : v.y;
    if (!(v.y > 0)) v.y = (double)NAN; /* nothing to show on a logarithmic axis */
    return v;
}

/* What the family of the mechanism could reach at the same budget; NaN: not known, or below the floor. */
static double oracle_of(const struct metric *m, const struct doc *row) {
    double y = row && is_error(m) ? doc_num(row, "accuracy.oracle.rel_fro", 0) : 0;
    return y > m->floor ? y : (double)NAN;
}

/* Planned, but it did not run. What a variant refuses is no gap in its curve. */
static int is_gap(const struct doc *row) {
    const char *status = row ? doc_str(row, "status", "") : "ok";
    return strcmp(status, "ok") && strcmp(status, "unsupported");
}

struct extent {
    double least, most, steep; /* of y; the steepest growth seen, rounded up */
};

static struct extent extent_of(const struct slice *s, const struct metric *m) {
    struct extent e = {(double)INFINITY, 0, 1};
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++) {
            struct value v = value_of(m, s->curves[c].rows[i]);
            if (isnan(v.y) || v.y <= m->floor) continue;
            e.least = fmin(fmin(e.least, v.y), oracle_of(m, s->curves[c].rows[i])); /* NaN is no number */
            e.most = fmax(e.most, v.y);
            if (doc_num(s->curves[c].rows[i],
                        m->guides && !strcmp(m->name, "time") ? "growth.time" : "growth.memory", 0) > 1.5)
                e.steep = 2;
        }
    for (size_t i = 0; i < s->nx && is_error(m); i++) { /* the lines of the controls */
        e.least = fmin(e.least, fmin(error_of_mean_v(s, i), 1));
        if (e.most > 0) e.most = fmin(fmax(e.most, 1), fmax(ERROR_CAP, e.least));
    }
    return e;
}

/* The largest value of a curve; a gap in it counts as infinite, so that its mark is drawn. 0: it has no value. */
static double top_of(const struct curve *c, size_t nx, const struct metric *m) {
    double top = 0;
    int gaps = 0;
    for (size_t i = 0; i < nx; i++) {
        gaps |= is_gap(c->rows[i]);
        top = fmax(top, value_of(m, c->rows[i]).y);
    }
    return top > 0 && gaps ? (double)INFINITY : top;
}

static int never_ran(const struct curve *c, size_t nx) {
    int gaps = 0;
    for (size_t i = 0; i < nx; i++) {
        if (row_is_ok(c->rows[i])) return 0;
        gaps |= is_gap(c->rows[i]);
    }
    return gaps;
}

static void add_number(struct text *t, double x) {
    if (isnan(x)) text_add(t, ",");
    else text_add(t, ",%.9g", x);
}

static char *data_text(const struct slice *s, const struct metric *m) {
    struct text t = {0};
    text_add(&t, "%s", s->axis);
    for (size_t c = 0; c < s->ncurves; c++)
        text_add(&t, ",\"%s\",\"%s low\",\"%s high\"", s->curves[c].label, s->curves[c].label,
                 s->curves[c].label);
    text_add(&t, "\n");
    for (size_t i = 0; i < s->nx; i++) {
        text_add(&t, "%.9g", s->x[i]);
        for (size_t c = 0; c < s->ncurves; c++) {
            struct value v = value_of(m, s->curves[c].rows[i]);
            add_number(&t, v.y);
            add_number(&t, isnan(v.y) ? v.y : v.low);
            add_number(&t, isnan(v.y) ? v.y : v.high);
        }
        text_add(&t, "\n");
    }
    return t.s;
}

/* Has the curve one to draw? */
static int has_oracle(const struct slice *s, const struct metric *m, const struct curve *c) {
    for (size_t i = 0; i < s->nx; i++)
        if (!isnan(oracle_of(m, c->rows[i]))) return 1;
    return 0;
}

/* What the families could reach at the same budget, a column for each curve. */
static char *oracle_text(const struct slice *s, const struct metric *m) {
    struct text t = {0};
    text_add(&t, "%s", s->axis);
    for (size_t c = 0; c < s->ncurves; c++) text_add(&t, ",\"%s\"", s->curves[c].label);
    text_add(&t, "\n");
    for (size_t i = 0; i < s->nx; i++) {
        text_add(&t, "%.9g", s->x[i]);
        for (size_t c = 0; c < s->ncurves; c++) add_number(&t, oracle_of(m, s->curves[c].rows[i]));
        text_add(&t, "\n");
    }
    return t.s;
}

/* Did the control run? Then it has a curve of its own. */
static int has_variant(const struct slice *s, const char *variant) {
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++)
            if (s->curves[c].rows[i] && !strcmp(doc_str(s->curves[c].rows[i], "variant", ""), variant))
                return 1;
    return 0;
}

static int is_control(const struct curve *c, size_t nx) {
    for (size_t i = 0; i < nx; i++)
        if (c->rows[i]) return !strcmp(doc_str(c->rows[i], "kind", ""), "control");
    return 0;
}

/* What zeros and the mean of V err, as far as these did not run: known all the same. */
static void add_controls(struct text *t, const struct slice *whole, const struct metric *m) {
    int zero = is_error(m) && !has_variant(whole, "zero"),
        mean_v = is_error(m) && !has_variant(whole, "mean_v"), known = 0;
    text_add(t, "$controls << EOD\n");
    for (size_t i = 0; i < whole->nx; i++) {
        double x = error_of_mean_v(whole, i);
        text_add(t, "%.9g,1,", whole->x[i]);
        if (!isnan(x)) text_add(t, "%.9g", x);
        text_add(t, "\n");
        known |= !isnan(x);
    }
    text_add(t, "EOD\nhas_zero = %d\nhas_mean_v = %d\n", zero, mean_v && known);
}

/* The gaps of all curves, at the cap. */
static char *marks_text(const struct slice *s, double cap, int *count) {
    struct text t = {0};
    text_add(&t, "%s,y,curve\n", s->axis);
    *count = 0;
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++) {
            if (!is_gap(s->curves[c].rows[i])) continue;
            text_add(&t, "%.9g,%.9g,%zu\n", s->x[i], cap, c + 1);
            ++*count;
        }
    return t.s;
}

/* Legend entries of the curves that lie below the floor, or have no point to draw. */
static void add_entries(struct text *t, const struct slice *whole, const struct metric *m) {
    text_add(t, "entries = \"");
    for (size_t c = 0; c < whole->ncurves; c++) {
        double top = top_of(&whole->curves[c], whole->nx, m);
        if (top > 0 && top <= m->floor)
            text_add(t, ", keyentry with linespoints ls %zu title '%s (below %.0e)'", c % PICTURE_STYLES + 1,
                     whole->curves[c].label, m->floor);
        if (never_ran(&whole->curves[c], whole->nx))
            text_add(t, ", keyentry with linespoints ls %zu title '%s (did not run)'", c % PICTURE_STYLES + 1,
                     whole->curves[c].label);
    }
    text_add(t, "\"\n");
}

static char *script_text(const struct slice *s, const struct slice *whole, const size_t *style,
                         const struct metric *m, const char *name, const struct extent *e, int marks) {
    struct text t = {0};
    picture_heading(&t, name);
    text_add(&t, "data = \"%s.csv\"\nmarks = \"%s.marks.csv\"\nhas_marks = %d\n", name, name, marks > 0);
    text_add(&t, "oracle = \"%s.oracle.csv\"\noracles = \"", name);
    for (size_t c = 0; c < s->ncurves; c++)
        if (has_oracle(s, m, &s->curves[c])) text_add(&t, "%zu ", c + 1);
    text_add(&t, "\"\n");
    text_add(&t, "curves = %zu\narray label[%zu]\narray style[%zu]\narray grey[%zu]\n", s->ncurves,
             s->ncurves, s->ncurves, s->ncurves);
    for (size_t c = 0; c < s->ncurves; c++) {
        double top = top_of(&s->curves[c], s->nx, m);
        char *beyond = is_error(m) && isfinite(top) && top > e->most * 3
                           ? format("%s (up to %.3g)", s->curves[c].label, top)
                           : xstrdup(s->curves[c].label);
        text_add(&t, "label[%zu] = ", c + 1);
        picture_quote(&t, beyond);
        text_add(&t, "\nstyle[%zu] = %zu\ngrey[%zu] = %d\n", c + 1, style[c], c + 1,
                 is_control(&s->curves[c], s->nx));
        free(beyond);
    }
    add_controls(&t, whole, m);
    add_entries(&t, whole, m);
    text_add(&t, "title_ = ");
    picture_quote(&t, s->title);
    text_add(&t, "\nxlabel_ = \"%s\"\nylabel_ = \"%s\"\nguides = %d\nsteep = %.0f\nx0 = %.9g\ny0 = %.9g\n",
             s->what, m->ylabel, m->guides && s->nx > 1 && !strcmp(s->axis, "n"), e->steep, s->x[0],
             e->least);
    text_add(&t, "set logscale x%s\n", strcmp(s->axis, "n") && strcmp(s->axis, "threads") ? "" : " 2");
    text_add(&t, "set yrange [%.9g:%.9g]\n", e->least / 2, e->most * 3);
    if (s->nx == 1) text_add(&t, "set xrange [%.9g:%.9g]\n", s->x[0] / 2, s->x[0] * 2);
    picture_terminals(&t, name, curves_gp);
    return t.s;
}

/* The slice with the curves that the metric shows; `style` keeps the place each has in the whole slice, so
   that a variant looks the same in every picture. */
static struct slice shown(const struct slice *s, const struct metric *m, size_t *style) {
    struct slice some = *s;
    some.curves = xmalloc(s->ncurves * sizeof *some.curves);
    some.ncurves = 0;
    for (size_t c = 0; c < s->ncurves; c++)
        if (top_of(&s->curves[c], s->nx, m) > m->floor) {
            style[some.ncurves] = c + 1;
            some.curves[some.ncurves++] = s->curves[c];
        }
    return some;
}

static int plot_one(const char *folder, const struct slice *whole, const struct metric *m) {
    struct extent e = extent_of(whole, m);
    int marks;
    if (e.most == 0) return 0; /* not measured */
    if (is_error(m) && whole->nx == 1) return error_dots_plot(folder, whole);
    size_t *style = xmalloc(whole->ncurves * sizeof *style);
    struct slice s = shown(whole, m, style);
    char *name = format("%s-%s", m->name, s.slug), *dots = marks_text(&s, e.most * 2, &marks);
    int oracles = 0;
    for (size_t c = 0; c < s.ncurves; c++) oracles |= has_oracle(&s, m, &s.curves[c]);
    int failed = picture_save(folder, name, ".csv", data_text(&s, m)) ||
                 picture_save(folder, name, ".marks.csv", dots) ||
                 (oracles && picture_save(folder, name, ".oracle.csv", oracle_text(&s, m))) ||
                 picture_draw(folder, name, script_text(&s, whole, style, m, name, &e, marks));
    free(name);
    free(style);
    free(s.curves);
    return failed ? -1 : 1;
}

int plot_all(const char *dir, const struct doc *rows) {
    char *folder = format("%s/plots", dir);
    struct slices s;
    int drawn = 0, failed = mkdir(folder, 0777) && errno != EEXIST;
    if (failed) warn("cannot make %s: %s", folder, strerror(errno));
    slices_make(&s, rows);
    for (size_t i = 0; i < s.count && !failed; i++)
        for (size_t m = 0; m < sizeof metrics / sizeof *metrics && !failed; m++) {
            int done = plot_one(folder, &s.all[i], &metrics[m]);
            failed = done < 0;
            drawn += done;
        }
    int (*const others[])(const char *, const struct slice *) = {shares_plot, tradeoff_plot, settings_plot,
                                                                 spread_plot};
    for (size_t x = 0; x < sizeof others / sizeof *others; x++)
        for (size_t i = 0; i < s.count && !failed; i++) {
            int done = others[x](folder, &s.all[i]);
            failed = done < 0;
            drawn += done;
        }
    slices_free(&s);
    free(folder);
    return failed ? -1 : drawn;
}
