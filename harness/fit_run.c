/* fit_run.c -- rows put in series and curves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "row.h"
#include "text.h"

static int same_length(const struct doc *row) {
    return doc_num(row, "shape.nq", 0) == doc_num(row, "shape.nk", -1);
}

static int is_point(const struct doc *row) {
    double ns = doc_num(row, "time.median_ns", 0);
    return row_is_ok(row) && ns > 0 && isfinite(ns) && same_length(row) && doc_num(row, "shape.nq", 0) >= 1 &&
           doc_str(row, "label", NULL);
}

/* What names the series, in the order of the answers. What is the same in nearly every run comes last and
   is left out where it is as usual. */
static struct doc *about_series(const struct doc *row) {
    static const char *const sizes[] = {"batch", "heads", "kv_heads", "dk", "dv"};
    struct doc *about = doc_object();
    const struct doc *shape = doc_get(row, "shape");
    double dk = doc_num(shape, "dk", 1), scale = doc_num(row, "logits.scale", 1 / sqrt(dk));
    doc_put_str(about, "mask", doc_str(row, "mask", "none"));
    doc_put_str(about, "input", doc_str(row, "input_label", "?"));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        doc_put_num(about, sizes[i], doc_num(shape, sizes[i], 1));
    doc_put_num(about, "threads", doc_num(row, "threads", 1));
    doc_put_str(about, "isa", doc_str(row, "isa", "best"));
    doc_put_num(about, "seed", doc_num(row, "seed", 1));
    if (fabs(scale * sqrt(dk) - 1) > 1e-6) doc_put_num(about, "scale", scale);
    if (doc_num(row, "logits.softcap", 0) > 0)
        doc_put_num(about, "softcap", doc_num(row, "logits.softcap", 0));
    if (doc_num(row, "logits.shift", 0) != 0) doc_put_num(about, "shift", doc_num(row, "logits.shift", 0));
    if (doc_get(row, "positions_label")) doc_put_str(about, "positions", doc_str(row, "positions_label", ""));
    if (doc_get(row, "cache")) doc_put_str(about, "cache", doc_str(row, "cache", ""));
    if (doc_get(row, "layer")) doc_put_str(about, "layer", doc_str(row, "layer.label", ""));
    return about;
}

static struct fit_series *find_series(struct fit_run *run, const struct doc *row) {
    struct doc *about = about_series(row);
    char *key = doc_text(about, 0);
    for (size_t i = 0; i < run->count; i++)
        if (!strcmp(run->all[i].key, key)) {
            free(key);
            doc_free(about);
            return &run->all[i];
        }
    run->all = xrealloc(run->all, (run->count + 1) * sizeof *run->all);
    run->all[run->count] = (struct fit_series){.key = key, .about = about};
    return &run->all[run->count++];
}

static struct fit_curve *find_curve(struct fit_series *s, const char *label) {
    for (size_t i = 0; i < s->ncurves; i++)
        if (!strcmp(s->curves[i].label, label)) return &s->curves[i];
    s->curves = xrealloc(s->curves, (s->ncurves + 1) * sizeof *s->curves);
    s->curves[s->ncurves] = (struct fit_curve){.label = label};
    return &s->curves[s->ncurves++];
}

/* The process medians that are times; the median alone where a row has none. The caller frees them. */
static double *processes_of(const struct doc *row, size_t *n) {
    double *x = doc_numbers(doc_get(row, "time.process_medians_ns"), n);
    size_t good = 0;
    for (size_t i = 0; i < *n; i++)
        if (x[i] > 0 && isfinite(x[i])) x[good++] = x[i];
    *n = good;
    if (good) return x;
    *n = 1;
    x = xrealloc(x, sizeof *x);
    x[0] = doc_num(row, "time.median_ns", 1);
    return x;
}

/* The stream is x: what ran in the same processes draws the same ones, other lengths draw others. */
struct fit_point fit_point_make(const struct doc *row, double x) {
    struct fit_point p = {.n = x, .row = row};
    double *medians = processes_of(row, &p.processes);
    p.draws = xmalloc(RESAMPLE_DRAWS * sizeof *p.draws);
    p.log_ns = resample_log_median(medians, p.processes, (uint64_t)fmin(x, 0x1p63), p.draws);
    free(medians);
    return p;
}

/* In its place; a second row of the same length is left out. */
static void add_point(struct fit_curve *c, const struct doc *row, double least) {
    double n = doc_num(row, "shape.nq", 0);
    size_t at = c->count;
    if (fit_curve_at(c, n)) return;
    c->points = xrealloc(c->points, (c->count + 1) * sizeof *c->points);
    for (; at > 0 && c->points[at - 1].n > n; at--) c->points[at] = c->points[at - 1];
    c->points[at] = fit_point_make(row, n);
    c->points[at].floor = fmax(least, floor_of_group(row));
    c->count++;
}

void fit_run_make(struct fit_run *run, const struct doc *rows) {
    *run = (struct fit_run){.floor = floor_of_runs(&rows, 1)};
    for (size_t r = 0; r < doc_len(rows); r++) {
        const struct doc *row = doc_at(rows, r);
        if (!is_point(row)) continue;
        add_point(find_curve(find_series(run, row), doc_str(row, "label", "")), row, run->floor.log);
    }
}

void fit_run_free(struct fit_run *run) {
    for (size_t s = 0; s < run->count; s++) {
        struct fit_series *series = &run->all[s];
        for (size_t c = 0; c < series->ncurves; c++) {
            for (size_t i = 0; i < series->curves[c].count; i++) free(series->curves[c].points[i].draws);
            free(series->curves[c].points);
        }
        free(series->curves);
        free(series->key);
        doc_free(series->about);
    }
    free(run->all);
}

const struct doc *fit_curve_row(const struct fit_curve *c) { return c->points[0].row; }

const struct fit_point *fit_curve_at(const struct fit_curve *c, double n) {
    for (size_t i = 0; i < c->count; i++)
        if (c->points[i].n == n) return &c->points[i];
    return NULL;
}

int fit_curve_is(const struct fit_curve *c, const char *kind) {
    return !strcmp(doc_str(fit_curve_row(c), "kind", ""), kind);
}

double fit_memory_bytes(const struct doc *row) {
    return doc_num(row, "memory.state_bytes", (double)NAN) +
           doc_num(row, "memory.scratch_bytes", (double)NAN);
}

/* The label names functions of n, "window=f(n)" or "f2(n)"; a layout from a function is an object in the row. */
int fit_follows_n(const struct fit_curve *c) {
    const struct doc *tensors = doc_get(fit_curve_row(c), "tensors");
    for (size_t i = 0; i < doc_len(tensors); i++)
        if (doc_is_object(doc_at(tensors, i))) return 1;
    return strstr(c->label, "(n)") != NULL;
}

const char *fit_verdict(const double interval[2], double declared, double tolerance) {
    if (interval[1] < declared - tolerance || interval[0] > declared + tolerance) return "contradicted";
    return interval[0] >= declared - tolerance && interval[1] <= declared + tolerance ? "confirmed"
                                                                                      : "undecided";
}
