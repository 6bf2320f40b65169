/*
 * job_time.c -- one replicate of a group: all its variants timed in turn on the same inputs.
 *
 *   job   {points[], estimates_ns[], share_seconds, seed, replicate, memory_limit, twin}
 *   sends {call: id} before each block of a variant, and at the end
 *         {times: [{id, setup_ns, samples_ns[], single, repeated, disturbed}], twin_ns[], fma_flops[],
 *         copy_bytes[]}
 *
 * A block is one untimed call and then as many timed ones as fill SAMPLE_SECONDS; their mean is one
 * sample. Every round takes all variants that have blocks left, in an order drawn anew, and opens with
 * a sentinel that shows what the machine gives just then. A variant has as many blocks as its share of
 * seconds pays for. A call longer than the share is made once: one sample, flagged.
 *
 * The point number `twin` is there twice, as two entries that know nothing of each other: how far their times
 * differ is what a difference means nothing below. A block during which the system took the processor away for
 * more than DISTURBED of its time is repeated, as long as the entry has repetitions left, and then kept.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "blas.h"
#include "child.h"
#include "memory.h"
#include "sentinel.h"
#include "stopwatch.h"
#include "subject.h"
#include "text.h"
#include "worker.h"

enum { BLOCKS_MAX = 20, STREAM_ORDER = 9 };
static const double SAMPLE_SECONDS = 0.01, SENTINEL_SECONDS = 2e-4, OVERHEADS = 1000, COPY_BYTES = 1 << 20;
static const double DISTURBED = 0.02,
                    SWITCH_SECONDS = 0.003; /* another process keeps a core about that long */

struct entrant {
    struct subject subject;
    const char *id;
    double estimate, setup_ns; /* estimate: seconds of a call */
    int blocks, calls;         /* blocks to run; timed calls in each */
    int single;
    int repeats, repeated, disturbed; /* left; made; blocks that were kept all the same */
    struct doc *samples;
};

static void announce(const struct entrant *e) {
    struct doc *d = doc_object();
    doc_put_str(d, "call", e->id);
    child_send(d);
}

static double timed_calls(const struct entrant *e, int calls) {
    int64_t start = stopwatch();
    for (int i = 0; i < calls; i++) e->subject.variant->forward(&e->subject.call);
    return (double)(stopwatch() - start);
}

/* How many blocks of how many calls the share pays for. */
static void schedule(struct entrant *e, double share, double overhead) {
    double sample = fmax(SAMPLE_SECONDS, OVERHEADS * overhead), block;
    sample = fmin(sample, share / 3); /* a small share still gives more than one sample */
    e->calls = (int)fmin(fmax(ceil(sample / e->estimate), 1), 1e9);
    block = e->estimate * (e->calls + 1);
    e->blocks = (int)fmin(fmax(floor(share / block), 1), BLOCKS_MAX);
    e->repeats = e->blocks / 3;
}

static int set_up(struct entrant *e, const struct doc *point, double probed_ns, double share,
                  const struct stage *stage, struct attn_error *error) {
    e->id = doc_str(point, "id", "");
    announce(e);
    if (subject_make(&e->subject, point, &stage->call, error)) return -1;
    int64_t start = stopwatch();
    if (subject_create(&e->subject, error)) return -1;
    e->setup_ns = (double)(stopwatch() - start);
    e->samples = doc_array();
    e->estimate = probed_ns * 1e-9;
    e->single = e->estimate > share;
    return 0;
}

/* The untimed first call on touched memory corrects the estimate of the probe. */
static void estimate(struct entrant *e, double share, double overhead) {
    announce(e);
    if (!e->single) e->estimate = fmax(timed_calls(e, 1), 20) * 1e-9;
    if (!e->single && e->estimate * 1000 < SAMPLE_SECONDS)
        e->estimate = fmax(timed_calls(e, 20) / 20, 1) * 1e-9;
    schedule(e, share, overhead);
}

/* How often the system has taken a processor from this process. */
static long switches(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_nivcsw;
}

static void run_block(struct entrant *e) {
    announce(e);
    for (;;) {
        if (!e->single) timed_calls(e, 1);
        long before = switches();
        double ns = timed_calls(e, e->calls), lost = (double)(switches() - before) * SWITCH_SECONDS;
        int disturbed = lost > DISTURBED * ns * 1e-9;
        if (disturbed && !e->single && e->repeats > 0) {
            e->repeats--;
            e->repeated++;
            continue;
        }
        doc_add(e->samples, doc_number(ns / e->calls));
        e->disturbed += disturbed;
        e->blocks--;
        return;
    }
}

/* A random order of 0 .. n - 1, from the seed, replicate and round. */
static void shuffle(int *order, int n, uint64_t seed, uint64_t round) {
    for (int i = 0; i < n; i++) order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int j = (int)attn_random_index(seed, STREAM_ORDER, round * 4096 + (uint64_t)i, (uint32_t)i + 1),
            x = order[i];
        order[i] = order[j];
        order[j] = x;
    }
}

static double copy_rate(struct block *buffer) {
    size_t half = (size_t)COPY_BYTES / 2;
    double start = stopwatch_seconds();
    memcpy(buffer->data, buffer->data + half, half);
    return (double)half / (stopwatch_seconds() - start);
}

static void rounds(struct entrant *all, int n, const struct doc *job, int threads, struct doc *result) {
    struct doc *flops = doc_array(), *copies = doc_array();
    uint64_t seed = (uint64_t)doc_num(job, "seed", 1),
             first = (uint64_t)doc_int(job, "replicate", 0) * BLOCKS_MAX;
    int *order = xmalloc((size_t)n * sizeof *order), left = 1;
    struct block buffer;
    if (block_make(&buffer, (size_t)COPY_BYTES)) die(EXIT_USAGE, "no memory for the sentinel");
    block_fill(&buffer, 1);
    for (uint64_t round = 0; left; round++) {
        doc_add(flops, doc_number(sentinel_flops(threads, SENTINEL_SECONDS)));
        doc_add(copies, doc_number(copy_rate(&buffer)));
        shuffle(order, n, seed, first + round);
        left = 0;
        for (int i = 0; i < n; i++) {
            struct entrant *e = &all[order[i]];
            if (e->blocks > 0) run_block(e);
            left |= e->blocks > 0;
        }
    }
    doc_put(result, "fma_flops", flops);
    doc_put(result, "copy_bytes", copies);
    free(order);
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

static struct doc *times_of(const struct entrant *e) {
    struct doc *one = doc_object();
    doc_put_str(one, "id", e->id);
    doc_put_num(one, "setup_ns", e->setup_ns);
    doc_put(one, "samples_ns", e->samples);
    doc_put_bool(one, "single", e->single);
    doc_put_num(one, "repeated", e->repeated);
    doc_put_num(one, "disturbed", e->disturbed);
    return one;
}

void job_time(const struct doc *job) {
    const struct doc *points = doc_get(job, "points");
    double share = doc_num(job, "share_seconds", 1), overhead = (double)stopwatch_overhead() * 1e-9;
    int points_n = (int)doc_len(points), twin = doc_int(job, "twin", -1), n = points_n + (twin >= 0);
    struct entrant *all = xmalloc((size_t)n * sizeof *all);
    struct doc *result = doc_object(), *times = doc_array();
    struct attn_error error = {0};
    struct stage stage;
    struct block scratch;
    memset(all, 0, (size_t)n * sizeof *all);
    if (stage_open(&stage, &error)) {
        job_fail("oom", error.text);
        return;
    }
    blas_warm(stage.group.problem.threads);
    memory_cap(doc_num(job, "memory_limit", 0x1p40));
    for (int i = 0; i < n; i++) {
        size_t x = (size_t)(i < points_n ? i : twin);
        if (set_up(&all[i], doc_at(points, x), doc_as_num(doc_at(doc_get(job, "estimates_ns"), x)), share,
                   &stage, &error)) {
            job_fail("oom", error.text);
            return;
        }
    }
    if (share_scratch(all, n, &scratch)) {
        job_fail("oom", "no memory for the declared scratch");
        return;
    }
    for (int i = 0; i < n; i++) estimate(&all[i], share, overhead);
    rounds(all, n, job, stage.group.problem.threads, result);
    for (int i = 0; i < points_n; i++) doc_add(times, times_of(&all[i]));
    if (twin >= 0) doc_put(result, "twin_ns", all[points_n].samples);
    for (int i = 0; i < n; i++) subject_free(&all[i].subject);
    doc_put(result, "times", times);
    child_send(result);
    free(all);
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
