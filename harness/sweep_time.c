/* sweep_time.c -- the points of a group timed beside each other, in one worker for each replicate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "row.h"
#include "sweep_parts.h"
#include "text.h"

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
    doc_put_num(job, "memory_limit", s->limit + SWEEP_RESERVED_BYTES);
    return job;
}

static struct point *by_id(struct sweep *s, const char *id) {
    for (size_t i = 0; id && i < s->npoints; i++)
        if (s->points[i].row && !strcmp(doc_str(s->points[i].plan, "id", ""), id)) return &s->points[i];
    return NULL;
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
        sweep_work(s, TIME, time_job(s, chosen, n, number), doc_int(chosen[0]->plan, "threads", 1), &c, &a);
        const char *status = sweep_failure(&c, &a, &reason);
        done = !*status;
        if (done) take_times(s, a.result, chosen, n, baseline);
        else if (!child_interrupted()) {
            char *why = format("while it was timed: %s", reason);
            sweep_end_row(s, culprit(s, &a, chosen, baseline), status, why);
            free(why);
        }
        free(reason);
        sweep_forget(&a);
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
        if (n && sweep_bytes(p->plan, 0) + state + more + most > s->limit) break;
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
    double held = held_twice ? sweep_bytes(held_twice->plan, 1) - sweep_bytes(held_twice->plan, 0) : 0;
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
void sweep_time_group(struct sweep *s) {
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
