/*
 * job_time.c -- one replicate of a group: all its variants timed in turn on the same inputs.
 *
 *   job   {points[], estimates_ns[], share_seconds, seed, replicate, memory_limit, twin, cold}
 *   sends {call: id} before each block of a variant, and at the end
 *         {times: [{id, setup_ns, samples, single, repeated, grown_bytes, parts{name: samples}}], twin: samples,
 *         fma_flops[]}, where samples are {ns[], disturbed[]}, and of each 1 if it is
 *
 * How many calls, and in which order, is timing.c. Each round opens with a sentinel that shows what the machine gives
 * just then. The point number `twin` is there twice, as two entries that know nothing of each other: how far their times
 * differ is what a difference means nothing below. With `cold` each call works on another copy of the inputs. A layer is
 * there as a whole, for half of its share of seconds, and as its parts, which work on what the last calls left: rotary
 * positions turn once more what is turned already, which changes no length. Inputs, output and scratch are touched before,
 * so resident memory that grows in the blocks of a variant is its own doing, and what it has of a state that create()
 * leaves for later.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "blas.h"
#include "child.h"
#include "memory.h"
#include "rotation.h"
#include "sanitized.h"
#include "sentinel.h"
#include "stopwatch.h"
#include "subject.h"
#include "text.h"
#include "timing.h"
#include "worker.h"

static const double SENTINEL_SECONDS = 2e-4;

enum { ENTRIES = 5 }; /* of a point at most: the whole, and parts of a layer */

struct entrant {
    struct subject subject;
    struct rotating rotating;
    double setup_ns;
    int first, count;   /* its entries */
    double left, grown; /* bytes that its blocks so far added; the most that they ever did */
};

struct cast {      /* who is timed */
    int points, n; /* entrants: those of the points, with the twin behind them */
    struct entrant *all;
    struct timing_entry *entries;
    int nentries;
};

/* ---- what timing.c calls ------------------------------------------------------------------------- */

static void forward_cold(void *with) {
    struct rotating *r = with;
    rotating_next(r);
    r->subject->variant->forward(&r->subject->call);
}

static void tell(const char *id) {
    struct doc *d = doc_object();
    doc_put_str(d, "call", id);
    child_send(d);
}

static long switches(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_nivcsw;
}

struct observer { /* of what goes on beside the clock */
    const struct cast *cast;
    int threads, knows_memory;
    struct doc *flops;       /* readings of the sentinel */
    struct entrant *calling; /* whose block it is */
    double before;           /* bytes resident as it began */
};

/* Bytes resident now; peaks count from here on. */
static double resident(void) {
    memory_reset_peak();
    return memory_peak();
}

/* The blocks of `next` come; NULL: nobody's. */
static void hand_over(struct observer *o, struct entrant *next) {
    struct entrant *e = o->calling;
    if (!o->knows_memory) return;
    double peak = memory_peak(), now = resident();
    if (e) {
        e->grown = fmax(e->grown, e->left + peak - o->before);
        e->left = fmax(e->left + now - o->before, 0);
    }
    o->calling = next;
    o->before = now;
}

static void announce(void *with, const struct timing_entry *entry) {
    struct observer *o = with;
    int number = (int)(entry - o->cast->entries), i = 0;
    while (number >= o->cast->all[i].first + o->cast->all[i].count) i++;
    tell(entry->id);
    hand_over(o, &o->cast->all[i]);
}

static void take_reading(void *with) {
    struct observer *o = with;
    hand_over(o, NULL);
    doc_add(o->flops, doc_number(sentinel_flops(o->threads, SENTINEL_SECONDS)));
}

/* ---- the job ------------------------------------------------------------------------------------- */

/* The parts of a layer behind the entry of the whole. What is known of them before is the time of the whole: of the operator
   that is the most it can be, of others their share of the operations; the first calls say better. */
static void add_parts(struct entrant *e, struct timing_entry *whole) {
    double flops = subject_cost(&e->subject).flops;
    for (const struct subject_part *x = subject_parts; x->name; x++) {
        if (!x->is_there(&e->subject)) continue;
        struct timing_entry *part = whole + e->count++;
        *part = *whole;
        part->call = x->run;
        if (strcmp(x->name, "operator")) part->estimate *= x->flops(&e->subject) / flops;
    }
    for (int i = 1; i < e->count; i++) whole[i].share = whole->share / (e->count - 1);
}

static int set_up(struct entrant *e, struct timing_entry *entry, const struct doc *point,
                  const struct stage *stage, const struct rotation *rotation, struct attn_error *error) {
    entry->id = doc_str(point, "id", "");
    tell(entry->id);
    if (stage_subject(stage, point, &e->subject, error)) return -1;
    int64_t start = stopwatch();
    if (subject_create(&e->subject, error)) return -1;
    e->setup_ns = (double)(stopwatch() - start);
    entry->call = rotation ? forward_cold : subject_forward;
    entry->with = rotation ? (void *)&e->rotating : (void *)&e->subject;
    if (rotation) rotating_begin(&e->rotating, rotation, &stage->call, &e->subject);
    e->count = 1;
    return 0;
}

/* One scratch block serves all variants; it is touched before anything is timed. */
static int share_scratch(struct entrant *all, int n, struct block *scratch) {
    size_t most = 0;
    for (int i = 0; i < n; i++)
        if (all[i].subject.need.scratch > most) most = all[i].subject.need.scratch;
    if (block_make(scratch, most)) return -1;
    block_fill(scratch, 0);
    for (int i = 0; i < n; i++) all[i].subject.call.scratch = scratch->data;
    return 0;
}

static struct doc *samples_of(const struct timing_entry *entry) {
    struct doc *samples = doc_object(), *ns = doc_array(), *disturbed = doc_array();
    for (int i = 0; i < entry->samples; i++) {
        doc_add(ns, doc_number(entry->samples_ns[i]));
        doc_add(disturbed, doc_number(entry->is_disturbed[i]));
    }
    doc_put(samples, "ns", ns);
    doc_put(samples, "disturbed", disturbed);
    return samples;
}

static struct doc *times_of(const struct entrant *e, const struct timing_entry *entry) {
    struct doc *one = doc_object();
    const struct timing_entry *part = entry;
    if (e->count > 1) doc_put(one, "parts", doc_object());
    for (const struct subject_part *x = subject_parts; e->count > 1 && x->name; x++)
        if (x->is_there(&e->subject)) doc_put(doc_get(one, "parts"), x->name, samples_of(++part));
    doc_put_str(one, "id", entry->id);
    doc_put_num(one, "setup_ns", e->setup_ns);
    doc_put(one, "samples", samples_of(entry));
    doc_put_bool(one, "single", entry->single);
    doc_put_num(one, "repeated", entry->repeated);
    return one;
}

/* Everything is in place: measure and tell. */
static void measure(const struct doc *job, const struct cast *c, int threads) {
    struct observer observer = {.cast = c,
                                .threads = threads,
                                .knows_memory = !SANITIZED && memory_reset_peak() == 0,
                                .flops = doc_array()};
    struct timing timing = {.seed = (uint64_t)doc_num(job, "seed", 1),
                            .replicate = (uint64_t)doc_int(job, "replicate", 0),
                            .announce = announce,
                            .sentinel = take_reading,
                            .with = &observer,
                            .switches = switches};
    struct doc *result = doc_object(), *times = doc_array();
    if (c->all[0].count > 1) subject_forward(&c->all[0].subject); /* parts have something to work on */
    sentinel_flops(threads, SENTINEL_SECONDS);                    /* stacks of threads */
    timing_run(&timing, c->entries, c->nentries);
    hand_over(&observer, NULL);
    for (int i = 0; i < c->points; i++) {
        struct doc *one = times_of(&c->all[i], &c->entries[c->all[i].first]);
        if (observer.knows_memory) doc_put_num(one, "grown_bytes", c->all[i].grown);
        doc_add(times, one);
    }
    if (c->n > c->points) doc_put(result, "twin", samples_of(&c->entries[c->all[c->points].first]));
    doc_put(result, "fma_flops", observer.flops);
    doc_put(result, "times", times);
    child_send(result);
}

/* The twin is the whole of its point once more, and no parts. */
static int gather(struct cast *c, const struct doc *job, const struct stage *stage,
                  const struct rotation *cold, struct attn_error *error) {
    const struct doc *points = doc_get(job, "points"), *estimates = doc_get(job, "estimates_ns");
    int twin = doc_int(job, "twin", -1);
    c->points = (int)doc_len(points);
    c->n = c->points + (twin >= 0);
    c->all = xmalloc((size_t)c->n * sizeof *c->all);
    c->entries = xmalloc((size_t)c->n * ENTRIES * sizeof *c->entries);
    memset(c->all, 0, (size_t)c->n * sizeof *c->all);
    memset(c->entries, 0, (size_t)c->n * ENTRIES * sizeof *c->entries);
    for (int i = 0; i < c->n; i++) {
        size_t x = (size_t)(i < c->points ? i : twin);
        struct timing_entry *whole = &c->entries[c->nentries];
        struct entrant *e = &c->all[i];
        whole->estimate = doc_as_num(doc_at(estimates, x)) * 1e-9;
        whole->share = doc_num(job, "share_seconds", 1);
        e->first = c->nentries;
        if (set_up(e, whole, doc_at(points, x), stage, cold, error)) return -1;
        if (e->subject.is_layered) whole->share /= 2;
        if (e->subject.is_layered && i < c->points) add_parts(e, whole);
        c->nentries += e->count;
    }
    return 0;
}

void job_time(const struct doc *job) {
    struct attn_error error = {0};
    struct cast c = {0};
    struct stage stage;
    struct rotation rotation, *cold = doc_flag(job, "cold") ? &rotation : NULL;
    struct block scratch;
    if (stage_open(&stage, &error)) {
        job_fail("oom", error.text);
        return;
    }
    blas_warm(stage.group.problem.threads);
    memory_cap(doc_num(job, "memory_limit", 0x1p40));
    if (cold && rotation_make(cold, &stage.call)) {
        job_fail("oom", "no memory for the copies of the inputs that make the cache cold");
        return;
    }
    if (gather(&c, job, &stage, cold, &error)) {
        job_fail("oom", error.text);
        return;
    }
    if (share_scratch(c.all, c.n, &scratch)) {
        job_fail("oom", "no memory for the declared scratch");
        return;
    }
    measure(job, &c, stage.group.problem.threads);
    for (int i = 0; i < c.n; i++) subject_free(&c.all[i].subject);
    free(c.entries);
    free(c.all);
}

void job_ceilings(const struct doc *job) {
    int threads = doc_int(job, "threads", 1);
    struct doc *d = doc_object();
    double best = 0;
    blas_warm(threads);
    for (int i = 0; i < 10; i++) best = fmax(best, sentinel_flops(threads, 0.01));
    doc_put_num(d, "fma_flops", best);
    doc_put_num(d, "read_bytes", sentinel_read(threads, 256 << 20));
    doc_put(d, "blas", blas_doc());
    doc_put_bool(d, "ok", 1);
    child_send(d);
}
