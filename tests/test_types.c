/* test_types.c -- the table of layer types, on rows whose exponents are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "attn.h"
#include "doc.h"
#include "fit.h"

/* A mechanism whose time is n^x d^y, but for the noise of its processes. */
struct made {
    const char *label, *mask;
    double x, y, noise;
};

static struct doc *row_of(const struct made *m, double n, double dk, double dv) {
    struct doc *row = doc_object(), *medians = doc_array();
    double time = 100 * pow(n, m->x) * pow(dk, m->y);
    for (uint64_t i = 0; i < 6; i++) {
        float luck;
        attn_random_normal((uint64_t)n, (uint64_t)dk, i, 1, &luck);
        doc_add(medians, doc_number(time * exp(m->noise * (double)luck)));
    }
    doc_put_str(row, "status", "ok");
    doc_put_str(row, "variant", m->label);
    doc_put_str(row, "label", m->label);
    doc_put_str(row, "family", "restricted");
    doc_put_str(row, "kind", "exact");
    doc_put_str(row, "mask", m->mask);
    doc_put_num(row, "shape.nq", n);
    doc_put_num(row, "shape.nk", n);
    doc_put_num(row, "shape.dk", dk);
    doc_put_num(row, "shape.dv", dv);
    doc_put_num(row, "growth.time", m->x);
    doc_put_str(row, "growth.operations", "n d");
    doc_put_str(row, "growth.steps", "1");
    doc_put_str(row, "growth.path", "n / window");
    doc_put_num(row, "flops", 8 * n * dk * dk);
    doc_put_num(row, "time.median_ns", time);
    doc_put(row, "time.process_medians_ns", medians);
    return row;
}

/* Lengths 2048, 4096, 8192 and so many sizes from 32 on; those of 32 have half the lengths more. */
static void add_rows(struct doc *rows, const struct made *m, int sizes) {
    for (int s = 0; s < sizes; s++)
        for (double n = 2048; n <= (s ? 8192 : 16384); n *= 2) doc_add(rows, row_of(m, n, 32 << s, 32 << s));
}

static struct doc *answers_of(struct doc *rows) {
    struct doc *answers = fit_answers(rows, NULL);
    doc_free(rows);
    return answers;
}

static const struct doc *type_at(const struct doc *answers, size_t i) {
    return doc_at(doc_get(answers, "layer_types"), i);
}

static void exponents_are_told(void **state) {
    static const struct made one = {"local", "none", 1, 1.5, 0}, other = {"local", "causal", 2, 0.75, 0};
    struct doc *rows = doc_array();
    (void)state;
    add_rows(rows, &one, 4);
    add_rows(rows, &other, 3);
    struct doc *answers = answers_of(rows);
    assert_int_equal(doc_len(doc_get(answers, "layer_types")), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct doc *t = type_at(answers, i);
        const struct made *m = i ? &other : &one;
        assert_string_equal(doc_str(t, "series.mask", ""), m->mask);
        assert_null(doc_get(t, "series.dk"));
        assert_string_equal(doc_str(t, "family", ""), "restricted");
        assert_string_equal(doc_str(t, "operations", ""), "n d");
        assert_string_equal(doc_str(t, "path", ""), "n / window");
        assert_float_equal(doc_num(t, "n.slope", 0), m->x, 1e-9);
        assert_float_equal(doc_num(t, "n.at_d", 0), i ? 128 : 256, 0);
        assert_string_equal(doc_str(t, "n.verdict", ""), "confirmed");
        assert_float_equal(doc_num(t, "d.slope", 0), m->y, 1e-9);
        assert_float_equal(doc_num(t, "d.counted", 0), 2, 1e-9);
        assert_float_equal(doc_num(t, "d.at_n", 0), 8192, 0); /* the greatest that all sizes have */
        assert_int_equal(doc_len(doc_get(t, "d.sizes")), i ? 3 : 4);
    }
    doc_free(answers);
}

/* Noise of 3 % widens the interval, which still holds the truth. Sizes draw processes of their own: drawn alike, they
   would cancel in the slope. */
static void noise_has_an_interval(void **state) {
    static const struct made noisy = {"flash", "none", 2, 1, 0.03};
    struct doc *rows = doc_array();
    (void)state;
    add_rows(rows, &noisy, 4);
    struct doc *answers = answers_of(rows);
    double low = doc_as_num(doc_at(doc_get(type_at(answers, 0), "d.interval"), 0)),
           high = doc_as_num(doc_at(doc_get(type_at(answers, 0), "d.interval"), 1));
    assert_true(low < 1 && 1 < high);
    assert_true(high - low > 0.01 && high - low < 0.2);
    doc_free(answers);
}

/* Two sizes tell no exponent, and sizes of values apart from those of keys are no d. */
static void too_few_sizes(void **state) {
    static const struct made one = {"local", "none", 1, 1, 0}, wide = {"wide", "none", 1, 1, 0};
    struct doc *rows = doc_array();
    (void)state;
    add_rows(rows, &one, 2);
    for (int s = 0; s < 3; s++) doc_add(rows, row_of(&wide, 2048, 32 << s, 64));
    struct doc *answers = answers_of(rows);
    assert_int_equal(doc_len(doc_get(answers, "layer_types")), 0);
    doc_free(answers);
}

/* Sizes that have no length in common are not compared. */
static void no_common_length(void **state) {
    static const struct made one = {"local", "none", 1, 1, 0};
    struct doc *rows = doc_array();
    (void)state;
    for (int s = 0; s < 3; s++) doc_add(rows, row_of(&one, 2048 << s, 32 << s, 32 << s));
    struct doc *answers = answers_of(rows);
    assert_int_equal(doc_len(doc_get(answers, "layer_types")), 0);
    doc_free(answers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponents_are_told),
        cmocka_unit_test(noise_has_an_interval),
        cmocka_unit_test(too_few_sizes),
        cmocka_unit_test(no_common_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
