/* evidence.c -- what the rows of a run say of one curve at one length. */
#include "evidence.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resample.h"
#include "stats.h"
#include "text.h"

const char *const evidence_metrics[EVIDENCE_METRICS] = {"time", "memory", "footprint", "error"};

int evidence_names(const char *label, const char *curve) {
    size_t n = strlen(label);
    return !strncmp(label, curve, n) && (curve[n] == '\0' || curve[n] == '@');
}

const char *evidence_show(const char *metric, double value) {
    static char text[8][24];
    static int next;
    char *t = text[next++ % 8];
    if (!strcmp(metric, "time")) return show_seconds(value * 1e-9);
    if (!strcmp(metric, "memory") || !strcmp(metric, "footprint")) return show_bytes(value);
    snprintf(t, 24, "%.3g", value);
    return t;
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static int is_at(const struct doc *row, const struct doc *at) {
    static const char *const paths[][2] = {
        {"mask", "mask"},       {"input", "input_label"}, {"batch", "shape.batch"}, {"heads", "shape.heads"},
        {"threads", "threads"}, {"dk", "shape.dk"},       {"seed", "seed"},
    };
    for (size_t i = 0; at && i < sizeof paths / sizeof *paths; i++)
        if (doc_get(at, paths[i][0]) && !doc_equal(doc_get(at, paths[i][0]), doc_get(row, paths[i][1])))
            return 0;
    const char *own = doc_str(row, "positions_label", "none");
    return !strcmp(doc_str(at, "positions", own), own);
}

static int is_of_curve(const struct archive *a, const struct doc *row, const char *label) {
    return evidence_names(label, doc_str(row, "label", "")) && is_at(row, a->at);
}

static double length_of(const struct doc *row) { return doc_num(row, "shape.nk", 0); }

/* The same but for the seed. */
static int are_alike(const struct doc *a, const struct doc *b) {
    static const char *const settings[] = {
        "label", "shape", "mask", "logits", "input_label", "threads", "cache", "positions_label", "layer"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!doc_equal(doc_get(a, settings[i]), doc_get(b, settings[i]))) return 0;
    return 1;
}

double *evidence_lengths(const struct archive *a, const char *label, size_t *n) {
    double *all = xmalloc((doc_len(a->rows) + 1) * sizeof *all);
    size_t kept = 0;
    *n = 0;
    for (size_t r = 0; r < doc_len(a->rows); r++)
        if (is_of_curve(a, doc_at(a->rows, r), label)) all[(*n)++] = length_of(doc_at(a->rows, r));
    stats_sort(all, *n);
    for (size_t i = 0; i < *n; i++)
        if (!kept || all[i] != all[kept - 1]) all[kept++] = all[i];
    *n = kept;
    return all;
}

/* ---- values -------------------------------------------------------------------------------------- */

static double memory_of(const struct doc *row) {
    return doc_num(row, "memory.state_bytes", (double)NAN) +
           doc_num(row, "memory.scratch_bytes", (double)NAN);
}

/* Of queries, keys, values and output. */
static double tensors_of(const struct doc *row) {
    const struct doc *s = doc_get(row, "shape");
    double widths = doc_num(s, "dk", 0) + doc_num(s, "dv", 0), heads = doc_num(s, "heads", 0);
    double vectors = heads * doc_num(s, "nq", 0) + doc_num(s, "kv_heads", heads) * doc_num(s, "nk", 0);
    return doc_num(s, "batch", 1) * vectors * widths * sizeof(float);
}

/* The samples of one row: its processes, or the seeds that a mechanism was drawn from; the caller frees them. */
static double *samples_of(const struct doc *row, const char *metric, size_t *n) {
    const char *path = !strcmp(metric, "time")    ? "time.process_medians_ns"
                       : !strcmp(metric, "error") ? "accuracy.seeds.rel_fro"
                                                  : NULL;
    double *x = doc_numbers(path ? doc_get(row, path) : NULL, n);
    if (*n) return x;
    *n = 1;
    x = xrealloc(x, sizeof *x);
    if (!strcmp(metric, "time")) *x = doc_num(row, "time.median_ns", (double)NAN);
    else if (!strcmp(metric, "error")) *x = doc_num(row, "accuracy.softmax.rel_fro", (double)NAN);
    else *x = memory_of(row) + (strcmp(metric, "memory") ? tensors_of(row) : 0);
    return x;
}

struct samples { /* of all rows that are alike */
    const struct doc *first;
    double *x;
    size_t n;
};

/* Adds those of the row; why it has none, freed by the caller, or NULL. */
static char *add_samples(struct samples *s, const struct archive *a, const struct doc *row) {
    const char *status = doc_str(row, "status", "");
    size_t n;
    if (s->first && !are_alike(s->first, row))
        return format("several rows at n = %.0f; `at` has to choose", length_of(row));
    s->first = row;
    if (strcmp(status, "ok"))
        return format("%s at n = %.0f: %s", status, length_of(row),
                      doc_str(row, "reason", "no reason given"));
    double *x = samples_of(row, a->metric, &n);
    char *why = NULL;
    for (size_t i = 0; i < n && !why; i++)
        if (isnan(x[i])) why = format("no %s was measured", a->metric);
        else if (!(x[i] > 0) || isinf(x[i])) why = format("a %s of %g is no measure of it", a->metric, x[i]);
    s->x = xrealloc(s->x, (s->n + n) * sizeof *s->x);
    memcpy(s->x + s->n, x, n * sizeof *x);
    s->n += n;
    free(x);
    return why;
}

struct evidence evidence_find(const struct archive *a, const char *label, double n) {
    struct evidence e = {0};
    struct samples s = {0};
    for (size_t r = 0; r < doc_len(a->rows) && !e.why; r++) {
        const struct doc *row = doc_at(a->rows, r);
        if (is_of_curve(a, row, label) && length_of(row) == n) e.why = add_samples(&s, a, row);
    }
    if (!s.first) e.why = format("n = %.0f was not measured", n);
    if (!e.why) {
        e.draws = xmalloc(RESAMPLE_DRAWS * sizeof *e.draws);
        e.value = resample_log_median(s.x, s.n, (uint64_t)n, e.draws);
        e.is_certain = s.n > 1 || (strcmp(a->metric, "time") && strcmp(a->metric, "error"));
    }
    free(s.x);
    return e;
}

void evidence_free(struct evidence *e) {
    free(e->draws);
    free(e->why);
    *e = (struct evidence){0};
}
