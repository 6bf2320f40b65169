/* test_inputs.c -- inputs made from the seed have the logits they say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "inputs.h"

enum { N = 512, D = 64 };
static float q[2 * N * D], k[N * D], v[N * D];

static struct attn_problem problem(enum attn_mask mask) {
    return (struct attn_problem){.struct_size = sizeof(struct attn_problem),
                                 .batch = 1,
                                 .heads = 2,
                                 .kv_heads = 1,
                                 .nq = N,
                                 .nk = N,
                                 .dk = D,
                                 .dv = D,
                                 .mask = mask,
                                 .seed = 4};
}

/* Fills q, k and v; settings are name and value in turn, ended by NULL. */
static void fill(const struct attn_problem *p, const char *family, ...) {
    struct doc *input = doc_object();
    struct attn_error error;
    va_list args;
    va_start(args, family);
    doc_put_str(input, "family", family);
    for (const char *name; (name = va_arg(args, const char *));)
        doc_put_num(input, name, va_arg(args, double));
    va_end(args);
    assert_int_equal(inputs_suffice(input, p, &error), 0);
    assert_int_equal(inputs_fill(input, p, q, k, v, &error), 0);
    doc_free(input);
}

static double logit(int h, int i, int j) {
    double x = 0;
    for (int d = 0; d < D; d++) x += (double)q[(h * N + i) * D + d] * (double)k[j * D + d];
    return x / sqrt(D);
}

static void gauss_has_the_deviation_it_says(void **state) {
    struct attn_problem p = problem(ATTN_MASK_NONE);
    (void)state;
    for (double s = 0.25; s <= 4; s *= 4) {
        double square = 0;
        fill(&p, "gauss", "s", s, NULL);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) square += logit(1, i, j) * logit(1, i, j) / N / N;
        assert_float_equal(sqrt(square) / s, 1, 0.05);
    }
}

/* Mean and deviation of the logits at one distance. */
static void at_distance(int distance, double *mean, double *deviation) {
    double sum = 0, square = 0;
    int n = N - distance;
    for (int i = distance; i < N; i++) {
        double x = logit(0, i, i - distance);
        sum += x / n;
        square += x * x / n;
    }
    *mean = sum;
    *deviation = sqrt(square - sum * sum);
}

/* The pull follows gain exp(-(distance / scale)^2 / 2), with the ripple of sixteen frequencies on top. */
static void local_decays_with_distance(void **state) {
    const double gain = 6, scale = 20, s = 0.5;
    const double sampling = 4 * s / sqrt(N - 60), quadrature = 0.05 * gain;
    struct attn_problem p = problem(ATTN_MASK_NONE);
    double ripple = 0;
    (void)state;
    fill(&p, "local", "gain", gain, "scale", scale, "s", s, NULL);
    for (int distance = 0; distance <= 60; distance += 10) {
        double mean, deviation;
        at_distance(distance, &mean, &deviation);
        assert_float_equal(mean, gain * exp(-0.5 * distance * distance / scale / scale),
                           sampling + quadrature);
        assert_float_equal(deviation / s, 1, 0.2);
    }
    for (int distance = 100; distance < 400; distance++) {
        double mean, deviation;
        at_distance(distance, &mean, &deviation);
        ripple += mean * mean / 300;
    }
    assert_true(sqrt(ripple) < gain / sqrt(D / 2.0)); /* reached where every frequency is out of step */
}

/* One key holds p of the weight: on average, since the other weights are random; within what the mask shows. */
static void needle_is_found(void **state) {
    (void)state;
    for (int causal = 0; causal < 2; causal++) {
        struct attn_problem p = problem(causal ? ATTN_MASK_CAUSAL : ATTN_MASK_NONE);
        for (double share = 0.5; share < 0.96; share += 0.45) {
            double mean = 0, distance = 0;
            int rows = 0;
            fill(&p, "needle", "p", share, "s", 0.7, NULL);
            for (int h = 0; h < 2; h++)
                for (int i = causal ? 64 : 0; i < N; i++, rows++) {
                    double sum = 0, most = -INFINITY;
                    int at = 0;
                    for (int j = 0; j < (causal ? i + 1 : N); j++) {
                        double x = logit(h, i, j);
                        sum += exp(x);
                        if (x > most) most = x, at = j;
                    }
                    mean += exp(most) / sum;
                    distance += (double)at / (causal ? i : N);
                }
            assert_float_equal(mean / rows, share, 0.05);
            assert_float_equal(distance / rows, 0.5, 0.05); /* anywhere */
        }
    }
}

static void too_small_heads_are_refused(void **state) {
    struct attn_problem p = problem(ATTN_MASK_NONE);
    struct doc *input = doc_object();
    struct attn_error error;
    (void)state;
    p.dk = 3;
    doc_put_str(input, "family", "local");
    assert_int_equal(inputs_suffice(input, &p, &error), -1);
    p.dk = 8;
    doc_put_str(input, "family", "needle");
    assert_int_equal(inputs_suffice(input, &p, &error), -1);
    doc_free(input);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauss_has_the_deviation_it_says),
        cmocka_unit_test(local_decays_with_distance),
        cmocka_unit_test(needle_is_found),
        cmocka_unit_test(too_small_heads_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
