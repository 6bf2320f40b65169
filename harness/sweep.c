/*
 * sweep.c -- the parent of a run. It spawns, watches and writes; it computes nothing.
 *
 * For each group: rows for what is refused or predicted not to fit; one worker that makes the inputs;
 * one worker for each point that probes it; then for each replicate one worker that times all survivors
 * in turn. A worker that dies costs the row of the point it was at.
 */
#define _GNU_SOURCE
#include "sweep.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine.h"
#include "progress.h"
#include "row.h"
#include "stats.h"
#include "stopwatch.h"
#include "sweep_parts.h"
#include "text.h"

static const char *const phase_names[] = {"ceilings", "prepare", "probe", "time", "write"};

/* ---- the end of a group ---------------------------------------------------------------------------- */

static double median_of(const struct doc *numbers) {
    size_t n;
    double *x = doc_numbers(numbers, &n), median = stats_median(x, n);
    free(x);
    return median;
}

static double peak(const struct sweep *s) { return doc_len(s->flops) ? median_of(s->flops) : 0; }

static void finish_group(struct sweep *s, int timed) {
    for (size_t i = 0; i < s->npoints; i++) {
        struct point *p = &s->points[i];
        if (!p->row) continue;
        if (timed) row_timed(p->row, p->samples, p->setup_ns, p->single);
        if (timed) row_parts_timed(p->row, p->parts);
        if (timed) row_disturbed(p->row, p->repeated);
        if (timed) row_sentinel(p->row, p->sentinel);
        if (timed) row_grown(p->row, p->grown_bytes);
        if (timed && doc_len(s->twins)) row_twins(p->row, doc_str(s->twin->plan, "label", ""), s->twins);
        if (timed && p->baseline) row_beside(p->row, doc_str(p->baseline->plan, "label", ""), p->beside);
        row_ceilings(p->row, peak(s), sweep_ceiling(s, doc_int(p->plan, "threads", 1), "read_bytes"));
        sweep_write_row(s, p);
    }
}

/* ---- groups ------------------------------------------------------------------------------------ */

/* What the group took beside the seconds for which its points were timed, on average over all so far. */
static void learn_aside(struct sweep *s, size_t points, double seconds) {
    for (size_t i = 0; i < s->npoints; i++)
        if (doc_len(s->points[i].samples))
            seconds -= budget_timed(&s->budget, s->points[i].probed_ns * 1e-9, s->share);
    s->budget.aside = (s->budget.aside * (double)s->begun + fmax(seconds, 0)) / (double)(s->begun + points);
    s->begun += points;
}

static void run_group(struct sweep *s) {
    int timed = doc_has_word(doc_get(s->measure, "what"), "time");
    const struct doc *first = NULL;
    double start = stopwatch_seconds();
    for (size_t i = 0; i < s->npoints; i++)
        if (!sweep_skip(s, &s->points[i]) && !first) first = s->points[i].plan;
    if (!first) return;
    size_t begun = 0;
    for (size_t i = 0; i < s->npoints; i++) begun += s->points[i].row != NULL;
    s->data = memfd_create("inputs", MFD_CLOEXEC);
    if (s->data < 0) die(EXIT_USAGE, "cannot make a file in memory: %s", strerror(errno));
    if (sweep_prepare(s, first) == 0) {
        for (size_t i = 0; i < s->npoints && !child_interrupted(); i++)
            if (s->points[i].row) sweep_probe(s, &s->points[i]);
        if (timed && !child_interrupted()) sweep_time_group(s);
        if (!child_interrupted()) finish_group(s, timed);
    }
    close(s->data);
    s->data = -1;
    if (!child_interrupted() && !s->broken) journal_clear(&s->journal);
    learn_aside(s, begun, stopwatch_seconds() - start);
    const char *id = doc_str(first, "id", ""), *slash = strchr(id, '/');
    progress_line("%s: %zu points, %s", slash ? slash + 1 : id, s->npoints,
                  show_seconds(stopwatch_seconds() - start));
}

/* Takes the points from `at` on that belong together and have no row yet; returns where the next begin. */
static size_t take_group(struct sweep *s, const struct doc *points, size_t at) {
    int group = doc_int(doc_at(points, at), "group", 0);
    s->npoints = 0;
    s->flops = doc_array();
    s->twins = doc_array();
    s->twin = NULL;
    for (; at < doc_len(points) && doc_int(doc_at(points, at), "group", 0) == group; at++) {
        const struct doc *plan = doc_at(points, at);
        if (results_has(s->results, doc_str(plan, "id", ""))) {
            progress_past(1, sweep_weight(plan));
            continue;
        }
        s->points = xrealloc(s->points, (s->npoints + 1) * sizeof *s->points);
        s->points[s->npoints++] = (struct point){.plan = plan,
                                                 .row = row_begin(plan, s->command),
                                                 .samples = doc_array(),
                                                 .parts = doc_object(),
                                                 .sentinel = doc_array(),
                                                 .grown_bytes = -1,
                                                 .beside = doc_array()};
        if (doc_int(plan, "threads", 1) > s->cores)
            row_flag(s->points[s->npoints - 1].row, "more_threads_than_cores");
    }
    return at;
}

static void drop_group(struct sweep *s) {
    for (size_t i = 0; i < s->npoints; i++) {
        doc_free(s->points[i].row);
        doc_free(s->points[i].samples);
        doc_free(s->points[i].parts);
        doc_free(s->points[i].sentinel);
        doc_free(s->points[i].beside);
    }
    doc_free(s->flops);
    doc_free(s->twins);
}

static void account(struct sweep *s, struct doc *manifest) {
    for (int i = 0; i < PHASES; i++) {
        char key[32];
        snprintf(key, sizeof key, "phases.%s", phase_names[i]);
        doc_put_num(manifest, key, s->spent[i]);
    }
    doc_put(manifest, "ceilings", s->ceilings);
}

/* What the rows of an earlier run say of longer points, and for the exit code. Rows come in the order of points. */
static void take_up(struct sweep *s, const struct doc *points) {
    for (size_t r = 0, at = 0; r < doc_len(s->results->rows); r++) {
        const struct doc *row = doc_at(s->results->rows, r);
        const char *id = doc_str(row, "id", "");
        size_t looked = 0, n = doc_len(points);
        while (looked < n && strcmp(doc_str(doc_at(points, at), "id", ""), id)) at = (at + 1) % n, looked++;
        sweep_note_status(s, row);
        if (looked == n) continue;
        double ns = doc_num(row, "probe_ns", 0);
        if (ns > 0) forecasts_remember(&s->forecasts, doc_at(points, at), ns);
        else if (!strcmp(doc_str(row, "status", ""), "timeout"))
            forecasts_remember(&s->forecasts, doc_at(points, at), -1);
    }
}

int sweep_run(const struct doc *plan, const struct run_options *options, const char *command,
              struct results *results, struct doc *manifest) {
    const struct doc *points = doc_get(plan, "points");
    struct sweep s = {.options = options,
                      .command = command,
                      .results = results,
                      .measure = doc_get(plan, "measure"),
                      .ceilings = doc_object(),
                      .data = -1,
                      .start = stopwatch_seconds()};
    double total = 0;
    s.budget.most = doc_num(s.measure, "max_seconds", 10);
    s.budget.replicates = doc_int(s.measure, "replicates", 6);
    s.cores = machine_cores();
    s.limit = options->mem_limit > 0 ? options->mem_limit : 0.9 * machine_free_memory();
    doc_put_num(manifest, "memory_limit_bytes", s.limit);
    for (size_t i = 0; i < doc_len(points); i++) total += sweep_weight(doc_at(points, i));
    journal_open(&s.journal, results->dir, options->resume);
    take_up(&s, points);
    progress_start(doc_len(points), total);
    for (size_t at = 0; at < doc_len(points) && !s.broken && !child_interrupted();) {
        s.share = sweep_share(&s, points, at);
        at = take_group(&s, points, at);
        if (s.npoints) {
            sweep_ceiling(&s, doc_int(s.points[0].plan, "threads", 1), "read_bytes");
            run_group(&s);
        }
        drop_group(&s);
    }
    progress_end();
    account(&s, manifest);
    forecasts_free(&s.forecasts);
    journal_close(&s.journal, results->dir, !s.broken && !child_interrupted());
    free(s.points);
    if (child_interrupted()) return EXIT_INTERRUPTED;
    return s.broken       ? EXIT_INCOMPLETE
           : s.inaccurate ? EXIT_REGRESSION
           : s.incomplete ? EXIT_INCOMPLETE
                          : EXIT_FINE;
}
