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
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "budget.h"
#include "child.h"
#include "forecast.h"
#include "journal.h"
#include "machine.h"
#include "progress.h"
#include "row.h"
#include "stats.h"
#include "stopwatch.h"
#include "text.h"

static const double WORKER_BYTES = 128 << 20; /* program, libraries, BLAS buffers */
static const double RESERVED_BYTES = 512
                                     << 20; /* address space that stacks and arenas reserve and never touch */

enum phase { CEILINGS, PREPARE, PROBE, TIME, WRITE, PHASES };
static const char *const phase_names[] = {"ceilings", "prepare", "probe", "time", "write"};

struct point {
    const struct doc *plan;
    struct doc *row;      /* NULL once written */
    double probed_ns;     /* one call; 0 before the probe */
    struct doc *samples;  /* an array for each replicate */
    struct doc *parts;    /* of a layer: {name: the same} */
    struct doc *sentinel; /* its readings, an array for each replicate */
    struct doc *beside;   /* of a plugin: for each of them the median of the baseline timed beside it */
    const struct point *baseline;
    double setup_ns, grown_bytes;
    int single, repeated; /* blocks; see job_time.c */
};

struct sweep {
    const struct run_options *options;
    const char *command;
    struct results *results;
    struct journal journal;
    const struct doc *measure;
    struct doc *ceilings; /* for each number of threads */
    double limit;         /* bytes that one worker may take */
    int cores;            /* that we may use */
    double spent[PHASES], start;
    struct forecasts forecasts;
    struct budget budget;
    size_t begun;                       /* points that were not skipped */
    double share;                       /* seconds for which a point of the present group is timed */
    int incomplete, inaccurate, broken; /* broken: rows cannot be written any more */

    struct point *points; /* of the present group */
    size_t npoints;
    int data;                 /* descriptor of its inputs */
    struct doc *flops;        /* sentinel readings */
    const struct point *twin; /* the point that was timed as two entries, */
    struct doc *twins;        /* and in each process the time of the second over that of the first */
};

/* ---- rows -------------------------------------------------------------------------------------- */

static double work_of(const struct doc *point) { return 1 + doc_num(point, "cost.flops", 0) * 1e-10; }

/* What the row means for the exit code. */
static void note_status(struct sweep *s, const struct doc *row) {
    const char *status = doc_str(row, "status", "");
    s->inaccurate |= !strcmp(status, "inaccurate");
    s->incomplete |= !strcmp(status, "timeout") || !strcmp(status, "oom") || !strcmp(status, "crashed");
}

static void write_row(struct sweep *s, struct point *p) {
    double start = stopwatch_seconds();
    note_status(s, p->row);
    if (!s->broken && results_add(s->results, p->row)) {
        warn(
            "cannot write to %s/points.jsonl: %s; %zu rows are safe there; make room and go on with --resume",
            s->results->dir, strerror(errno), doc_len(s->results->rows));
        s->broken = 1;
    }
    p->row = NULL;
    progress_done(1, work_of(p->plan));
    s->spent[WRITE] += stopwatch_seconds() - start;
}

static void end_row(struct sweep *s, struct point *p, const char *status, const char *reason) {
    row_status(p->row, status, reason);
    write_row(s, p);
}

static const char *status_of(const struct child *c) {
    switch (c->end) {
    case CHILD_SILENT: return "timeout";
    case CHILD_OVER_MEMORY:
    case CHILD_KILLED: return "oom";
    default: return "crashed";
    }
}

/* ---- predictions ------------------------------------------------------------------------------- */

/* Inputs are there twice: shared by all workers, and a copy in each. */
static double bytes_of(const struct doc *p, int with_scratch) {
    return 2 * doc_num(p, "need.inputs_bytes", 0) + doc_num(p, "need.outputs_bytes", 0) +
           doc_num(p, "need.copies_bytes", 0) + WORKER_BYTES +
           (with_scratch ? doc_num(p, "need.state_bytes", 0) + doc_num(p, "need.scratch_bytes", 0) : 0);
}

/* Seconds; infinite where there is no budget. */
static double left_of_budget(const struct sweep *s) {
    return s->options->budget > 0 ? s->start + s->options->budget - stopwatch_seconds() : (double)INFINITY;
}

/* For how long each point of the next group is timed, with all in view that come after. */
static double share(struct sweep *s, const struct doc *points, size_t at) {
    size_t n = 0;
    if (!(s->options->budget > 0)) return s->budget.most;
    double *calls = xmalloc(doc_len(points) * sizeof *calls);
    for (size_t i = at; i < doc_len(points); i++) {
        const struct doc *point = doc_at(points, i);
        if (!doc_get(point, "status") && !results_has(s->results, doc_str(point, "id", "")))
            calls[n++] = forecast_seconds(&s->forecasts, point, NULL);
    }
    double seconds = budget_share(&s->budget, calls, n, left_of_budget(s));
    free(calls);
    return seconds;
}

/* Writes the row of a point that shall not run; 0 where it may. */
static int skip(struct sweep *s, struct point *p) {
    const struct forecast *f;
    double bytes = bytes_of(p->plan, 1), seconds = forecast_seconds(&s->forecasts, p->plan, &f);
    char *reason = NULL;
    const char *status = "skipped_time";
    if (doc_get(p->plan, "status")) {
        write_row(s, p);
        return 1;
    }
    if (!isnan(seconds)) doc_put_num(p->row, "predicted.seconds", seconds);
    if (bytes > s->limit) {
        status = "skipped_memory";
        reason = format("needs %s of the %s that a worker may take", show_bytes(bytes), show_bytes(s->limit));
        doc_put_num(p->row, "predicted.bytes", bytes);
    } else if (left_of_budget(s) < budget_seconds(&s->budget, seconds, 0)) {
        reason = left_of_budget(s) <= 0
                     ? format("the budget of %s is used up", show_seconds(s->options->budget))
                     : format("the %s that are left of the budget of %s do not suffice",
                              show_seconds(left_of_budget(s)), show_seconds(s->options->budget));
        doc_put_bool(p->row, "predicted.over_budget", 1);
    } else if (f && f->ns < 0) {
        reason = format("%s took longer than the limit already", f->id);
    } else if (seconds > s->options->point_timeout) {
        reason = format("one call would take %s by %s; the limit is %s", show_seconds(seconds), f->id,
                        show_seconds(s->options->point_timeout));
    }
    if (!reason) return 0;
    end_row(s, p, status, reason);
    free(reason);
    return 1;
}

/* ---- workers ----------------------------------------------------------------------------------- */

struct answer {           /* what came back from a worker */
    struct doc *result;   /* the last event that is no announcement */
    char *call, *earlier; /* the last announcement; the last one before it that differed */
};

static void listen(void *context, struct doc *event) {
    struct answer *a = context;
    const char *call = doc_str(event, "call", NULL);
    if (call) {
        if (a->call && !strcmp(a->call, call)) return;
        free(a->earlier);
        a->earlier = a->call;
        a->call = xstrdup(call);
        return;
    }
    doc_free(a->result);
    a->result = doc_copy(event);
}

static void forget(struct answer *a) {
    doc_free(a->result);
    free(a->call), free(a->earlier);
    *a = (struct answer){0};
}

static int has_answered(const struct child *c, const struct answer *a) {
    return c->end == CHILD_DONE && a->result && !doc_get(a->result, "status");
}

/* Runs one job; the caller looks at c->end and a->result. A worker that somebody has killed is not to blame: it gets a
   second try. What was answered before an interruption is not asked again. Time goes to the phase. */
static void work(struct sweep *s, enum phase phase, struct doc *job, int threads, struct child *c,
                 struct answer *a) {
    static const char *const arguments[] = {"worker", NULL};
    const int is_noted = phase == PROBE || phase == TIME; /* others leave more behind than their answer */
    double start = stopwatch_seconds();
    *a = (struct answer){.result = is_noted ? journal_recall(&s->journal, job) : NULL};
    *c =
        (struct child){.arguments = arguments,
                       .job = job,
                       .data = s->data,
                       .threads = threads,
                       .blas_core = s->options->blas_core,
                       .silence = s->options->point_timeout,
                       .memory = phase == CEILINGS ? 0 : s->limit, /* ceilings need more than a small limit */
                       .event = listen,
                       .context = a};
    for (int tries = 0; !a->result && tries < 2 && (tries == 0 || c->end == CHILD_STRAY); tries++) {
        forget(a);
        child_run(c);
        if (is_noted && has_answered(c, a)) journal_note(&s->journal, job, a->result);
    }
    doc_free(job);
    s->spent[phase] += stopwatch_seconds() - start;
}

/* "" where the worker did what it was asked, else status and reason of the failure. */
static const char *failure(const struct child *c, const struct answer *a, char **reason) {
    *reason = NULL;
    if (has_answered(c, a)) return "";
    if (c->end == CHILD_DONE && a->result) {
        *reason = xstrdup(doc_str(a->result, "reason", "no reason given"));
        return doc_str(a->result, "status", "crashed");
    }
    *reason = child_reason(c);
    return status_of(c);
}

static double ceiling(struct sweep *s, int threads, const char *what) {
    char key[16];
    snprintf(key, sizeof key, "%d", threads);
    if (!doc_get(s->ceilings, key)) {
        struct doc *job = doc_object();
        struct child c;
        struct answer a;
        int data = s->data;
        doc_put_str(job, "kind", "ceilings");
        doc_put_num(job, "threads", threads);
        progress_show("ceilings", "of this machine");
        s->data = -1;
        work(s, CEILINGS, job, threads, &c, &a);
        s->data = data;
        if (!a.result && !child_interrupted()) {
            char *reason = child_reason(&c);
            warn("the ceilings of this machine were not measured: %s; rows will lack their shares of them",
                 reason);
            free(reason);
        }
        doc_put(s->ceilings, key, a.result ? doc_copy(a.result) : doc_object());
        doc_drop(doc_get(s->ceilings, key), "ok");
        const char *core = doc_str(doc_get(s->ceilings, key), "blas.core", "unknown"),
                   *asked = s->options->blas_core;
        if (asked && strcasecmp(asked, core))
            warn("--blas-core %s: OpenBLAS runs its %s kernels all the same", asked, core);
        forget(&a);
    }
    return doc_num(doc_get(s->ceilings, key), what, 0);
}

static int prepare(struct sweep *s, const struct doc *point) {
    struct doc *job = doc_object();
    struct child c;
    struct answer a;
    char *reason;
    doc_put_str(job, "kind", "prepare");
    doc_put(job, "point", doc_copy(point));
    doc_put_num(job, "rows", doc_num(s->measure, "rows", 256));
    progress_show("inputs of", doc_str(point, "id", ""));
    work(s, PREPARE, job, doc_int(point, "threads", 1), &c, &a);
    const char *status = failure(&c, &a, &reason);
    if (*status && !child_interrupted())
        for (size_t i = 0; i < s->npoints; i++)
            if (s->points[i].row) {
                char *why = format("its inputs could not be made: %s", reason);
                end_row(s, &s->points[i], status, why);
                free(why);
            }
    for (size_t i = 0; !*status && i < s->npoints; i++)
        if (s->points[i].row) row_described(s->points[i].row, doc_get(a.result, "descriptors"));
    free(reason);
    forget(&a);
    return *status ? -1 : 0;
}

static void probe(struct sweep *s, struct point *p) {
    const struct doc *what = doc_get(s->measure, "what");
    struct doc *job = doc_object();
    struct child c;
    struct answer a;
    char *reason;
    doc_put_str(job, "kind", "probe");
    doc_put(job, "point", doc_copy(p->plan));
    doc_put(job, "what", doc_copy(what));
    doc_put_num(job, "seeds", doc_num(s->measure, "seeds", 1));
    doc_put_num(job, "memory_limit",
                s->limit + 512 * 0x1p20); /* address space: stacks and arenas reserve it */
    progress_show("probing", doc_str(p->plan, "id", ""));
    work(s, PROBE, job, doc_int(p->plan, "threads", 1), &c, &a);
    const char *status = failure(&c, &a, &reason);
    if (child_interrupted()) {
    } else if (*status) {
        if (c.end == CHILD_SILENT && !a.call)
            forecasts_remember(&s->forecasts, p->plan, -1); /* no word that the call had returned */
        end_row(s, p, status, reason);
    } else {
        p->probed_ns = doc_num(a.result, "forward_ns", 0);
        doc_put_num(p->row, "probe_ns", p->probed_ns);
        forecasts_remember(&s->forecasts, p->plan, p->probed_ns);
        row_probed(p->row, a.result, what);
        p->setup_ns = doc_num(a.result, "setup_ns", 0);
        if (!row_is_ok(p->row)) write_row(s, p); /* inaccurate: its time is withheld */
    }
    free(reason);
    forget(&a);
}

/* ---- timing ------------------------------------------------------------------------------------ */

static struct doc *time_job(const struct sweep *s, struct point *const *chosen, size_t n, int replicate) {
    struct doc *job = doc_object(), *points = doc_array(), *estimates = doc_array();
    for (size_t i = 0; i < n; i++) {
        if (chosen[i] == s->twin) doc_put_num(job, "twin", (double)i);
        doc_add(points, doc_copy(chosen[i]->plan));
        doc_add(estimates, doc_number(chosen[i]->probed_ns));
    }
    doc_put_str(job, "kind", "time");
    doc_put(job, "points", points);
    doc_put(job, "estimates_ns", estimates);
    doc_put_num(job, "share_seconds", s->share / s->budget.replicates);
    doc_put_num(job, "seed", doc_num(chosen[0]->plan, "seed", 1));
    doc_put_num(job, "replicate", replicate);
    doc_put_bool(job, "cold", !strcmp(doc_str(s->measure, "cache", ""), "cold"));
    doc_put_num(job, "memory_limit", s->limit + RESERVED_BYTES);
    return job;
}

static struct point *by_id(struct sweep *s, const char *id) {
    for (size_t i = 0; id && i < s->npoints; i++)
        if (s->points[i].row && !strcmp(doc_str(s->points[i].plan, "id", ""), id)) return &s->points[i];
    return NULL;
}

static double median_of(const struct doc *numbers) {
    size_t n;
    double *x = doc_numbers(numbers, &n), median = stats_median(x, n);
    free(x);
    return median;
}

static const char *plugin_of(const struct point *p) { return doc_str(p->plan, "plugin.path", ""); }

/* The samples of a layer's parts, from one process. */
static void take_parts(struct point *p, const struct doc *parts) {
    for (size_t i = 0; i < doc_len(parts); i++) {
        const char *name = doc_key(parts, i);
        if (!doc_get(p->parts, name)) doc_put(p->parts, name, doc_array());
        doc_add(doc_get(p->parts, name), doc_copy(doc_at(parts, i)));
    }
}

/* A baseline was timed beside the plugin's points for their sake only: its own row has other samples. */
static void take_times(struct sweep *s, const struct doc *result, struct point *const *chosen, size_t n,
                       const struct point *baseline) {
    const struct doc *times = doc_get(result, "times"), *flops = doc_get(result, "fma_flops"),
                     *second = doc_get(result, "twin");
    double beside = 0;
    for (size_t i = 0; i < doc_len(times); i++) {
        struct point *p = by_id(s, doc_str(doc_at(times, i), "id", NULL));
        const struct doc *samples = doc_get(doc_at(times, i), "samples");
        if (!p) continue;
        if (p == baseline) {
            beside = row_process_median(samples);
            continue;
        }
        doc_add(p->samples, doc_copy(samples));
        doc_add(p->sentinel, doc_copy(flops));
        take_parts(p, doc_get(doc_at(times, i), "parts"));
        p->setup_ns = doc_num(doc_at(times, i), "setup_ns", 0);
        p->grown_bytes = fmax(p->grown_bytes, doc_num(doc_at(times, i), "grown_bytes", -1));
        p->single |= doc_flag(doc_at(times, i), "single");
        p->repeated += doc_int(doc_at(times, i), "repeated", 0);
        if (p == s->twin && second)
            doc_add(s->twins, doc_number(row_process_median(second) / row_process_median(samples)));
    }
    for (size_t i = 0; i < n && baseline; i++)
        if (chosen[i] != baseline) {
            doc_add(chosen[i]->beside, doc_number(beside));
            chosen[i]->baseline = baseline;
        }
    for (size_t i = 0; !baseline && i < doc_len(flops); i++) doc_add(s->flops, doc_copy(doc_at(flops, i)));
}

/* The point whose fault it is that a worker died: the one announced last; where that is the baseline of a
   plugin, the plugin's before it, whose doings are the only ones there that nobody has checked. */
static struct point *culprit(struct sweep *s, const struct answer *a, struct point *const *chosen,
                             const struct point *baseline) {
    struct point *p = by_id(s, a->call);
    if (p && p == baseline) p = by_id(s, a->earlier);
    return p && p != baseline ? p : chosen[0];
}

/* One replicate of the chosen points. A worker that dies ends the row of the variant that did it, and the
   replicate starts again without it. The baseline, if any, stands last. */
static void replicate(struct sweep *s, struct point **chosen, size_t n, const struct point *baseline,
                      int number) {
    for (int done = 0; !done && !child_interrupted();) {
        struct child c;
        struct answer a;
        char *reason;
        size_t alive = 0;
        for (size_t i = 0; i < n; i++)
            if (chosen[i]->row) chosen[alive++] = chosen[i];
        n = alive;
        if (n == 0 || chosen[0] == baseline) return;
        progress_show("timing", doc_str(chosen[0]->plan, "id", ""));
        work(s, TIME, time_job(s, chosen, n, number), doc_int(chosen[0]->plan, "threads", 1), &c, &a);
        const char *status = failure(&c, &a, &reason);
        done = !*status;
        if (done) take_times(s, a.result, chosen, n, baseline);
        else if (!child_interrupted()) {
            char *why = format("while it was timed: %s", reason);
            end_row(s, culprit(s, &a, chosen, baseline), status, why);
            free(why);
        }
        free(reason);
        forget(&a);
    }
}

/* As many of the waiting points of one plugin ("": built in) as fit into one worker beside `held` bytes; scratch
   is shared, state is not. */
static size_t choose(struct sweep *s, const char *plugin, double held, size_t *from, struct point **chosen) {
    double state = held, scratch = 0;
    size_t n = 0;
    for (; *from < s->npoints; ++*from) {
        struct point *p = &s->points[*from];
        if (!p->row || strcmp(plugin_of(p), plugin)) continue;
        double more = doc_num(p->plan, "need.state_bytes", 0),
               most = fmax(scratch, doc_num(p->plan, "need.scratch_bytes", 0));
        if (n && bytes_of(p->plan, 0) + state + more + most > s->limit) break;
        state += more;
        scratch = most;
        chosen[n++] = p;
    }
    return n;
}

/* All replicates of the points of one plugin, or of all that are built in. */
static void time_points(struct sweep *s, const char *plugin, struct point *baseline) {
    const struct point *held_twice = baseline ? baseline : s->twin;
    int replicates = doc_int(s->measure, "replicates", 6);
    size_t room = s->npoints + 1;
    struct point **chosen = xmalloc(room * sizeof *chosen), **part = xmalloc(room * sizeof *part);
    double held = held_twice ? bytes_of(held_twice->plan, 1) - bytes_of(held_twice->plan, 0) : 0;
    for (size_t from = 0, n; (n = choose(s, plugin, held, &from, chosen)) > 0;) {
        if (baseline) chosen[n++] = baseline;
        for (int r = 0; r < replicates && !child_interrupted(); r++) {
            memcpy(part, chosen, n * sizeof *part);
            replicate(s, part, n, baseline, r);
        }
    }
    free(chosen);
    free(part);
}

/* The fastest variant of the program in this group, as far as the probes tell; NULL: none. */
static struct point *fastest(struct sweep *s, int exact_only) {
    struct point *best = NULL;
    for (size_t i = 0; i < s->npoints; i++) {
        struct point *p = &s->points[i];
        if (!p->row || *plugin_of(p) || (exact_only && strcmp(doc_str(p->plan, "kind", ""), "exact")))
            continue;
        if (!best || p->probed_ns < best->probed_ns) best = p;
    }
    return best;
}

/* Plugins are timed in workers of their own, where they can spoil nothing of others. */
static void time_group(struct sweep *s) {
    s->twin = fastest(s, 1);
    if (!s->twin) s->twin = fastest(s, 0);
    time_points(s, "", NULL);
    const struct point *twin = s->twin;
    s->twin = NULL; /* the rest is not timed twice */
    for (size_t i = 0; i < s->npoints && !child_interrupted(); i++) {
        const char *plugin = plugin_of(&s->points[i]);
        int seen = !*plugin;
        for (size_t j = 0; j < i; j++) seen |= !strcmp(plugin_of(&s->points[j]), plugin);
        if (!seen) time_points(s, plugin, fastest(s, 1));
    }
    s->twin = twin;
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
        row_ceilings(p->row, peak(s), ceiling(s, doc_int(p->plan, "threads", 1), "read_bytes"));
        write_row(s, p);
    }
}

/* ---- groups ------------------------------------------------------------------------------------ */

/* What the group took beside the seconds for which its points were timed, on average over all so far. */
static void learn_aside(struct sweep *s, size_t points, int timed, double seconds) {
    double aside = fmax(seconds - (timed ? s->share * (double)points : 0), 0);
    s->budget.aside = (s->budget.aside * (double)s->begun + aside) / (double)(s->begun + points);
    s->begun += points;
}

static void run_group(struct sweep *s) {
    int timed = doc_has_word(doc_get(s->measure, "what"), "time");
    const struct doc *first = NULL;
    double start = stopwatch_seconds();
    for (size_t i = 0; i < s->npoints; i++)
        if (!skip(s, &s->points[i]) && !first) first = s->points[i].plan;
    if (!first) return;
    size_t begun = 0;
    for (size_t i = 0; i < s->npoints; i++) begun += s->points[i].row != NULL;
    s->data = memfd_create("inputs", MFD_CLOEXEC);
    if (s->data < 0) die(EXIT_USAGE, "cannot make a file in memory: %s", strerror(errno));
    if (prepare(s, first) == 0) {
        for (size_t i = 0; i < s->npoints && !child_interrupted(); i++)
            if (s->points[i].row) probe(s, &s->points[i]);
        if (timed && !child_interrupted()) time_group(s);
        if (!child_interrupted()) finish_group(s, timed);
    }
    close(s->data);
    s->data = -1;
    if (!child_interrupted() && !s->broken) journal_clear(&s->journal);
    learn_aside(s, begun, timed, stopwatch_seconds() - start);
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
            progress_past(1, work_of(plan));
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
        note_status(s, row);
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
    for (size_t i = 0; i < doc_len(points); i++) total += work_of(doc_at(points, i));
    journal_open(&s.journal, results->dir, options->resume);
    take_up(&s, points);
    progress_start(doc_len(points), total);
    for (size_t at = 0; at < doc_len(points) && !s.broken && !child_interrupted();) {
        s.share = share(&s, points, at);
        at = take_group(&s, points, at);
        if (s.npoints) {
            ceiling(&s, doc_int(s.points[0].plan, "threads", 1), "read_bytes");
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
