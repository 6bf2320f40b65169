/* test_shares.c -- from where on the operator takes most of a layer: crossings in closed form, and the words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "doc.h"
#include "shares.h"
#include "text.h"

/* A row whose operator takes `share` of 1 ms, processes differing by `spread` on each side. */
static void add_row(struct doc *rows, const char *label, const char *kind, int n, double share,
                    double spread) {
    struct doc *row = doc_object();
    doc_put_str(row, "status", "ok");
    doc_put_str(row, "label", label);
    doc_put_str(row, "kind", kind);
    doc_put_str(row, "input.family", "gauss");
    doc_put_num(row, "shape.nq", n);
    doc_put_num(row, "shape.nk", n);
    doc_put_num(row, "parts.project_in.median_ns", (1 - share) * 0.75e6);
    doc_put_num(row, "parts.operator.median_ns", share * 1e6);
    doc_put_num(row, "parts.project_out.median_ns", (1 - share) * 0.25e6);
    doc_put_num(row, "parts.operator.share", share);
    doc_put(row, "parts.operator.share_ci", doc_pair(share - spread, share + spread));
    doc_add(rows, row);
}

/* Shares that rise by a tenth with each doubling of n, and are one half at `half`. */
static void add_rising(struct doc *rows, const char *label, double half, double spread) {
    for (int n = 128; n <= 1024; n *= 2) add_row(rows, label, "exact", n, 0.5 + 0.1 * log2(n / half), spread);
}

static void crossings(void **state) {
    struct doc *rows = doc_array();
    struct slices s;
    double seconds;
    (void)state;
    add_rising(rows, "crosses", 300, 0.01);
    add_rising(rows, "below", 5000, 0.01);
    for (int n = 128, i = 0; n <= 1024; n *= 2, i++)
        add_row(rows, "twice", "exact", n, i == 1 ? 0.6 : 0.4, 0.01);
    slices_make(&s, rows);
    assert_int_equal(s.count, 1);
    assert_true(shares_known(&s.all[0]));
    assert_float_equal(shares_crossing(&s.all[0], &s.all[0].curves[0], &seconds), 300, 1e-6);
    /* on a line through the logarithms of its neighbours, 256 and 512 */
    double at = log(300.0 / 256) / log(2), low = log(0.5 + 0.1 * log2(256 / 300.0)),
           high = log(0.5 + 0.1 * log2(512 / 300.0));
    assert_float_equal(seconds, 1e-3 * exp(low + at * (high - low)), 1e-12);
    assert_true(isnan(shares_crossing(&s.all[0], &s.all[0].curves[1], NULL)));
    assert_true(isnan(shares_crossing(&s.all[0], &s.all[0].curves[2], NULL)));
    slices_free(&s);
    doc_free(rows);
}

/* What shares_print() says of rows. */
static void expect_words(const struct doc *rows, const char *want) {
    char got[1000] = "", path[] = "/tmp/test_shares.XXXXXX";
    struct slices s;
    int file = mkstemp(path), out = dup(STDOUT_FILENO);
    assert_true(file >= 0 && out >= 0);
    unlink(path);
    slices_make(&s, rows);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    shares_print(&s.all[0]);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    ssize_t n = pread(file, got, sizeof got - 1, 0);
    assert_true(n >= 0);
    assert_string_equal(got, want);
    close(file), close(out);
    slices_free(&s);
}

static void words(void **state) {
    struct doc *rows = doc_array();
    (void)state;
    add_rising(rows, "crosses", 300, 0.01);
    add_rising(rows, "above", 20, 0.01);
    add_rising(rows, "below", 5000, 0.01);
    add_rising(rows, "noisy", 1000, 0.02); /* at 1024 it is 0.503: processes differ */
    for (int n = 128; n <= 1024; n *= 2) add_row(rows, "null", "control", n, 0, 0);
    expect_words(rows, "  The operator takes more than half of the layer: crosses from n = 512 on (half at "
                       "300), above at every n\n"
                       "  The operator takes less than half throughout: below\n"
                       "  Around half, or processes differ: noisy\n");
    doc_free(rows);
}

/* A length at which processes differ ends what can be said from the far end; one that did not run does not. */
static void gaps(void **state) {
    struct doc *rows = doc_array();
    (void)state;
    add_row(rows, "x", "exact", 128, 0.7, 0.01);
    add_row(rows, "x", "exact", 256, 0.55, 0.1);
    add_row(rows, "x", "exact", 512, 0.7, 0.01);
    add_row(rows, "x", "exact", 1024, 0.8, 0.01);
    doc_put_str(doc_at(rows, 3), "status", "timeout");
    expect_words(rows, "  The operator takes more than half of the layer: x from n = 512 on\n");
    doc_free(rows);
}

/* Of a run without layers there is nothing to say. */
static void bare(void **state) {
    struct doc *rows = doc_array();
    (void)state;
    add_row(rows, "x", "exact", 128, 0.7, 0.01);
    doc_drop(doc_at(rows, 0), "parts");
    expect_words(rows, "");
    doc_free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossings),
        cmocka_unit_test(words),
        cmocka_unit_test(gaps),
        cmocka_unit_test(bare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
