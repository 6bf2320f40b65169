/*
 * test_timing.c -- all of the measuring on a clock of our own: seeded noise in, verdicts out.
 *
 * A call advances the clock by what the model says; timing.c, row.c, compare.c and fit.c are those of the program.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attn.h"
#include "compare.h"
#include "compare_variants.h"
#include "fit.h"
#include "row.h"
#include "stats.h"
#include "stopwatch.h"
#include "text.h"
#include "timing.h"

/* ---- a machine ---------------------------------------------------------------------------------- */

enum { VARIANTS_MAX = 4, LENGTHS_MAX = 6, PROCESSES = 6 };
enum { PROCESS, BLOCK, MODE, GAP }; /* streams of random numbers */

struct machine {
    uint64_t seed;
    double process_noise; /* deviation of the logarithm, one draw for each process and variant */
    double call_noise;    /* for each call */
    double drift;         /* relative, over an hour of the clock */
    double preemptions;   /* a second of the clock: another process takes the processor for 4 ms */
    double leaves_ns;     /* when that ends; 0: never */
    double cold;          /* the first call of a process takes so much longer, relative */
    double modes;         /* half of the processes run so much slower, all their calls */
    double reading_ns;    /* what a reading of the clock takes, and its resolution */
};

struct variant { /* of time c n^p */
    double c, p;
};

static const struct machine quiet = {.seed = 1, .reading_ns = 20};

static struct {
    const struct machine *m;
    double now_ns, next_ns; /* of the clock: the present, the next preemption */
    uint64_t calls, process, gaps;
    int warm;           /* the process has made a call */
    double calls_apart; /* in a block, of the first entry from its twin: the greatest |log ratio| */
    long switches;
    int sentinels, announced;
} world;

static double normal(double deviation, uint64_t stream, uint64_t index) {
    float x;
    if (deviation == 0) return 0;
    attn_random_normal(world.m->seed, stream, index, 1, &x);
    return deviation * (double)x;
}

static int64_t read_clock(void) {
    world.now_ns += world.m->reading_ns;
    return (int64_t)(floor(world.now_ns / world.m->reading_ns) * world.m->reading_ns);
}

/* Memoryless: what was to come while nobody looked is drawn again. */
static void draw_preemption(double from_ns) {
    double u = (attn_random_index(world.m->seed, GAP, world.gaps++, 1u << 20) + 0.5) / (1u << 20);
    world.next_ns = from_ns - log(u) * 1e9 / world.m->preemptions;
}

/* What `ns` of work take where a neighbour interrupts them. */
static double preempted(double ns) {
    if (world.m->preemptions == 0 || (world.m->leaves_ns > 0 && world.now_ns > world.m->leaves_ns)) return ns;
    if (world.next_ns < world.now_ns) draw_preemption(world.now_ns);
    for (; world.next_ns < world.now_ns + ns; draw_preemption(world.next_ns)) {
        ns += 4e6;
        world.next_ns += 4e6;
        world.switches++;
    }
    return ns;
}

struct callee {
    const struct variant *variant;
    int number, n;
};

static void call(void *with) {
    const struct callee *x = with;
    const struct machine *m = world.m;
    uint64_t who = world.process * VARIANTS_MAX + (uint64_t)x->number;
    double ns = x->variant->c * pow(x->n, x->variant->p);
    ns *= exp(normal(m->process_noise, PROCESS, who) + normal(m->call_noise, BLOCK, world.calls));
    ns *= 1 + m->drift * world.now_ns / 3.6e12;
    if (m->modes > 0 && attn_random_index(m->seed, MODE, world.process, 2)) ns *= 1 + m->modes;
    if (!world.warm) ns *= 1 + m->cold;
    world.warm = 1;
    world.calls++;
    world.now_ns += preempted(ns);
}

static void announce(void *with, const struct timing_entry *e) {
    (void)with;
    world.announced += e->id != NULL;
}
static void sentinel(void *with) {
    (void)with;
    world.sentinels++;
    world.now_ns += 4e5;
}
static long switches(void) { return world.switches; }

/* ---- a run -------------------------------------------------------------------------------------- */

struct sweep {
    struct variant variants[VARIANTS_MAX];
    int nvariants, lengths[LENGTHS_MAX], nlengths;
    double max_seconds; /* of a point */
    int twin;           /* variant 0 is there twice */
};

static struct sweep alone(double ns, double max_seconds) { /* one variant, one length */
    return (struct sweep){
        .variants = {{ns, 0}}, .nvariants = 1, .lengths = {1}, .nlengths = 1, .max_seconds = max_seconds};
}

static struct doc *plan_of(const struct sweep *s, int v, int n) {
    struct doc *point = doc_object();
    char *id = format("v%d/n%d", v, n), *label = format("v%d", v);
    doc_put_str(point, "id", id);
    doc_put_str(point, "variant", label);
    doc_put_str(point, "label", label);
    doc_put_str(point, "kind", v ? "approx_softmax" : "exact");
    doc_put_num(point, "shape.nq", n);
    doc_put_num(point, "shape.nk", n);
    doc_put_num(point, "growth.time", s->variants[v].p);
    free(id), free(label);
    return point;
}

/* As job_time.c sends them. */
static struct doc *samples_of(const struct timing_entry *e) {
    struct doc *d = doc_object();
    doc_put(d, "ns", doc_array());
    doc_put(d, "disturbed", doc_array());
    for (int i = 0; i < e->samples; i++) {
        doc_add(doc_get(d, "ns"), doc_number(e->samples_ns[i]));
        doc_add(doc_get(d, "disturbed"), doc_number(e->is_disturbed[i]));
    }
    return d;
}

/* One length: PROCESSES processes time all variants in turn; rows go to `rows`. */
static void run_group(const struct sweep *s, int n, struct doc *rows) {
    struct doc *samples[VARIANTS_MAX], *twins = doc_array(), *plans[VARIANTS_MAX];
    int entries_n = s->nvariants + s->twin, repeated[VARIANTS_MAX] = {0}, single = 0;
    for (int v = 0; v < s->nvariants; v++) samples[v] = doc_array(), plans[v] = plan_of(s, v, n);
    for (int r = 0; r < PROCESSES; r++, world.process++) {
        struct timing_entry entries[VARIANTS_MAX + 1];
        struct callee callees[VARIANTS_MAX + 1];
        struct timing t = {.seed = world.m->seed,
                           .replicate = (uint64_t)r,
                           .announce = announce,
                           .sentinel = sentinel,
                           .switches = switches};
        double medians[VARIANTS_MAX + 1];
        memset(entries, 0, sizeof entries);
        for (int e = 0; e < entries_n; e++) {
            const struct variant *v = &s->variants[e < s->nvariants ? e : 0];
            callees[e] = (struct callee){v, e < s->nvariants ? e : VARIANTS_MAX - 1, n};
            entries[e] = (struct timing_entry){.id = "x", .call = call, .with = &callees[e]};
            entries[e].share = s->max_seconds / PROCESSES;
            entries[e].estimate = 1.2e-9 * v->c * pow(n, v->p); /* probes are slow */
        }
        world.warm = 0;
        timing_run(&t, entries, entries_n);
        if (s->twin) {
            double ratio = (double)entries[0].calls / entries[s->nvariants].calls;
            world.calls_apart = fmax(world.calls_apart, fabs(log(ratio)));
        }
        for (int e = 0; e < entries_n; e++) {
            struct doc *all = samples_of(&entries[e]);
            medians[e] = row_process_median(all);
            if (e == s->nvariants) {
                doc_add(twins, doc_number(medians[e] / medians[0]));
                doc_free(all);
                continue;
            }
            doc_add(samples[e], all);
            repeated[e] += entries[e].repeated;
            single |= entries[e].single;
        }
    }
    for (int v = 0; v < s->nvariants; v++) {
        struct doc *row = row_begin(plans[v], "run");
        row_timed(row, samples[v], 0, single);
        row_disturbed(row, repeated[v]);
        if (s->twin) row_twins(row, "v0", twins);
        doc_add(rows, row);
        doc_free(plans[v]), doc_free(samples[v]);
    }
    doc_free(twins);
}

static struct doc *run(const struct machine *m, const struct sweep *s) {
    struct doc *rows = doc_array();
    world.m = m;
    for (int i = 0; i < s->nlengths; i++) run_group(s, s->lengths[i], rows);
    return rows;
}

/* Another run on the same clock is another process group: its noise is drawn anew. */
static struct doc *first_run(const struct machine *m, const struct sweep *s) {
    memset(&world, 0, sizeof world);
    return run(m, s);
}

static int replace_clock(void **state) {
    *state = (void *)stopwatch;
    stopwatch = read_clock;
    return 0;
}

static int restore_clock(void **state) {
    stopwatch = (stopwatch_fn)*state;
    return 0;
}

static double median_ns(const struct doc *rows, size_t i) {
    return doc_num(doc_at(rows, i), "time.median_ns", 0);
}

/* ---- what a call takes --------------------------------------------------------------------------- */

/* From 5 ns to 20 s: within a thousandth, the clock's own reading included. */
static void a_call_of_any_length(void **state) {
    (void)state;
    for (double ns = 5; ns < 2e10; ns *= 7) {
        struct sweep s = alone(ns, 0.1);
        struct doc *rows = first_run(&quiet, &s);
        assert_true(fabs(median_ns(rows, 0) / ns - 1) < 1e-3);
        assert_int_equal(doc_has_word(doc_get(doc_at(rows, 0), "flags"), "single_sample"),
                         ns * 1.2e-9 > 0.1 / PROCESSES);
        doc_free(rows);
    }
}

/* The share of seconds holds, but for the first calls and one block of each entry; and, but for half of it, where
   neighbours take four fifths of the time. */
static void seconds_are_kept(void **state) {
    (void)state;
    for (double ns = 50; ns < 1e9; ns *= 9) {
        struct sweep s = alone(ns, 0.6);
        doc_free(first_run(&quiet, &s));
        assert_true(world.now_ns * 1e-9 < s.max_seconds * 1.05 + PROCESSES * (30 * ns * 1e-9 + 0.02));
    }
    struct machine busy = quiet;
    busy.preemptions = 1000;
    for (double ns = 50; ns < 1e6; ns *= 9) {
        struct sweep s = alone(ns, 6);
        doc_free(first_run(&busy, &s));
        assert_true(world.now_ns * 1e-9 < s.max_seconds * 1.6 + PROCESSES * 0.02);
    }
}

/* Every sample is announced, and every round has its sentinel. */
static void rounds(void **state) {
    (void)state;
    struct sweep s = {
        .variants = {{1e6, 0}, {2e6, 0}}, .nvariants = 2, .lengths = {1}, .nlengths = 1, .max_seconds = 60};
    struct doc *rows = first_run(&quiet, &s);
    assert_int_equal(world.sentinels, PROCESSES * TIMING_BLOCKS);
    assert_int_equal(world.announced, PROCESSES * 2 * (TIMING_BLOCKS + 1));
    assert_int_equal(doc_len(doc_get(doc_at(rows, 0), "time.samples_ns")), PROCESSES * TIMING_BLOCKS);
    doc_free(rows);
}

/* ---- disturbances -------------------------------------------------------------------------------- */

/* A block that loses the processor is repeated, so that the figure stays; where many of them lose it, the row says so, and
   the figure comes from the others. */
static void lost_processors(void **state) {
    (void)state;
    struct machine some = quiet, many = quiet, all = quiet;
    some.preemptions = 10;
    many.preemptions = 100;
    all.preemptions = 500;
    struct sweep s = alone(1e6, 6);
    struct doc *rows = first_run(&some, &s), *row = doc_at(rows, 0);
    assert_true(fabs(median_ns(rows, 0) / 1e6 - 1) < 1e-3);
    assert_true(doc_num(row, "time.disturbed.repeated", 0) > 0);
    assert_false(doc_has_word(doc_get(row, "flags"), "disturbed"));
    doc_free(rows);
    rows = first_run(&many, &s), row = doc_at(rows, 0);
    assert_true(fabs(median_ns(rows, 0) / 1e6 - 1) < 1e-3);
    assert_true(doc_num(row, "time.disturbed.kept", 0) > PROCESSES * TIMING_BLOCKS / 2.5);
    assert_true(doc_has_word(doc_get(row, "flags"), "disturbed"));
    doc_free(rows);
    rows = first_run(&all, &s), row = doc_at(rows, 0);
    assert_true(doc_num(row, "time.disturbed.kept", 0) > 0);
    assert_true(doc_has_word(doc_get(row, "flags"), "disturbed"));
    doc_free(rows);
}

/* The first call of a process is dear, and only one entry makes it; neighbours take more from a long block than from a
   short one. The blocks of an entry and its twin are as long all the same, and their times agree. */
static void twins_agree(void **state) {
    (void)state;
    struct machine m = quiet;
    m.call_noise = 0.01, m.cold = 9, m.preemptions = 150;
    double ratios[8 * PROCESSES];
    size_t n = 0;
    for (m.seed = 1; m.seed <= 8; m.seed++) {
        struct sweep s = alone(1e6, 2);
        s.twin = 1;
        struct doc *rows = first_run(&m, &s), *aa = doc_get(doc_at(rows, 0), "time.aa.process_ratios");
        for (size_t i = 0; i < doc_len(aa); i++) ratios[n++] = doc_as_num(doc_at(aa, i));
        assert_true(world.calls_apart < log(1.3));
        doc_free(rows);
    }
    print_message("A/A on a busy machine: %.4f in the middle of %zu processes\n", stats_median(ratios, n), n);
    assert_int_equal(n, 8 * PROCESSES);
    assert_true(fabs(stats_median(ratios, n) - 1) < 0.02);
}

/* A neighbour who comes for the first tenth of a second spoils no sample: repetitions are not used up by then. */
static void an_early_neighbour(void **state) {
    (void)state;
    struct machine early = quiet;
    early.preemptions = 300;
    early.leaves_ns = 0.1 * 1e9;
    struct sweep s = alone(1e6, 0.23 * PROCESSES);
    struct doc *rows = first_run(&early, &s), *row = doc_at(rows, 0);
    assert_true(doc_num(row, "time.disturbed.repeated", 0) > 0);
    assert_int_equal(doc_num(row, "time.disturbed.kept", -1), 0);
    assert_true(fabs(doc_num(row, "time.min_ns", 0) / 1e6 - 1) < 1e-3 &&
                fabs(median_ns(rows, 0) / 1e6 - 1) < 1e-3);
    doc_free(rows);
}

/* Entries are interleaved, so what slows down over the run slows all of them: their ratio stays, although the clock
   says 30 % more at the end of a group than at its beginning. */
static void drift_cancels(void **state) {
    (void)state;
    struct machine m = quiet;
    m.call_noise = 0.01;
    struct sweep s = {
        .variants = {{1e6, 0}, {2e6, 0}}, .nvariants = 2, .lengths = {1}, .nlengths = 1, .max_seconds = 6};
    doc_free(first_run(&m, &s));
    m.drift = 0.3 * 3.6e12 / world.now_ns;
    struct doc *rows = first_run(&m, &s);
    assert_true(fabs(median_ns(rows, 1) / median_ns(rows, 0) / 2 - 1) < 0.005);
    const struct doc *ci = doc_get(doc_at(rows, 0), "time.ci_ns");
    assert_true(doc_as_num(doc_at(ci, 1)) / doc_as_num(doc_at(ci, 0)) >
                1.15); /* the interval does not hide it */
    doc_free(rows);
}

/* ---- verdicts ------------------------------------------------------------------------------------ */

static const char *verdict_of(const struct doc *c, int v, int n) {
    char *id = format("v%d/n%d", v, n);
    const struct doc *points = doc_get(c, "points");
    const char *verdict = "none";
    for (size_t i = 0; i < doc_len(points); i++)
        if (!strcmp(doc_str(doc_at(points, i), "id", ""), id))
            verdict = doc_str(doc_at(points, i), "time.verdict", "none");
    free(id);
    return verdict;
}

static int is_told(const char *verdict) { return !strcmp(verdict, "slower") || !strcmp(verdict, "faster"); }

/* Three variants at three lengths, the last of them slower in the second run. */
struct tally {
    int runs, hits;   /* comparisons; those in which it gets the verdict at all lengths, */
    int points, told; /* lengths at which it does; at which it is called slower or faster */
    int wrong;        /* comparisons in which another variant is */
};

/* The second run is on the machine `later`. */
static struct tally verdicts_between(struct machine m, struct machine later, double factor, double threshold,
                                     const char *word, int runs) {
    struct sweep s = {.variants = {{1e3, 1}, {2e3, 1}, {3e3, 1}},
                      .nvariants = 3,
                      .lengths = {1000, 2000, 4000},
                      .nlengths = 3,
                      .max_seconds = 1,
                      .twin = 1};
    struct tally t = {.runs = runs};
    for (int i = 0; i < runs; i++) {
        struct sweep slowed = s;
        slowed.variants[2].c *= factor;
        m.seed = later.seed = (uint64_t)i + 1;
        struct doc *before = first_run(&m, &s), *after = run(&later, &slowed),
                   *c = compare_runs(before, after, threshold);
        int hit = 1, wrong = 0;
        for (int x = 0; x < s.nlengths; x++) {
            int is_word = !strcmp(verdict_of(c, 2, s.lengths[x]), word);
            hit &= is_word, t.points += is_word;
            t.told += is_told(verdict_of(c, 2, s.lengths[x]));
            for (int v = 0; v < 2; v++) wrong |= is_told(verdict_of(c, v, s.lengths[x]));
        }
        t.hits += hit, t.wrong += wrong;
        doc_free(before), doc_free(after), doc_free(c);
    }
    return t;
}

static struct tally verdicts(struct machine m, double factor, double threshold, const char *word, int runs) {
    return verdicts_between(m, m, factor, threshold, word, runs);
}

/* The least k that Binomial(n, p) exceeds with a chance of at most 1e-4. */
static int binomial_most(int n, double p) {
    double chance = pow(1 - p, n), sum = chance;
    int k = 0;
    while (1 - sum > 1e-4) {
        chance *= (double)(n - k) / (k + 1) * p / (1 - p);
        sum += chance;
        k++;
    }
    return k;
}

/* Two runs of the same code: a comparison may call a difference where there is none in 5 % of the cases. */
static void the_same_code_twice(void **state) {
    (void)state;
    struct machine m = quiet;
    m.process_noise = 0.01, m.call_noise = 0.02;
    struct tally t = verdicts(m, 1, 0.02, "same", 100);
    print_message("equal code: %d of %d comparisons with a false verdict\n", t.wrong, t.runs);
    assert_true(t.wrong <= binomial_most(t.runs, 0.05));
    m.modes = 0.08; /* half of the processes 8 % slower */
    t = verdicts(m, 1, 0.02, "same", 100);
    print_message("equal code, a clock of two modes: %d of %d\n", t.wrong, t.runs);
    assert_true(t.wrong <= binomial_most(t.runs, 0.05));
}

/* Neighbours who are there during the second run only make no verdict, however many they are; where they disturb many of its
   samples, not even of what is slower. */
static void a_loaded_second_run(void **state) {
    (void)state;
    struct machine m = quiet, loaded;
    m.process_noise = 0.01, m.call_noise = 0.02;
    for (double load = 10; load < 1000; load *= 3) {
        loaded = m;
        loaded.preemptions = load;
        struct tally t = verdicts_between(m, loaded, 1, 0.02, "same", 40);
        print_message("equal code, %g preemptions a second: %d of %d\n", load, t.wrong, t.runs);
        assert_true(t.wrong <= binomial_most(t.runs, 0.05));
    }
    struct tally t = verdicts_between(m, loaded, 1.5, 0.02, "ambiguous", 10);
    assert_int_equal(t.hits, t.runs);
    assert_int_equal(t.told, 0);
}

/* 5 % slower is beyond a threshold of 2 %, and called so. */
static void slower_is_called_slower(void **state) {
    (void)state;
    struct machine m = quiet;
    m.process_noise = 0.005, m.call_noise = 0.02;
    struct tally t = verdicts(m, 1.05, 0.02, "slower", 100);
    print_message("5 %% slower in 0.5 %% noise: found at all lengths in %d of %d, others wrong in %d\n",
                  t.hits, t.runs, t.wrong);
    assert_true(t.hits >= 92);
    assert_true(t.wrong <= binomial_most(t.runs, 0.05));
    m.preemptions = 2; /* outliers do not blind it */
    t = verdicts(m, 1.05, 0.02, "slower", 100);
    print_message("the same with outliers: %d of %d\n", t.hits, t.runs);
    assert_true(t.hits >= 90);
}

/* 2 % in 3 % of noise can be neither told nor denied: it is within the threshold of 5 %, but the interval is not. */
static void little_in_noise_is_ambiguous(void **state) {
    (void)state;
    struct machine m = quiet;
    m.process_noise = 0.03, m.call_noise = 0.02;
    struct tally t = verdicts(m, 1.02, 0.05, "ambiguous", 100);
    print_message("2 %% slower in 3 %% noise: %d of %d points ambiguous, %d called slower or faster\n",
                  t.points, 3 * t.runs, t.told);
    assert_true(t.points >= 0.8 * 3 * t.runs);
    assert_true(t.told <= binomial_most(t.runs, 0.05));
}

/* ---- two variants of one run --------------------------------------------------------------------- */

/* A variant and a copy of it that takes `factor` times as long, at five lengths, beside each other. */
struct beside {
    int runs, wrong;          /* in which a length gets the opposite verdict, or any where factor is 1 */
    int points, slower, same; /* lengths; those that are called so */
};

static struct beside copies(struct machine m, double factor, double threshold, int runs) {
    struct sweep s = {.variants = {{1e3, 1}, {1e3 * factor, 1}},
                      .nvariants = 2,
                      .lengths = {1000, 2000, 4000, 8000, 16000},
                      .nlengths = 5,
                      .max_seconds = 0.6,
                      .twin = 1};
    struct beside t = {.runs = runs};
    for (int i = 0; i < runs; i++) {
        m.seed = (uint64_t)i + 1;
        struct doc *rows = first_run(&m, &s), *c = compare_variants(rows, "v0", "v1", threshold);
        int slower = doc_int(c, "counts.slower", 0), faster = doc_int(c, "counts.faster", 0);
        assert_int_equal(doc_int(c, "counts.timed", 0), s.nlengths);
        assert_int_equal(doc_int(c, "counts.regressions", 0), slower);
        t.points += s.nlengths, t.slower += slower, t.same += doc_int(c, "counts.same", 0);
        t.wrong += factor == 1 ? slower + faster > 0 : faster > 0;
        doc_free(rows), doc_free(c);
    }
    print_message(
        "a copy %.0f %% slower, noise %g: slower at %d of %d lengths, the same at %d; wrong %d of %d\n",
        100 * (factor - 1), m.process_noise, t.slower, t.points, t.same, t.wrong, t.runs);
    return t;
}

/* 5 % slower beside the original is called slower, in 2 % of noise as well; that noise alone is not. */
static void a_slowed_copy_is_called_slower(void **state) {
    (void)state;
    struct machine m = quiet;
    m.process_noise = 0.005, m.call_noise = 0.02;
    struct beside t = copies(m, 1.05, 0.02, 40);
    assert_true(t.slower >= 0.98 * t.points && t.wrong == 0);
    m.modes = 0.08; /* half of the processes are slower as a whole, in which both variants are */
    t = copies(m, 1.05, 0.02, 40);
    assert_true(t.slower >= 0.98 * t.points && t.wrong == 0);
    m.modes = 0, m.process_noise = 0.02;
    t = copies(m, 1.05, 0.02, 100);
    assert_true(t.slower >= 0.5 * t.points && t.wrong == 0);
    t = copies(m, 1.1, 0.02, 40);
    assert_true(t.slower >= 0.98 * t.points && t.wrong == 0);
}

static void an_equal_copy_is_not(void **state) {
    (void)state;
    struct machine m = quiet;
    for (int i = 0; i < 2; i++) {
        m.process_noise = i ? 0.03 : 0.005, m.call_noise = 0.02;
        struct beside t = copies(m, 1, 1e-9, 100); /* the test and the floor alone */
        assert_true(t.wrong <= binomial_most(t.runs, 0.05));
    }
    m.process_noise = 0.003,
    m.call_noise = 0.005; /* of a long call a process has few samples, which keep its noise */
    struct beside t = copies(m, 1, 0.02, 40);
    assert_true(t.same >= 0.8 * t.points && t.wrong == 0);
}

/* The same clock, read by fit: equal variants cross nowhere, and at no length is one faster. */
static void fit_tells_no_equal_variants_apart(void **state) {
    (void)state;
    struct machine m = quiet;
    int runs = 100, wrong = 0, called = 0, lengths = 0;
    m.process_noise = 0.02, m.call_noise = 0.02;
    for (int i = 0; i < runs; i++) {
        struct sweep s = {.variants = {{1e3, 1}, {1e3, 1}, {1e3, 1}},
                          .nvariants = 3,
                          .lengths = {512, 1024, 2048, 4096, 8192, 16384},
                          .nlengths = 6,
                          .max_seconds = 0.3};
        m.seed = (uint64_t)i + 1;
        struct doc *rows = first_run(&m, &s), *a = fit_answers(rows, NULL);
        const struct doc *list = doc_get(a, "crossovers");
        int found = 0;
        for (size_t x = 0; x < doc_len(list); x++)
            for (size_t k = 0; k < doc_len(doc_get(doc_at(list, x), "lengths")); k++, lengths++)
                found += strcmp(doc_str(doc_at(doc_get(doc_at(list, x), "lengths"), k), "side", ""),
                                "unclear") != 0;
        called += found, wrong += found > 0;
        doc_free(rows), doc_free(a);
    }
    print_message("fit of equal variants: %d of %d lengths called, in %d of %d runs\n", called, lengths,
                  wrong, runs);
    assert_int_equal(lengths, runs * 12);
    assert_true(wrong <= binomial_most(runs, 0.05));
}

/* ---- growth -------------------------------------------------------------------------------------- */

/* Times c n^p are measured, and fit finds p within its interval, in as many cases as it promises. */
static void exponents(void **state) {
    (void)state;
    int runs = 100, missed = 0, confirmed = 0, cases = 0;
    struct machine m = quiet;
    m.process_noise = 0.01, m.call_noise = 0.02;
    for (int i = 0; i < runs; i++) {
        struct sweep s = {.variants = {{1, 2}, {700, 1}, {30, 1.5}},
                          .nvariants = 3,
                          .lengths = {2048, 4096, 8192, 16384},
                          .nlengths = 4,
                          .max_seconds = 0.6};
        m.seed = (uint64_t)i + 1;
        struct doc *rows = first_run(&m, &s);
        struct doc *answers = fit_answers(rows, NULL);
        const struct doc *growth = doc_get(answers, "growth");
        for (size_t g = 0; g < doc_len(growth); g++, cases++) {
            const struct doc *time = doc_get(doc_at(growth, g), "time"),
                             *interval = doc_get(time, "interval");
            double p = s.variants[atoi(doc_str(doc_at(growth, g), "label", "v0") + 1)].p;
            missed += p < doc_as_num(doc_at(interval, 0)) || p > doc_as_num(doc_at(interval, 1));
            confirmed += !strcmp(doc_str(time, "verdict", ""), "confirmed");
        }
        doc_free(answers);
        doc_free(rows);
    }
    print_message("exponents: %d of %d intervals miss, %d confirmed\n", missed, cases, confirmed);
    assert_int_equal(cases, 3 * runs);
    assert_true(missed <= binomial_most(cases, 0.05));
    assert_true(confirmed >= 0.95 * cases);
}

int main(void) {
#define ON_OUR_CLOCK(test) cmocka_unit_test_setup_teardown(test, replace_clock, restore_clock)
    const struct CMUnitTest tests[] = {
        ON_OUR_CLOCK(a_call_of_any_length),
        ON_OUR_CLOCK(seconds_are_kept),
        ON_OUR_CLOCK(rounds),
        ON_OUR_CLOCK(lost_processors),
        ON_OUR_CLOCK(an_early_neighbour),
        ON_OUR_CLOCK(twins_agree),
        ON_OUR_CLOCK(drift_cancels),
        ON_OUR_CLOCK(the_same_code_twice),
        ON_OUR_CLOCK(a_loaded_second_run),
        ON_OUR_CLOCK(slower_is_called_slower),
        ON_OUR_CLOCK(little_in_noise_is_ambiguous),
        ON_OUR_CLOCK(a_slowed_copy_is_called_slower),
        ON_OUR_CLOCK(an_equal_copy_is_not),
        ON_OUR_CLOCK(fit_tells_no_equal_variants_apart),
        ON_OUR_CLOCK(exponents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
