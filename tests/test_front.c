/* test_front.c -- the error of a row over seeds, who beats whom, and the words that are made of it. */
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

#include "accuracy.h"
#include "advice.h"
#include "doc.h"
#include "front.h"
#include "row_error.h"
#include "table.h"

/* A row of n processes that take ns[]; on inputs where the mean of V errs by 0.8. */
static struct doc *row_of(const char *label, const char *kind, const double *ns, int n, double bytes,
                          double error) {
    struct doc *row = doc_object(), *medians = doc_array();
    double low = (double)INFINITY, high = 0;
    for (int i = 0; i < n; i++) {
        doc_add(medians, doc_number(ns[i]));
        low = fmin(low, ns[i]), high = fmax(high, ns[i]);
    }
    doc_put_str(row, "status", "ok");
    doc_put_str(row, "label", label);
    doc_put_str(row, "kind", kind);
    doc_put_str(row, "input.family", "gauss");
    doc_put_str(row, "input_label", "gauss,s=1");
    doc_put_num(row, "shape.nq", 512);
    doc_put_num(row, "shape.nk", 512);
    doc_put_num(row, "time.median_ns", ns[n / 2]);
    doc_put(row, "time.ci_ns", doc_pair(low, high));
    doc_put(row, "time.process_medians_ns", medians);
    doc_put_num(row, "memory.state_bytes", 0);
    doc_put_num(row, "memory.scratch_bytes", bytes);
    doc_put_num(row, "accuracy.softmax.rel_fro", error);
    doc_put_num(row, "accuracy.softmax.skill", 1 - pow(error / 0.8, 2));
    return row;
}

/* Six processes about ns, the i-th slower by i percent: ranges of neighbours touch, processes agree. */
static struct doc *drifting(const char *label, const char *kind, double ns, double bytes, double error) {
    double x[6];
    for (int i = 0; i < 6; i++) x[i] = ns * (1 + 0.01 * i);
    return row_of(label, kind, x, 6, bytes, error);
}

static void put_seeds(struct doc *row, const double *x, size_t n) {
    struct doc *seeds = doc_array();
    for (size_t i = 0; i < n; i++) doc_add(seeds, doc_number(x[i]));
    doc_put(row, "accuracy.seeds.rel_fro", seeds);
}

static void seeds(void **state) {
    static const double draws[] = {0.5, 0.9, 1.1, 1.2, 1.3};
    struct doc *row = drifting("x", "different", 1e6, 10, 0.5);
    (void)state;
    struct row_error e = row_error(row);
    assert_true(e.value == 0.5 && e.low == 0.5 && e.high == 0.5);
    assert_float_equal(e.skill, 1 - 0.25 / 0.64, 1e-12);
    assert_float_equal(row_error_mean_v(row), 0.8, 1e-12);
    assert_null(row_error_control(row));
    put_seeds(row, draws, 5); /* its own seed is the best of five */
    e = row_error(row);
    assert_true(e.value == 1.1);
    assert_float_equal(e.low, 0.58, 1e-12);
    assert_float_equal(e.high, 1.28, 1e-12);
    assert_float_equal(e.skill, 1 - 1.21 / 0.64, 1e-12);
    assert_string_equal(row_error_control(row), "mean_v");
    doc_put_str(row, "status", "inaccurate");
    assert_true(isnan(row_error(row).value) && isnan(row_error(row).skill));
    assert_true(isnan(row_error(NULL).value));
    doc_free(row);
    row = drifting("exact", "exact", 1e6, 10, 3e-7); /* its skill is 1 but for rounding */
    assert_true(isnan(row_error_mean_v(row)));
    doc_drop(row, "accuracy.softmax.skill");
    doc_put_num(row, "accuracy.softmax.rel_fro", 1);
    assert_string_equal(row_error_control(row), "zero");
    doc_free(row);
}

static int is_faster(const double *x, const double *y, int n) {
    struct doc *a = row_of("x", "different", x, n, 1, 0.5), *b = row_of("y", "different", y, n, 1, 0.5);
    struct rival p = rival_of("x", a), q = rival_of("y", b);
    int faster = rival_is_faster(&p, &q);
    assert_false(rival_is_faster(&q, &p));
    doc_free(a), doc_free(b);
    return faster;
}

/* A machine that drifts takes ranges of the two into each other and leaves every process of the one ahead. */
static void processes(void **state) {
    static const double x[] = {1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8},
                        y[] = {1.05, 1.15, 1.25, 1.35, 1.45, 1.55, 1.65, 1.75, 1.85},
                        z[] = {1.05, 1.15, 1.25, 1.35, 1.45, 1.45, 1.65, 1.75, 1.85}, far[] = {2, 2, 2, 2, 2};
    (void)state;
    assert_true(is_faster(x, y, 6));
    assert_false(is_faster(x, z, 6)); /* one of six disagrees */
    assert_false(is_faster(x, z, 8));
    assert_true(is_faster(x, z, 9));  /* one of nine */
    assert_false(is_faster(x, y, 5)); /* so few say nothing by their sides alone */
    assert_true(is_faster(x, far, 5));
}

static struct doc *rows_of_a_run(void) {
    static const double local[] = {3.9e6, 4.1e6, 3.9e6,
                                   4e6,   4.1e6, 4.1e6}; /* one process is slower than flash */
    static const double late[] = {4.5e6, 4.03e6, 4.5e6, 4.5e6, 4.5e6, 4.5e6}; /* one is faster */
    struct doc *rows = doc_array();
    doc_add(rows, drifting("flash", "exact", 4e6, 100, 3e-7));
    doc_add(rows, drifting("full", "exact", 4.4e6, 900, 1e-7)); /* rounding is no gain */
    doc_add(rows, drifting("linear", "different", 1e6, 50, 0.6));
    doc_add(rows, drifting("worse", "different", 1.5e6, 60, 0.7));
    doc_add(rows, row_of("local", "different", local, 6, 100, 0.3));
    doc_add(rows, drifting("wild", "different", 0.5e6, 10, 0.81)); /* the mean of V has 0.8 */
    doc_add(rows, row_of("late", "different", late, 6, 900, 0.5));
    doc_add(rows, drifting("mean_v", "control", 0.1e6, 1, 0.8));
    doc_add(rows, drifting("lsh", "different", 0.3e6, 10, 0.1)); /* from something else than softmax */
    doc_put_str(doc_at(rows, doc_len(rows) - 1), "accuracy.target", "shared-QK softmax");
    return rows;
}

static void fronts(void **state) {
    struct doc *rows = rows_of_a_run();
    struct rival all[9];
    size_t behind[9], n = 0;
    (void)state;
    for (size_t i = 0; i < doc_len(rows); i++) {
        all[n] = rival_of(doc_str(doc_at(rows, i), "label", ""), doc_at(rows, i));
        n += (size_t)rival_is_candidate(&all[n]);
    }
    assert_int_equal(n, 6);
    assert_int_equal(front_sort(all, n, FRONT_TIME, behind), 4);
    assert_string_equal(all[0].label, "linear");
    assert_int_equal(behind[0], 0);
    assert_string_equal(all[1].label, "local");
    assert_int_equal(behind[1], 2);
    assert_string_equal(all[2].label, "flash");
    assert_true(all[2].error == ACCURACY_EXACT);
    assert_int_equal(behind[2], 2);
    assert_string_equal(all[3].label, "late");
    assert_int_equal(behind[3], 2);
    doc_free(rows);
}

/* What `print` says of the rows, as part of what it says. */
static void expect_words(const struct doc *rows, void (*print)(const struct doc *), const char *want,
                         const char *unwanted) {
    char got[9000] = "", path[] = "/tmp/test_front.XXXXXX";
    int file = mkstemp(path), out = dup(STDOUT_FILENO);
    assert_true(file >= 0 && out >= 0);
    unlink(path);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    print(rows);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    ssize_t n = pread(file, got, sizeof got - 1, 0);
    assert_true(n >= 0);
    if (!strstr(got, want)) fail_msg("no '%s' in:\n%s", want, got);
    if (unwanted && strstr(got, unwanted)) fail_msg("'%s' in:\n%s", unwanted, got);
    close(file), close(out);
}

static void print_advice(const struct doc *rows) {
    struct slices s;
    slices_make(&s, rows);
    advice_print(&s.all[0]);
    slices_free(&s);
}

static void print_tables(const struct doc *rows) { table_print("", rows); }

static void words(void **state) {
    struct doc *rows = rows_of_a_run();
    (void)state;
    expect_words(rows, print_advice,
                 "  Least error for its time at n = 512: linear (1.03 ms, 0.600), flash (4.12 ms, exact); "
                 "local (4 ms, 0.300)\n    and flash cannot be told apart in time\n"
                 "  Least error for its memory at n = 512: linear (50 B, 0.600), flash (100 B, exact)\n"
                 "  No better than the mean of V at n = 512: wild\n",
                 "late");
    doc_put_num(doc_at(rows, 5), "accuracy.softmax.rel_fro", 1.2);
    doc_drop(doc_at(rows, 5), "accuracy.softmax.skill");
    expect_words(rows, print_advice, "  No better than an output of zeros at n = 512: wild\n", "mean of V");
    doc_free(rows);
}

/* Tables leave out what never ran, say who overtakes whom along n alone, and end in a line for each input. */
static void tables(void **state) {
    struct doc *rows = rows_of_a_run(), *more = rows_of_a_run(), *no = drifting("not", "different", 1, 1, 1);
    (void)state;
    expect_words(rows, print_tables, "error ", "In short");
    for (size_t i = 0; i < doc_len(more); i++) {
        struct doc *row = doc_copy(doc_at(more, i));
        doc_put_str(row, "input_label", "gauss,s=2");
        doc_put_num(row, "input.s", 2);
        doc_add(rows, row);
    }
    doc_put_str(no, "status", "unsupported");
    doc_add(rows, no);
    expect_words(rows, print_tables, "  Unsupported here: not\n", "Faster than");
    expect_words(rows, print_tables,
                 "s = 2: in less time than flash:\n"
                 "    linear (0.600, 0.25 of its time); in no more memory than flash: local (0.300, 1.00 of "
                 "its memory); 1 of 7\n"
                 "    no better than the mean of V\n",
                 "\n  not   ");
    doc_free(rows), doc_free(more);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds), cmocka_unit_test(processes), cmocka_unit_test(fronts),
        cmocka_unit_test(words), cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
