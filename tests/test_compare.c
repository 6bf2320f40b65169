/* test_compare.c -- comparisons of runs made of seeded noise: what is promised of verdicts, and that there are any. */
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
#include "inference.h"
#include "noise.h"
#include "text.h"

/* ---- runs of noise ------------------------------------------------------------------------------ */

enum { VARIANTS_MAX = 20, GROUPS_MAX = 20, PROCESSES_MAX = 12 };

struct world { /* what a run is drawn from; all times around 1 ms */
    uint64_t seed;
    int variants, groups, processes;
    double noise;  /* deviation of a process median, relative */
    double factor; /* of all points: another machine */
    double drift;  /* the last group is slower than the first by this share */
    int seen;      /* the sentinel drifts as well */
    int bimodal;   /* each process in one of two modes 8 % apart: 1 per process and point, 2 per process */
    int outlier;   /* one process of each point is twice as slow */
    int slow, slow_group; /* this variant, in this group (-1: in all) ... */
    double by;            /* ... takes so many times as long */
    int wild;             /* this point (variant of group 0) has 30 % noise; 0: none */
    int one_group;        /* the group that a neighbour slowed by 30 %, plus 1; 0: none */
    double aa;            /* deviation of the logarithm of an A/A ratio; 0: none measured */
    double peak;          /* of the sentinel */
    int controls;         /* the last so many variants are controls */
};

static const struct world calm = {.seed = 1,
                                  .variants = 8,
                                  .groups = 2,
                                  .processes = 6,
                                  .noise = 0.01,
                                  .factor = 1,
                                  .slow = -1,
                                  .slow_group = -1,
                                  .by = 1,
                                  .peak = 1};

static double normal(const struct world *w, uint64_t stream, uint64_t index) {
    float x;
    attn_random_normal(w->seed, stream, index, 1, &x);
    return (double)x;
}

static uint64_t at(int g, int v, int k) { return (uint64_t)((g * VARIANTS_MAX + v) * PROCESSES_MAX + k); }

static double drifted(const struct world *w, int g, double share) {
    return 1 + w->drift * (g + share) / w->groups;
}

static double process_median(const struct world *w, int g, int v, int k) {
    int wild = w->wild && g == 0 && v == w->wild;
    double ns = 1e6 * w->factor * drifted(w, g, (double)k / w->processes);
    ns *= exp((wild ? 0.3 : w->noise) * normal(w, 1, at(g, v, k)));
    if (w->bimodal && attn_random_index(w->seed, 2, at(g, w->bimodal == 1 ? v : 0, k), 2)) ns *= 1.08;
    if (w->outlier && (int)attn_random_index(w->seed, 3, at(g, v, 0), (uint32_t)w->processes) == k) ns *= 2;
    if (w->one_group == g + 1) ns *= 1.3;
    if (v == w->slow && (w->slow_group < 0 || g == w->slow_group)) ns *= w->by;
    return ns;
}

static struct doc *row_of(const struct world *w, int g, int v) {
    struct doc *row = doc_object(), *medians = doc_array(), *ratios = doc_array();
    char *id = format("v%d/n%d", v, g), *label = format("v%d", v);
    for (int k = 0; k < w->processes; k++) {
        doc_add(medians, doc_number(process_median(w, g, v, k)));
        doc_add(ratios, doc_number(exp(w->aa * normal(w, 4, (uint64_t)g))));
    }
    doc_put_str(row, "id", id);
    doc_put_str(row, "status", "ok");
    doc_put_str(row, "label", label);
    doc_put_str(row, "kind", v >= w->variants - w->controls ? "control" : "exact");
    doc_put_num(row, "shape.nq", g);
    doc_put_str(row, "repro", id);
    doc_put(row, "time.process_medians_ns", medians);
    if (w->aa > 0) doc_put(row, "time.aa.process_ratios", ratios);
    else doc_free(ratios);
    doc_put_num(row, "gflops", 10);
    doc_put_num(row, "peak_fraction",
                0.5 * w->peak * (w->seen ? drifted(w, g, 0.5) : 1)); /* the peak is 20 over this */
    free(id), free(label);
    return row;
}

static struct doc *run_of(const struct world *w) {
    struct doc *rows = doc_array();
    for (int g = 0; g < w->groups; g++)
        for (int v = 0; v < w->variants; v++) doc_add(rows, row_of(w, g, v));
    return rows;
}

static struct doc *compare(const struct world *a, const struct world *b, double threshold) {
    struct doc *x = run_of(a), *y = run_of(b), *c = compare_runs(x, y, threshold);
    doc_free(x), doc_free(y);
    return c;
}

static struct doc *point_of(const struct doc *c, const char *id) {
    struct doc *points = doc_get(c, "points");
    for (size_t i = 0; i < doc_len(points); i++)
        if (!strcmp(doc_str(doc_at(points, i), "id", ""), id)) return doc_at(points, i);
    fail_msg("no point %s", id);
    return NULL;
}

static const char *verdict_of(const struct doc *c, const char *id) {
    return doc_str(point_of(c, id), "time.verdict", "none");
}

/* ---- over many seeds ---------------------------------------------------------------------------- */

struct tally {
    int runs, any;               /* pairs; those with a verdict slower or faster among the unchanged points */
    int points, same, ambiguous; /* of the unchanged points */
    int changed, slower, faster, lost; /* the changed points; lost: `same` */
};

/* Pairs of runs from the two worlds with ever new seeds; the points of the slow variant of `b` are the changed ones. */
static struct tally repeat(const struct world *a, const struct world *b, double threshold, int runs) {
    struct tally t = {.runs = runs};
    for (int r = 0; r < runs; r++) {
        struct world x = *a, y = *b;
        x.seed = 1000 + 2 * (uint64_t)r;
        y.seed = x.seed + 1;
        struct doc *c = compare(&x, &y, threshold), *points = doc_get(c, "points");
        int any = 0;
        for (size_t i = 0; i < doc_len(points); i++) {
            const char *word = doc_str(doc_at(points, i), "time.verdict", "");
            int g = (int)i / y.variants, v = (int)i % y.variants;
            int slower = !strcmp(word, "slower"), faster = !strcmp(word, "faster");
            if (v == y.slow && (y.slow_group < 0 || g == y.slow_group)) {
                t.changed++, t.slower += slower, t.faster += faster, t.lost += !strcmp(word, "same");
                continue;
            }
            t.points++, t.same += !strcmp(word, "same"), t.ambiguous += !strcmp(word, "ambiguous");
            any |= slower || faster;
        }
        t.any += any;
        doc_free(c);
    }
    return t;
}

/* Is a rate of `level` or less believable, after so many of so many? Four deviations. */
static void at_most(const char *what, int found, int of, double level) {
    double most = of * level + 4 * sqrt(of * level * (1 - level));
    print_message("# %s: %d of %d\n", what, found, of);
    if (found > most) fail_msg("%s: %d of %d, promised is a share of %g", what, found, of, level);
}

static void at_least(const char *what, int found, int of, double share) {
    print_message("# %s: %d of %d\n", what, found, of);
    if (found < share * of) fail_msg("%s: %d of %d, expected a share of %g", what, found, of, share);
}

/* ---- nothing has changed ------------------------------------------------------------------------ */

enum { RUNS = 400 };
static const double LEVEL = 0.05, BARE = 1e-9; /* a threshold that leaves all to the test of significance */

static void identical_variants(void **state) {
    (void)state;
    struct world w = calm;
    struct tally t = repeat(&w, &w, BARE, RUNS);
    at_most("16 points, no threshold: pairs with a false verdict", t.any, t.runs, LEVEL);
    w.variants = 20, w.groups = 10;
    t = repeat(&w, &w, BARE, RUNS / 4);
    at_most("200 points, no threshold", t.any, t.runs, LEVEL);
    w = calm, w.variants = 1, w.groups = 1;
    t = repeat(&w, &w, BARE, 4 * RUNS);
    at_most("one point, no threshold", t.any, t.runs, LEVEL);
    at_least("one point alone is tested nevertheless", t.any, t.runs, LEVEL / 10);
    w.variants = 1, w.groups = 4;
    t = repeat(&w, &w, BARE, 2 * RUNS);
    at_most("4 lengths of one variant, no threshold", t.any, t.runs, LEVEL);
    at_least("and tested", t.any, t.runs, LEVEL / 10);
    w = calm;
    t = repeat(&w, &w, 0.05, RUNS);
    at_most("16 points, threshold 5 %", t.any, t.runs, 0.001);
    at_least("16 points, 1 % noise: the same", t.same, t.points, 0.98);
}

static void few_processes(void **state) {
    (void)state;
    for (int n = 2; n <= 12; n += n < 6 ? 1 : 3) {
        struct world w = calm;
        w.processes = n, w.noise = 0.03;
        struct tally t = repeat(&w, &w, BARE, RUNS);
        char *what = format("%d processes a side", n);
        at_most(what, t.any, t.runs, LEVEL);
        free(what);
    }
    struct world w = calm;
    w.processes = 1;
    struct tally t = repeat(&w, &w, 0.05, 20);
    assert_int_equal(t.ambiguous, t.points);
}

static void nuisances(void **state) {
    (void)state;
    struct world w = calm, b;
    w.groups = 4;
    b = w, b.drift = 0.1, b.seen = 1;
    struct tally t = repeat(&w, &b, 0.02, RUNS);
    at_most("a clock that drifts by 10 % over one run, threshold 2 %", t.any, t.runs, LEVEL);
    b.drift = 0.08, b.seen = 0;
    t = repeat(&w, &b, 0.05, RUNS);
    at_most("a drift of 8 % that the sentinel does not see, threshold 5 %", t.any, t.runs, LEVEL);
    w.drift = 0.1;
    t = repeat(&w, &w, 0.02, RUNS);
    at_most("a drift of 10 % over both", t.any, t.runs, LEVEL);
    w = calm, b = w, b.outlier = 1;
    t = repeat(&w, &b, 0.02, RUNS);
    at_most("one process of six twice as slow", t.any, t.runs, LEVEL);
    t = repeat(&w, &b, 0.05, RUNS);
    at_least("and it does not blind at 5 %", t.same, t.points, 0.8);
    for (int kind = 1; kind <= 2; kind++) {
        w = calm, w.bimodal = kind;
        t = repeat(&w, &w, 0.02, RUNS);
        at_most(kind == 1 ? "two modes of the clock, each point" : "each process", t.any, t.runs, LEVEL);
    }
    w.variants = 1, w.groups = 1;
    t = repeat(&w, &w, 0.02, 2 * RUNS);
    at_most("two modes of the clock, a single point", t.any, t.runs, LEVEL);
    w = calm, b = w, b.factor = 1.04;
    t = repeat(&w, &b, 0.05, RUNS);
    at_most("the whole machine 4 % slower", t.any, t.runs, LEVEL);
    w.groups = 6, b = w, b.one_group = 3;
    t = repeat(&w, &b, 0.05, RUNS);
    at_most("a neighbour during one group of six", t.any, t.runs, LEVEL);
}

static void a_wild_point(void **state) {
    struct world w = calm;
    (void)state;
    w.wild = 3;
    struct tally t = repeat(&w, &w, 0.05, RUNS);
    at_most("one wild point: false verdicts", t.any, t.runs, LEVEL);
    at_least("the others are the same as ever", t.same, t.points, 0.98 * 15 / 16);
    struct world large = w; /* a pool that would weigh more than the point itself */
    large.variants = 20, large.groups = 1;
    t = repeat(&large, &large, 0.05, RUNS);
    at_most("one wild point among 20", t.any, t.runs, LEVEL);
    w.slow = 5, w.slow_group = 1, w.by = 1.05;
    struct world a = calm;
    a.wild = 3;
    t = repeat(&a, &w, 0.02, RUNS);
    at_least("and what is slower shows", t.slower, t.changed, 0.9);
}

/* ---- something has ------------------------------------------------------------------------------ */

static void what_is_slower_shows(void **state) {
    struct world a = calm, b = calm;
    (void)state;
    b.slow = 5, b.slow_group = 1, b.by = 1.05;
    struct tally t = repeat(&a, &b, 0.02, RUNS);
    at_least("5 % slower at 1 % noise, 16 points, threshold 2 %", t.slower, t.changed, 0.95);
    at_most("never the same", t.lost, t.changed, 0);
    at_most("never faster", t.faster, t.changed, 0);
    at_most("and nothing else", t.any, t.runs, LEVEL);
    a.variants = b.variants = 20, a.groups = b.groups = 10;
    t = repeat(&a, &b, 0.02, RUNS / 4);
    at_least("the same among 200 points", t.slower, t.changed, 0.9);
    b.by = 1 / 1.05;
    t = repeat(&a, &b, 0.02, RUNS / 4);
    at_least("5 % faster among 200", t.faster, t.changed, 0.9);
    a = b = calm, a.variants = b.variants = a.groups = b.groups = 1;
    b.slow = 0, b.by = 1.05;
    t = repeat(&a, &b, 0.02, RUNS);
    at_least("a point alone, six processes", t.slower, t.changed, 0.9);
    a.processes = b.processes = 12;
    b.by = 1.04;
    t = repeat(&a, &b, 0.02, RUNS);
    at_least("a point alone, twelve processes, 4 %", t.slower, t.changed, 0.95);
}

/* What a process does to all points of its group does not hide what only one of them does. */
static void a_clock_of_two_modes_does_not_blind(void **state) {
    struct world a = calm, b;
    (void)state;
    a.bimodal = 2, b = a;
    b.slow = 5, b.slow_group = 1, b.by = 1.1;
    struct tally t = repeat(&a, &b, 0.05, RUNS);
    at_least("10 % slower under a clock of two modes", t.slower, t.changed, 0.8);
}

static void little_in_noise_is_ambiguous(void **state) {
    struct world a = calm, b;
    (void)state;
    a.noise = 0.03, b = a;
    b.slow = 5, b.slow_group = 1, b.by = 1.02;
    struct tally t = repeat(&a, &b, 0.02, RUNS);
    at_least("2 % slower in 3 % noise: ambiguous", t.changed - t.slower - t.faster - t.lost, t.changed, 0.95);
}

/* A point at the threshold itself is called the same no more often than the interval allows. */
static void the_same_is_a_statement(void **state) {
    struct world a = calm, b = calm;
    (void)state;
    b.slow = 5, b.slow_group = 1, b.by = 1.02;
    struct tally t = repeat(&a, &b, 0.02, RUNS);
    at_most("2 % slower, threshold 2 %: the same", t.lost, t.changed, 0.025);
}

static void everything_slower(void **state) {
    struct world a = calm, b = calm;
    (void)state;
    b.factor = 1.2;
    struct doc *c = compare(&a, &b, 0.05);
    assert_int_equal(doc_int(c, "counts.slower", 0), 16); /* no witness says it was the machine */
    assert_true(doc_num(c, "noise.credited", 0) == 1);
    doc_free(c);
    b.peak = 1.2;
    c = compare(&a, &b, 0.05);
    assert_int_equal(doc_int(c, "counts.slower", 0), 0); /* the sentinel does */
    assert_float_equal(doc_num(c, "noise.credited", 0), 1.2, 0.02);
    assert_int_equal(doc_int(c, "counts.same", 0), 0); /* but nobody can call this the same */
    doc_free(c);
    b = a, a.controls = b.controls = 3, b.factor = 1.2;
    c = compare(&a, &b, 0.05);
    assert_int_equal(doc_int(c, "counts.slower", 0), 0); /* the controls do */
    doc_free(c);
    b.slow = 1, b.slow_group = 0, b.by = 1.5;
    c = compare(&a, &b, 0.05);
    assert_int_equal(doc_int(c, "counts.slower", 0), 1); /* and one stands out nevertheless */
    assert_int_equal(doc_int(c, "counts.regressions", 0), 1);
    doc_free(c);
    b.slow = 7;
    c = compare(&a, &b, 0.05);
    assert_string_equal(verdict_of(c, "v7/n0"), "slower"); /* a control is no mechanism */
    assert_int_equal(doc_int(c, "counts.regressions", 0), 0);
    assert_int_equal(doc_int(c, "counts.controls", 0), 1);
    doc_free(c);
}

static void the_shift_is_told(void **state) {
    struct world a = calm, b = calm;
    (void)state;
    a.groups = b.groups = 5, b.factor = 1.02, b.one_group = 2;
    struct doc *c = compare(&a, &b, 0.05);
    assert_float_equal(doc_num(c, "noise.shift", 0), 1.02, 0.005);
    assert_float_equal(doc_num(c, "noise.credited", 0), doc_num(c, "noise.shift", 1), 0);
    const struct doc *apart = doc_get(c, "noise.groups_apart");
    assert_int_equal(doc_len(apart), 1);
    assert_string_equal(doc_str(doc_at(apart, 0), "group", ""), "n1");
    assert_float_equal(doc_num(doc_at(apart, 0), "ratio", 0), 1.3, 0.02);
    doc_free(c);
    a.variants = b.variants = 2;
    c = compare(&a, &b, 0.05);
    assert_false(doc_is_number(doc_get(c, "noise.shift"))); /* two variants are no crowd */
    doc_free(c);
}

/* ---- the floor ---------------------------------------------------------------------------------- */

static void the_noise_floor(void **state) {
    struct world a = calm, b = calm;
    (void)state;
    b.slow = 5, b.slow_group = 1, b.by = 1.1;
    struct doc *c = compare(&a, &b, 0.05);
    assert_false(doc_is_number(doc_get(c, "noise.floor")));
    assert_string_equal(verdict_of(c, "v5/n1"), "slower");
    doc_free(c);
    a.aa = b.aa = 0.005, a.groups = b.groups = 20, b.seed = 2;
    c = compare(&a, &b, 0.05);
    assert_int_equal(doc_int(c, "noise.floor_groups", 0), 40);
    assert_in_range((int)(1e5 * doc_num(c, "noise.floor", 0)), 500, 1700); /* 1.96 deviations: 0.0098 */
    assert_string_equal(verdict_of(c, "v5/n1"), "slower");
    doc_free(c);
    b.aa = 0.2;
    c = compare(&a, &b, 0.05);
    assert_true(doc_num(c, "noise.floor", 0) > 0.15);
    assert_string_equal(verdict_of(c, "v5/n1"), "ambiguous");
    assert_non_null(strstr(doc_str(point_of(c, "v5/n1"), "time.why", ""), "by itself"));
    doc_free(c);
}

/* ---- memory, accuracy, status -------------------------------------------------------------------- */

static struct doc *judged(double scratch, double hwm, double error, double distance) {
    struct doc *row = row_of(&calm, 0, 0);
    doc_put_num(row, "memory.state_bytes", 0);
    doc_put_num(row, "memory.scratch_bytes", scratch);
    doc_put_num(row, "memory.hwm_bytes", hwm);
    doc_put_num(row, "accuracy.rows", 256);
    doc_put_num(row, "accuracy.definition.rel_fro", error);
    doc_put_num(row, "accuracy.definition.bound", 1e-5);
    doc_put_num(row, "accuracy.softmax.rel_fro", distance);
    return row;
}

/* What compare_runs() says of one row that became another: "field kind", or "" for no change. */
static void becomes(struct doc *a, struct doc *b, const char *want) {
    struct doc *x = doc_array(), *y = doc_array();
    doc_add(x, a), doc_add(y, b);
    struct doc *c = compare_runs(x, y, 0.05);
    const struct doc *point = doc_at(doc_get(c, "points"), 0), *change = doc_at(doc_get(point, "changes"), 0);
    char *got =
        change ? format("%s %s", doc_str(change, "field", ""), doc_str(change, "kind", "")) : xstrdup("");
    assert_string_equal(got, want);
    assert_true(doc_len(doc_get(point, "changes")) <= 1);
    assert_int_equal(doc_flag(point, "regression"), strstr(want, "worse") != NULL);
    free(got);
    doc_free(c), doc_free(x), doc_free(y);
}

static struct doc *with_status(const char *status) {
    struct doc *row = judged(1000, 5e6, 1e-6, 0.5);
    doc_put_str(row, "status", status);
    return row;
}

static void facts(void **state) {
    (void)state;
#define BASE judged(1000, 5e6, 1e-6, 0.5)
    becomes(BASE, BASE, "");
    becomes(BASE, judged(1001, 5e6, 1e-6, 0.5), "memory.state_bytes + memory.scratch_bytes worse");
    becomes(BASE, judged(999, 5e6, 1e-6, 0.5), "memory.state_bytes + memory.scratch_bytes better");
    becomes(BASE, judged(1000, 6.4e6, 1e-6, 0.5), ""); /* 1 MiB and a tenth */
    becomes(BASE, judged(1000, 6.7e6, 1e-6, 0.5), "memory.hwm_bytes worse");
    becomes(judged(1000, 6.7e6, 1e-6, 0.5), BASE, "memory.hwm_bytes better");
    becomes(BASE, judged(1000, 5e6, 1.9e-6, 0.5), "");
    becomes(BASE, judged(1000, 5e6, 2.1e-6, 0.5), "accuracy.definition.rel_fro worse");
    becomes(judged(1000, 5e6, 2.1e-6, 0.5), BASE, "accuracy.definition.rel_fro better");
    becomes(BASE, judged(1000, 5e6, 1.1e-5, 0.5), "accuracy.definition.rel_fro worse");
    becomes(judged(1000, 5e6, 1e-9, 0.5), judged(1000, 5e6, 9e-8, 0.5), ""); /* a hundredth of the bound */
    becomes(BASE, judged(1000, 5e6, 1e-6, 0.500002), "");
    becomes(BASE, judged(1000, 5e6, 1e-6, 0.500004), "accuracy.softmax.rel_fro worse");
    becomes(BASE, judged(1000, 5e6, 1e-6, 0.4), "accuracy.softmax.rel_fro worse");
    becomes(with_status("ok"), with_status("crashed"), "status worse");
    becomes(with_status("ok"), with_status("unsupported"), "status worse");
    becomes(with_status("oom"), with_status("ok"), "status better");
    becomes(with_status("oom"), with_status("timeout"), "status note");
    becomes(with_status("oom"), with_status("oom"), "");
#undef BASE
}

static void points_of_one_run(void **state) {
    struct world a = calm, b = calm;
    (void)state;
    b.variants = 9, a.groups = 3;
    struct doc *c = compare(&a, &b, 0.05);
    assert_int_equal(doc_int(c, "counts.points", 0), 16);
    assert_int_equal(doc_len(doc_get(c, "only_in_a")), 8);
    assert_int_equal(doc_len(doc_get(c, "only_in_b")), 2);
    assert_string_equal(doc_as_str(doc_at(doc_get(c, "only_in_b"), 0)), "v8/n0");
    doc_free(c);
}

/* Rows that are ok and have no times, or none that can be: never a verdict, never a crash. */
static void rows_without_times(void **state) {
    static const char *const odd[] = {"[]", "null", "[0, 0, 0]", "[null, -1]", "\"six\"", "{\"a\": 1}"};
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char why[200];
        struct doc *x = run_of(&calm), *y = run_of(&calm);
        doc_put(doc_at(y, 0), "time.process_medians_ns", doc_parse(odd[i], strlen(odd[i]), why));
        struct doc *c = compare_runs(x, y, 0.05);
        assert_int_equal(doc_int(c, "counts.timed", 0), i == 5 ? 16 : 15);
        assert_int_equal(doc_int(c, "counts.regressions", 0), 0);
        doc_free(c), doc_free(x), doc_free(y);
    }
}

/* ---- two variants of one run --------------------------------------------------------------------- */

static double ratio_of(const struct doc *rows, const char *a, const char *b) {
    struct doc *c = compare_variants(rows, a, b, 0.02);
    double ratio = doc_num(doc_at(doc_get(c, "points"), 0), "time.ratio", 0);
    doc_free(c);
    return ratio;
}

/* What the groups and the processes did to both is not between them. */
static void variants_beside_each_other(void **state) {
    struct world w = calm;
    (void)state;
    w.groups = 4, w.bimodal = 2, w.drift = 0.3, w.slow = 3, w.by = 1.05;
    struct doc *rows = run_of(&w), *c = compare_variants(rows, "v0", "v3", 0.02);
    assert_int_equal(doc_int(c, "counts.points", 0), 4);
    assert_int_equal(doc_int(c, "counts.slower", 0), 4);
    assert_int_equal(doc_int(c, "counts.regressions", 0), 4);
    assert_string_equal(doc_str(doc_at(doc_get(c, "points"), 2), "id_a", ""), "v0/n2");
    doc_free(c);
    assert_float_equal(ratio_of(rows, "v0", "v3") * ratio_of(rows, "v3", "v0"), 1, 1e-9);
    doc_put_str(doc_at(rows, 3), "id", "v3/n99"); /* which v0 lacks */
    c = compare_variants(rows, "v0", "v3", 0.02);
    assert_int_equal(doc_int(c, "counts.points", 0), 3);
    assert_string_equal(doc_as_str(doc_at(doc_get(c, "only_in_b"), 0)), "v3/n99");
    assert_int_equal(doc_len(doc_get(c, "only_in_a")), 1);
    doc_free(c), doc_free(rows);
}

/* The times of a plugin come from other processes than those of the program, the ratios beside these do not. */
static void a_plugin_beside_the_program(void **state) {
    struct doc *rows = run_of(&calm), *ratios = doc_array();
    (void)state;
    for (int k = 0; k < calm.processes; k++) doc_add(ratios, doc_number(1.25));
    doc_put_str(doc_at(rows, 3), "time.beside.label", "v0");
    doc_put(doc_at(rows, 3), "time.beside.process_ratios", ratios);
    assert_float_equal(ratio_of(rows, "v0", "v3"), 1.25, 1e-9);
    assert_float_equal(ratio_of(rows, "v3", "v0"), 0.8, 1e-9);
    assert_true(fabs(ratio_of(rows, "v1", "v3") - 1) < 0.05);
    doc_free(rows);
}

/* The ratios of v1 over v0 at the first length become these; the row is disturbed. */
static const char *disturbed(const char *const ratios) {
    char why[200];
    struct doc *rows = run_of(&calm), *flags = doc_array(), *beside = doc_parse(ratios, strlen(ratios), why);
    doc_add(flags, doc_string("disturbed"));
    doc_put(doc_at(rows, 1), "flags", flags);
    doc_put_str(doc_at(rows, 1), "time.beside.label", "v0");
    doc_put(doc_at(rows, 1), "time.beside.process_ratios", beside);
    struct doc *c = compare_variants(rows, "v0", "v1", 0.02);
    const char *word = !strcmp(verdict_of(c, "v1/n0"), "slower") ? "slower" : "no";
    doc_free(c), doc_free(rows);
    return word;
}

/* A trimmed mean does not see one process that says the opposite; where other work disturbed them, that counts. */
static void processes_that_were_disturbed(void **state) {
    (void)state;
    assert_string_equal(disturbed("[1.3, 1.31, 1.29, 1.3, 1.32, 1.28]"), "slower");
    assert_string_equal(disturbed("[1.3, 1.31, 1.29, 1.3, 1.32, 0.9]"), "no");
}

static void variants_without_times(void **state) {
    static const char *const odd[] = {"[]", "null", "[0, 0, 0]", "[null, -1]", "\"six\"", "{\"a\": -1}"};
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char why[200];
        struct doc *rows = run_of(&calm);
        doc_put(doc_at(rows, 0), "time.process_medians_ns", doc_parse(odd[i], strlen(odd[i]), why));
        struct doc *c = compare_variants(rows, "v0", "v1", 0.02);
        assert_int_equal(doc_int(c, "counts.points", 0), 2);
        assert_int_equal(doc_int(c, "counts.timed", 0), 1);
        doc_free(c), doc_free(rows);
    }
}

/* ---- the statistics ------------------------------------------------------------------------------ */

static void distributions(void **state) {
    (void)state; /* from tables, and trigamma(1) = pi^2 / 6 */
    assert_float_equal(inference_t_tail(2.228138852, 10), 0.05, 1e-9);
    assert_float_equal(inference_t_tail(1, 1), 0.5, 1e-12);
    assert_float_equal(inference_t_tail(1.959963985, INFINITY), 0.05, 1e-9);
    assert_float_equal(inference_t_critical(0.05, 6), 2.446911851, 1e-8);
    assert_float_equal(inference_t_critical(0.05, 1e6), 1.959966, 1e-5);
    assert_float_equal(inference_f_tail(3.325834530, 5, 10), 0.05, 1e-8);
    assert_float_equal(inference_trigamma(1), 1.644934067, 1e-8);
    assert_true(inference_t_tail(3, 0) == 1 && isinf(inference_t_critical(0.05, 0)));
}

static void holm(void **state) {
    double p[] = {0.01, 0.04, 0.03, 0.005}, one[] = {0.3};
    (void)state;
    inference_holm(p, 4);
    assert_float_equal(p[0], 0.03, 1e-12);
    assert_float_equal(p[1], 0.06, 1e-12);
    assert_float_equal(p[2], 0.06, 1e-12);
    assert_float_equal(p[3], 0.02, 1e-12);
    inference_holm(one, 1);
    assert_float_equal(one[0], 0.3, 0);
}

static void mann_whitney(void **state) {
    const double a[] = {1, 2, 3, 4, 5}, b[] = {6, 7, 8, 9, 10}, c[] = {2.5, 3.5, 6, 7, 8},
                 d[] = {1, 1, 1, 2, 2};
    (void)state;
    assert_float_equal(inference_mann_whitney(a, 5, b, 5), 2.0 / 252, 1e-12);
    assert_float_equal(inference_mann_whitney(b, 5, a, 5), 2.0 / 252, 1e-12);
    assert_float_equal(inference_mann_whitney_least(5, 5), 2.0 / 252, 1e-12);
    assert_float_equal(inference_mann_whitney(a, 5, c, 5), 0.1507936508, 1e-9);
    assert_float_equal(inference_mann_whitney(d, 5, d, 5), 1, 1e-12);
    assert_true(inference_mann_whitney(d, 5, b, 5) < 0.02);
}

static void trimmed_means(void **state) {
    const double six[] = {5, 1, 2, 3, 4, 100}, four[] = {1, 2, 3, 10};
    (void)state;
    struct middle m = inference_middle(six, 6);
    assert_float_equal(m.at, 3.5, 1e-12); /* 2, 3, 4, 5 */
    assert_int_equal(m.kept, 4);
    assert_float_equal(m.squares, 9.5, 1e-12); /* of 2, 2, 3, 4, 5, 5 */
    m = inference_middle(four, 4);
    assert_float_equal(m.at, 4, 1e-12);
    assert_int_equal(m.kept, 4);
}

/* Enough processes for ranks: they have a say, unless there are so many points that they could never reject. */
static void ranks(void **state) {
    struct world w = calm;
    (void)state;
    w.processes = 9;
    struct doc *c = compare(&w, &w, 0.05);
    assert_string_equal(doc_str(point_of(c, "v0/n0"), "time.ranks", ""), "mann-whitney");
    doc_free(c);
    w.processes = 8;
    c = compare(&w, &w, 0.05);
    assert_null(doc_get(point_of(c, "v0/n0"), "time.ranks"));
    doc_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions),
        cmocka_unit_test(holm),
        cmocka_unit_test(mann_whitney),
        cmocka_unit_test(trimmed_means),
        cmocka_unit_test(identical_variants),
        cmocka_unit_test(few_processes),
        cmocka_unit_test(nuisances),
        cmocka_unit_test(a_wild_point),
        cmocka_unit_test(what_is_slower_shows),
        cmocka_unit_test(a_clock_of_two_modes_does_not_blind),
        cmocka_unit_test(little_in_noise_is_ambiguous),
        cmocka_unit_test(the_same_is_a_statement),
        cmocka_unit_test(everything_slower),
        cmocka_unit_test(the_shift_is_told),
        cmocka_unit_test(the_noise_floor),
        cmocka_unit_test(facts),
        cmocka_unit_test(points_of_one_run),
        cmocka_unit_test(rows_without_times),
        cmocka_unit_test(ranks),
        cmocka_unit_test(variants_beside_each_other),
        cmocka_unit_test(a_plugin_beside_the_program),
        cmocka_unit_test(processes_that_were_disturbed),
        cmocka_unit_test(variants_without_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
