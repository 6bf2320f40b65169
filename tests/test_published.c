/* test_published.c -- published numbers beside made-up rows, with every verdict that there is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "doc.h"
#include "evidence.h"
#include "published.h"
#include "text.h"
#include "verdict.h"

/* ---- rows ---------------------------------------------------------------------------------------- */

/* A document from text in which ' stands for ". */
static struct doc *document(const char *text) {
    char *copy = xstrdup(text), why[200];
    for (char *c = copy; (c = strchr(c, '\''));) *c = '"';
    struct doc *d = doc_parse(copy, strlen(copy), why);
    if (!d) fail_msg("%s in %s", why, copy);
    free(copy);
    return d;
}

/* A row of one head with six processes about `ns`, `spread` apart from the first to the last. */
static struct doc *row_of(const char *label, double n, double ns, double spread) {
    struct doc *row = doc_object(), *medians = doc_array();
    for (int i = 0; i < 6; i++) doc_add(medians, doc_number(ns * (1 + spread * (i - 2.5) / 5)));
    doc_put_str(row, "id", label);
    doc_put_str(row, "status", "ok");
    doc_put_str(row, "label", label);
    doc_put_str(row, "mask", "none");
    doc_put_str(row, "input_label", "gauss,s=1");
    doc_put_num(row, "seed", 1);
    doc_put_num(row, "shape.batch", 1);
    doc_put_num(row, "shape.heads", 1);
    doc_put_num(row, "shape.kv_heads", 1);
    doc_put_num(row, "shape.nq", n);
    doc_put_num(row, "shape.nk", n);
    doc_put_num(row, "shape.dk", 4);
    doc_put_num(row, "shape.dv", 4);
    doc_put(row, "time.process_medians_ns", medians);
    return row;
}

static void add_row(struct doc *rows, const char *label, double n, double ns) {
    doc_add(rows, row_of(label, n, ns, 0.02));
}

static void add_size(struct doc *rows, const char *label, double n, double bytes) {
    struct doc *row = row_of(label, n, 1, 0);
    doc_put_num(row, "memory.state_bytes", 0);
    doc_put_num(row, "memory.scratch_bytes", bytes);
    doc_add(rows, row);
}

/* One draw of a random mechanism. */
static void add_error(struct doc *rows, const char *label, double seed, double error) {
    struct doc *row = row_of(label, 512, 1, 0);
    doc_put_num(row, "seed", seed);
    doc_put_num(row, "accuracy.softmax.rel_fro", error);
    doc_add(rows, row);
}

/* Quadratic and linear, with a crossing between 512 and 1024. */
static struct doc *two_curves(void) {
    struct doc *rows = doc_array();
    for (double n = 256; n <= 2048; n *= 2) {
        add_row(rows, "full", n, 1000 * pow(n / 768, 2));
        add_row(rows, "local", n, 1000 * n / 768);
    }
    return rows;
}

/* ---- judging ------------------------------------------------------------------------------------- */

/* The only claim, judged; frees the rows. The caller frees the whole. */
static struct doc *judge(struct doc *rows, const char *claim, const char *absent) {
    char *text = format("{'source': 'a paper', 'claims': [%s]}", claim);
    struct doc *published = document(text), *names = doc_array();
    if (absent) doc_add(names, doc_string(absent));
    struct doc *judged = published_judge(published, names, rows);
    doc_free(published), doc_free(names), doc_free(rows);
    free(text);
    return judged;
}

static const struct doc *first(const struct doc *judged) { return doc_at(doc_get(judged, "claims"), 0); }

static void assert_word(const struct doc *d, const char *path, const char *word) {
    assert_string_equal(doc_str(d, path, "(none)"), word);
}

/* Verdict, and how the reason begins; NULL: there is none. */
static void expect(struct doc *rows, const char *claim, const char *verdict, const char *reason) {
    struct doc *judged = judge(rows, claim, "nystrom");
    const char *given = doc_str(first(judged), "reason", NULL);
    assert_word(first(judged), "verdict", verdict);
    if (reason && (!given || strncmp(given, reason, strlen(reason)))) fail_msg("%s: reason %s", claim, given);
    if (!reason && given) fail_msg("%s: reason %s", claim, given);
    doc_free(judged);
}

#define RATIO "'kind': 'ratio', 'labels': ['full', 'local'], 'metric': 'time', 'at': {'n': 1024}"

static void ratios(void **state) {
    (void)state; /* ours is 4 / 3 */
    expect(two_curves(), "{" RATIO ", 'published': 1.4}", "agrees", NULL);
    expect(two_curves(), "{" RATIO ", 'published': 1}", "agrees", NULL);
    expect(two_curves(), "{" RATIO ", 'published': 5}", "differs", NULL);
    expect(two_curves(), "{" RATIO ", 'published': 0.2}", "differs", NULL);
    expect(two_curves(), "{" RATIO ", 'published': 2}", "undecided", NULL); /* the edge of 1.5 */
    struct doc *judged = judge(two_curves(), "{" RATIO ", 'published': 4}", NULL);
    assert_float_equal(doc_num(first(judged), "ours", 0), 4.0 / 3, 0.02);
    assert_word(first(judged), "off_words", "3 times less");
    assert_float_equal(doc_num(first(judged), "off", 0), log(3) / log(1.5), 0.05);
    assert_word(first(judged), "words.about", "ratio of time");
    assert_word(first(judged), "words.what", "full over local");
    assert_word(first(judged), "words.where", "1024");
    doc_free(judged);
}

static void what_cannot_be_compared(void **state) {
    (void)state;
    expect(two_curves(), "{" RATIO ", 'published': 1.3, 'unlike': 'a whole model'}", "not comparable",
           "a whole model");
    expect(
        two_curves(),
        "{'kind': 'ratio', 'labels': ['full', 'local'], 'metric': 'time', 'at': {'n': 4096}, 'published': 2}",
        "not comparable", "n = 4096 was not measured");
    expect(
        two_curves(),
        "{'kind': 'ratio', 'labels': ['full', 'nystrom,landmarks=64'], 'metric': 'time', 'at': {'n': 512}, "
        "'published': 2, 'unlike': 'a whole model'}",
        "not comparable", "no variant of that name in this build");
    expect(two_curves(), "{'kind': 'growth', 'labels': ['nystrom'], 'metric': 'time', 'published': 1}",
           "not comparable", "no variant of that name in this build");
    expect(two_curves(),
           "{'kind': 'order', 'labels': ['full', 'local'], 'metric': 'error', 'at': {'n': 512}}",
           "not comparable", "no error was measured");
    struct doc *rows = doc_array();
    add_size(rows, "null", 512, 0);
    add_size(rows, "full", 512, 100);
    expect(rows, "{'kind': 'order', 'labels': ['null', 'full'], 'metric': 'memory', 'at': {'n': 512}}",
           "not comparable", "a memory of 0 is no measure of it");
    rows = two_curves();
    doc_put_str(doc_at(rows, 4), "status", "skipped_memory");
    doc_put_str(doc_at(rows, 4), "reason", "too much");
    expect(rows, "{" RATIO ", 'published': 1.3}", "not comparable", "skipped_memory at n = 1024: too much");
    rows = two_curves();
    doc_add(rows, row_of("full", 1024, 7, 0));
    doc_put_str(doc_at(rows, doc_len(rows) - 1), "mask", "causal");
    expect(rows, "{" RATIO ", 'published': 1.3}", "not comparable", "several rows at n = 1024");
}

/* A choice among rows, and what it leaves. */
static void settings(void **state) {
    struct doc *rows = two_curves();
    (void)state;
    for (size_t i = 0, n = doc_len(rows); i < n; i++) {
        struct doc *row = doc_copy(doc_at(rows, i));
        doc_put_str(row, "mask", "causal");
        doc_put_num(row, "shape.heads", 8);
        doc_add(rows, row);
    }
    for (int i = 0; i < 2; i++)
        expect(doc_copy(rows),
               i ? "{'kind': 'ratio', 'labels': ['full', 'local'], 'metric': 'time', 'published': 1.3, 'at': "
                   "{'n': 1024, 'mask': 'causal'}}"
                 : "{'kind': 'ratio', 'labels': ['full', 'local'], 'metric': 'time', 'published': 1.3, 'at': "
                   "{'n': 1024, 'heads': 1, 'input': 'gauss,s=1', 'seed': 1}}",
               "agrees", NULL);
    expect(rows,
           "{'kind': 'growth', 'labels': ['full'], 'metric': 'time', 'published': 2, 'at': {'mask': 'up'}}",
           "not comparable", "it takes two lengths, and there are 0");
}

static void growths(void **state) {
    (void)state;
    expect(two_curves(), "{'kind': 'growth', 'labels': ['full'], 'metric': 'time', 'published': 1.9}",
           "agrees", NULL);
    expect(two_curves(), "{'kind': 'growth', 'labels': ['full'], 'metric': 'time', 'published': 1}",
           "differs", NULL);
    expect(two_curves(), "{'kind': 'growth', 'labels': ['full'], 'metric': 'time', 'published': 1.85}",
           "undecided", NULL);
    expect(two_curves(), "{'kind': 'growth', 'labels': ['full', 'local'], 'metric': 'time', 'published': 1}",
           "agrees", NULL);
    expect(two_curves(),
           "{'kind': 'growth', 'labels': ['full'], 'metric': 'time', 'published': 2, 'from': 2048}",
           "not comparable", "it takes two lengths, and there are 1");
    /* the paper's exponent is that of the lengths that both have: 4 here, whatever it is elsewhere */
    struct doc *judged = judge(two_curves(),
                               "{'kind': 'growth', 'labels': ['full'], 'metric': 'time', 'to': 1024, "
                               "'published': {'128': 7, '512': 1, '1024': 16, '2048': 17, '4096': 17}}",
                               NULL);
    assert_float_equal(doc_num(first(judged), "published_exponent", 0), 4, 1e-9);
    assert_float_equal(doc_num(first(judged), "ours", 0), 2, 0.05);
    assert_word(first(judged), "verdict", "differs");
    assert_word(first(judged), "off_words", "-2.00");
    assert_word(first(judged), "words.where", "512 to 1024");
    doc_free(judged);
}

static void rises(void **state) {
    (void)state;
    const char *claim = "{'kind': 'rising', 'labels': ['full', 'local'], 'metric': 'time'}";
    expect(two_curves(), claim, "agrees", NULL);
    expect(two_curves(), "{'kind': 'rising', 'labels': ['local', 'full'], 'metric': 'time'}", "differs",
           NULL);
    struct doc *rows = two_curves();
    add_row(rows, "full", 4096, 1000 * pow(2048.0 / 768, 2)); /* no more than before, and nor is the other */
    add_row(rows, "local", 4096, 1000 * 2048.0 / 768);
    expect(rows, claim, "undecided", "the noise covers the difference of n = 2048 and n = 4096");
    struct doc *judged = judge(
        two_curves(), "{'kind': 'rising', 'labels': ['local', 'full'], 'metric': 'time', 'from': 512}", NULL);
    assert_word(first(judged), "off_words", "2 times less for n = 1024 than for n = 512");
    assert_int_equal(doc_len(doc_get(first(judged), "values")), 3);
    doc_free(judged);
}

static void orders(void **state) {
    (void)state;
    const char *claim = "{'kind': 'order', 'labels': ['local', 'full'], 'metric': 'time', 'at': {'n': %d}}";
    for (int i = 0; i < 2; i++) {
        char *one = format(claim, i ? 1024 : 512); /* they change places in between */
        expect(two_curves(), one, i ? "agrees" : "differs", NULL);
        free(one);
    }
    struct doc *rows = two_curves(); /* the same, but for noise */
    doc_add(rows, row_of("other", 512, 1000 * 512.0 / 768 * 1.01, 0.2));
    expect(rows, "{'kind': 'order', 'labels': ['local', 'other'], 'metric': 'time', 'at': {'n': 512}}",
           "undecided", "the noise covers the difference");
    rows = doc_array();
    add_size(rows, "a", 512, 100), add_size(rows, "b", 512, 101), add_size(rows, "c", 512, 99);
    expect(doc_copy(rows), "{'kind': 'order', 'labels': ['a', 'b'], 'metric': 'memory', 'at': {'n': 512}}",
           "agrees", NULL); /* sizes are exact */
    expect(rows, "{'kind': 'order', 'labels': ['a', 'b', 'c'], 'metric': 'memory', 'at': {'n': 512}}",
           "differs", NULL);
}

/* Seeds are samples of one value; one alone shows no noise. */
static void seeds(void **state) {
    const char *claim = "{'kind': 'order', 'labels': ['a', 'b'], 'metric': 'error', 'at': {'n': 512}}";
    struct doc *rows = doc_array(), *one = doc_array();
    (void)state;
    for (int i = 0; i < 15; i++) {
        add_error(rows, "a", i, 0.1 + 0.01 * (i % 3));
        add_error(rows, "b", i, 0.2 + 0.01 * (i % 4));
    }
    expect(rows, claim, "agrees", NULL);
    add_error(one, "a", 1, 0.1), add_error(one, "b", 1, 0.2);
    expect(one, claim, "undecided", "one sample shows no noise");
    rows = doc_array();
    doc_add(rows, row_of("full", 1024, 4, 0)), doc_add(rows, row_of("local", 1024, 3, 0));
    for (size_t i = 0; i < 2; i++) {
        doc_drop(doc_at(rows, i), "time.process_medians_ns");
        doc_put_num(doc_at(rows, i), "time.median_ns", 3);
    }
    expect(rows, "{" RATIO ", 'published': 1}", "undecided", "one sample shows no noise");
}

static void footprints(void **state) {
    struct doc *rows = doc_array();
    struct archive archive = {.rows = rows, .metric = "footprint"};
    (void)state;
    add_size(rows, "a", 512, 1000);
    struct evidence e = evidence_find(&archive, "a", 512);
    assert_float_equal(exp(e.value), 1000 + 4 * 512 * 4 * 4, 1e-6); /* q, k, v and output, 4 wide, 4 bytes */
    assert_true(e.is_certain);
    evidence_free(&e);
    doc_free(rows);
}

static void labels(void **state) {
    (void)state;
    assert_true(evidence_names("flash", "flash"));
    assert_true(evidence_names("flash", "flash@generic"));
    assert_true(evidence_names("flash@generic", "flash@generic"));
    assert_false(evidence_names("flash", "flash,tile=3"));
    assert_false(evidence_names("flash@generic", "flash"));
    struct doc *absent = document("['nystrom']");
    assert_true(verdict_lacks(absent, "nystrom,landmarks=64"));
    assert_true(verdict_lacks(absent, "nystrom"));
    assert_false(verdict_lacks(absent, "nystromx"));
    assert_false(verdict_lacks(NULL, "nystrom"));
    doc_free(absent);
}

static void a_summary(void **state) {
    (void)state;
    struct doc *judged = judge(two_curves(),
                               "{" RATIO ", 'published': 1.3}, {" RATIO ", 'published': 5}, {" RATIO
                               ", 'published': 40, 'name': 'the worst'}, {" RATIO
                               ", 'published': 1, 'unlike': 'so'}, {" RATIO ", 'published': 2}",
                               NULL);
    assert_int_equal(doc_int(judged, "counts.agrees", -1), 1);
    assert_int_equal(doc_int(judged, "counts.differs", -1), 2);
    assert_int_equal(doc_int(judged, "counts.undecided", -1), 1);
    assert_int_equal(doc_int(judged, "counts.not comparable", -1), 1);
    assert_word(
        judged, "summary",
        "1 of 5 agree, 2 differ, 1 undecided, 1 not comparable; differs most: ratio of time, the worst, n "
        "= 1024: 30 times less");
    assert_word(judged, "source", "a paper");
    assert_non_null(strstr(doc_str(judged, "rules", ""), "within a factor of 1.5"));
    doc_free(judged);
    assert_null(published_judge(NULL, NULL, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios),   cmocka_unit_test(what_cannot_be_compared),
        cmocka_unit_test(settings), cmocka_unit_test(growths),
        cmocka_unit_test(rises),    cmocka_unit_test(orders),
        cmocka_unit_test(seeds),    cmocka_unit_test(footprints),
        cmocka_unit_test(labels),   cmocka_unit_test(a_summary),
    };
    return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
