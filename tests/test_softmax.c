/* test_softmax.c -- the judge and the identities between variants. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "accuracy.h"
#include "params.h"
#include "registry.h"
#include "rig.h"

/* The 4 x 3 example that circulates with wrong arithmetic; recomputed in double. */
static const float x[4][3] = {{.1f, .2f, .3f}, {.4f, .5f, .6f}, {.7f, .8f, .9f}, {1, 1.1f, 1.2f}};
static const float v[4][3] = {{1, 1.1f, 1.2f}, {1.3f, 1.4f, 1.5f}, {1.6f, 1.7f, 1.8f}, {1.9f, 2, 2.1f}};
static const double y[4] = {1.48885238, 1.54561138, 1.59872413, 1.64669297}; /* then + 0.1, + 0.2 */
static const double weights_1[4] = {0.212478, 0.235747, 0.261565, 0.290210};

static void example_call(struct attn_problem *p, struct attn_call *c) {
    *p = (struct attn_problem){.struct_size = sizeof *p,
                               .batch = 1,
                               .heads = 1,
                               .kv_heads = 1,
                               .nq = 4,
                               .nk = 4,
                               .dk = 3,
                               .dv = 3,
                               .scale = 1 / sqrtf(3),
                               .threads = 1};
    *c = (struct attn_call){.struct_size = sizeof *c,
                            .problem = p,
                            .q = {x[0], 12, 12, 3},
                            .k = {x[0], 12, 12, 3},
                            .v = {v[0], 12, 12, 3}};
}

static void worked_example_by_the_judge(void **state) {
    struct attn_problem p;
    struct attn_call c;
    double out[3], w[4], lse;
    (void)state;
    example_call(&p, &c);
    for (int i = 0; i < 4; i++) {
        attn_softmax_rows(&c, 0, 0, &i, 1, w, out, &lse, NULL);
        for (int d = 0; d < 3; d++) assert_float_equal(out[d], y[i] + 0.1 * d, 1e-7);
        for (int j = 0; i == 0 && j < 4; j++) assert_float_equal(w[j], weights_1[j], 1e-6);
    }
}

static void worked_example_by_full_and_flash(void **state) {
    static const char *const names[] = {"full", "flash"};
    (void)state;
    for (int n = 0; n < 2; n++) {
        const struct attn_variant *variant = registry_find(names[n]);
        struct attn_problem p;
        struct attn_call c;
        struct attn_need need = {.struct_size = sizeof need};
        float out[12];
        void *params = params_defaults(variant);
        example_call(&p, &c);
        variant->size(&p, params, &need);
        c.params = params;
        c.scratch = aligned_alloc(64, (need.scratch + 63) / 64 * 64);
        c.o = (struct attn_output){out, 12, 12, 3};
        variant->forward(&c);
        for (int i = 0; i < 4; i++)
            for (int d = 0; d < 3; d++) assert_float_equal((double)out[3 * i + d], y[i] + 0.1 * d, 5e-7);
        free(c.scratch);
        free(params);
    }
}

/* Two variants on the same trial. */
static float *run(const char *name, const struct trial *t, const char *key, double value) {
    const struct attn_variant *variant = registry_find(name);
    void *params = params_defaults(variant);
    struct attn_error error;
    struct rig r;
    if (key) {
        struct doc *x_doc = doc_number(value);
        assert_int_equal(params_set(params, params_find(variant, key), x_doc, &error), 0);
        doc_free(x_doc);
    }
    assert_int_equal(rig_make(&r, variant, t, params, 5, &error), 0);
    rig_run(&r, 0x11);
    float *out = rig_output(&r);
    rig_free(&r);
    free(params);
    return out;
}

static const struct trial long_trial = {
    .batch = 2, .heads = 4, .kv_heads = 2, .nq = 700, .nk = 700, .dk = 32, .dv = 48, .threads = 2};
enum { LONG = 2 * 4 * 700 * 48 };

static void expect_close(const float *a, const float *b, double bound) {
    double *want = malloc(LONG * sizeof *want);
    for (int i = 0; i < LONG; i++) want[i] = (double)b[i];
    double error = accuracy_distance(a, want, LONG / 48, 48).rel_fro;
    free(want);
    if (error > bound) fail_msg("relative error %.3g, bound %.3g", error, bound);
}

static void flash_is_full(void **state) {
    (void)state;
    for (int mask = 0; mask < 3; mask++) {
        struct trial t = long_trial;
        t.mask = (enum attn_mask)mask;
        float *a = run("flash", &t, NULL, 0), *b = run("full", &t, NULL, 0);
        expect_close(a, b, 2e-6);
        free(a), free(b);
    }
}

/* An open window takes the same tiles in the same order as no window: not a bit differs. */
static void open_window_is_flash(void **state) {
    (void)state;
    for (int mask = 0; mask < 3; mask++) {
        struct trial t = long_trial;
        t.mask = (enum attn_mask)mask;
        float *a = run("local", &t, "window", 1 << 20), *b = run("flash", &t, NULL, 0);
        assert_memory_equal(a, b, LONG * sizeof *a);
        free(a), free(b);
    }
}

/* window = 0 leaves every query its own key: the output is v. */
static void empty_window_is_copy(void **state) {
    struct trial t = long_trial;
    (void)state;
    float *a = run("local", &t, "window", 0), *b = run("copy", &t, NULL, 0);
    expect_close(a, b, 1e-7);
    free(a), free(b);
}

/* Equal keys make every weight equal: softmax is the mean of V. */
static void equal_keys_give_the_mean(void **state) {
    (void)state;
    const struct attn_variant *variants[] = {registry_find("full"), registry_find("flash")};
    for (int n = 0; n < 2; n++) {
        struct trial t = long_trial;
        struct attn_error error;
        struct rig r;
        void *params = params_defaults(variants[n]);
        t.mask = ATTN_MASK_CAUSAL;
        assert_int_equal(rig_make(&r, variants[n], &t, params, 5, &error), 0);
        for (size_t i = 0; i < r.k.bytes / sizeof(float); i++) ((float *)r.k.data)[i] = 0.25f;
        rig_run(&r, 0x11);
        float *a = rig_output(&r), *b = run("mean_v", &t, NULL, 0);
        expect_close(a, b, 1e-6);
        free(a), free(b), free(params);
        rig_free(&r);
    }
}

/* The recurrence of the paper, one rank-1 update a key, in double. */
static void linear_is_its_recurrence(void **state) {
    const struct attn_variant *variant = registry_find("linear");
    struct trial t = {.batch = 1,
                      .heads = 1,
                      .nq = 500,
                      .nk = 500,
                      .dk = 16,
                      .dv = 24,
                      .mask = ATTN_MASK_CAUSAL,
                      .threads = 2};
    void *params = params_defaults(variant);
    struct attn_error error;
    struct rig r;
    double s[16][24] = {{0}}, z[16] = {0}, worst = 0;
    (void)state;
    assert_int_equal(rig_make(&r, variant, &t, params, 5, &error), 0);
    rig_run(&r, 0x11);
    for (int i = 0; i < t.nq; i++) {
        const float *q_i = attn_row(&r.inputs.q, 0, 0, i), *k_i = attn_row(&r.inputs.k, 0, 0, i);
        const float *v_i = attn_row(&r.inputs.v, 0, 0, i), *got = attn_out_row(&r.inputs.o, 0, 0, i);
        double den = 1e-6, o[24] = {0};
        for (int d = 0; d < 16; d++) {
            double phi_k = k_i[d] > 0 ? (double)k_i[d] + 1 : exp((double)k_i[d]);
            double phi_q = q_i[d] > 0 ? (double)q_i[d] + 1 : exp((double)q_i[d]);
            z[d] += phi_k;
            den += phi_q * z[d];
            for (int e = 0; e < 24; e++) {
                s[d][e] += phi_k * (double)v_i[e];
                o[e] += phi_q * s[d][e];
            }
        }
        for (int e = 0; e < 24; e++) worst = fmax(worst, fabs(o[e] / den - (double)got[e]));
    }
    assert_true(worst < 5e-6); /* outputs are of size 1, sums of 500 floats */
    rig_free(&r);
    free(params);
}

/* Without feature map and denominator: S_t = S_(t-1) + k_t v_t^T, o_t = scale q_t^T S_t. */
static void linear_identity_is_its_recurrence(void **state) {
    const struct attn_variant *variant = registry_find("linear");
    struct trial t = {.batch = 1,
                      .heads = 1,
                      .nq = 500,
                      .nk = 500,
                      .dk = 16,
                      .dv = 24,
                      .mask = ATTN_MASK_CAUSAL,
                      .threads = 2};
    void *params = params_defaults(variant);
    struct doc *identity = doc_string("identity"), *none = doc_string("none");
    struct attn_error error;
    struct rig r;
    double s[16][24] = {{0}}, worst = 0, largest = 0;
    (void)state;
    params_set(params, params_find(variant, "feature_map"), identity, &error);
    assert_int_equal(rig_make(&r, variant, &t, params, 5, &error), -1);
    assert_non_null(strstr(error.text, "add denominator = none"));
    rig_free(&r);
    params_set(params, params_find(variant, "denominator"), none, &error);
    assert_int_equal(rig_make(&r, variant, &t, params, 5, &error), 0);
    rig_run(&r, 0x11);
    for (int i = 0; i < t.nq; i++) {
        const float *q_i = attn_row(&r.inputs.q, 0, 0, i), *k_i = attn_row(&r.inputs.k, 0, 0, i);
        const float *v_i = attn_row(&r.inputs.v, 0, 0, i), *got = attn_out_row(&r.inputs.o, 0, 0, i);
        for (int e = 0; e < 24; e++) {
            double o = 0;
            for (int d = 0; d < 16; d++) {
                s[d][e] += (double)k_i[d] * (double)v_i[e];
                o += (double)q_i[d] * s[d][e] / 4; /* 1 / sqrt(16) */
            }
            worst = fmax(worst, fabs(o - (double)got[e]));
            largest = fmax(largest, fabs(o));
        }
    }
    assert_true(largest > 10 && worst < 1e-6 * largest); /* sums of up to 500 signed terms, in float */
    rig_free(&r);
    doc_free(identity), doc_free(none);
    free(params);
}

/* A fully masked row is zeros with lse = -inf: causal, bottom-right, more queries than keys. */
static void empty_rows_are_zero(void **state) {
    static const char *const names[] = {"full", "flash", "local", "linear", "mean_v"};
    (void)state;
    for (int n = 0; n < 5; n++) {
        struct trial t = {
            .batch = 1, .heads = 1, .nq = 9, .nk = 4, .dk = 3, .mask = ATTN_MASK_CAUSAL, .threads = 1};
        float *out = run(names[n], &t, NULL, 0);
        for (int i = 0; i < 5 * 3; i++) assert_true(out[i] == 0);
        for (int i = 5 * 3; i < 9 * 3; i++) assert_true(out[i] != 0);
        free(out);
    }
}

/* Logits of 1e4 neither overflow nor lose the winner; a tile that is all -inf comes before one that is not.
 */
static void huge_logits(void **state) {
    const struct attn_variant *variant = registry_find("flash");
    struct trial t = {
        .batch = 1, .heads = 1, .nq = 600, .nk = 600, .dk = 8, .bias = ATTN_BIAS_DENSE, .threads = 1};
    void *params = params_defaults(variant);
    struct attn_error error;
    struct rig r;
    (void)state;
    assert_int_equal(rig_make(&r, variant, &t, params, 5, &error), 0);
    float *bias = (float *)r.bias.data;
    for (int i = 0; i < 600; i++)
        for (int j = 0; j < 600; j++)
            bias[i * 600 + j] = j < 300 ? -INFINITY : j == 300 + i % 300 ? 1e4f : -1e4f;
    rig_run(&r, 0x11);
    for (int i = 0; i < 600; i++)
        assert_memory_equal(attn_out_row(&r.inputs.o, 0, 0, i), attn_row(&r.inputs.v, 0, 0, 300 + i % 300),
                            8 * sizeof(float));
    rig_free(&r);
    free(params);
}

/* Values around 0 over many keys: the output is small, and sums of one float after the other would lose it.
 */
static void long_rows_keep_their_digits(void **state) {
    const struct attn_variant *variant = registry_find("flash");
    struct trial t = {.batch = 1, .heads = 1, .nq = 8, .nk = 65536, .dk = 8, .threads = 1};
    void *params = params_defaults(variant);
    struct attn_error error;
    struct rig r;
    (void)state;
    assert_int_equal(rig_make(&r, variant, &t, params, 5, &error), 0);
    for (size_t i = 0; i < r.v.bytes / sizeof(float); i++) ((float *)r.v.data)[i] -= 0.5f;
    rig_run(&r, 0x11);
    float *got = rig_output(&r);
    double *want = rig_definition(&r, 0, 1, NULL, NULL), far = accuracy_distance(got, want, 8, 8).rel_fro;
    if (far > 1e-6) fail_msg("relative error %.3g, bound 1e-6", far);
    free(got), free(want), free(params);
    rig_free(&r);
}

/* Windows are measured from the position of the query on the axis of the keys, also when nq != nk. */
static void windows_follow_the_offset(void **state) {
    (void)state;
    struct attn_problem p = {
        .struct_size = sizeof p, .batch = 1, .heads = 1, .kv_heads = 1, .nq = 2, .nk = 10, .dk = 1, .dv = 1};
    assert_int_equal(attn_offset(&p, 10), 8);
    assert_int_equal(attn_visible(&p, 7, 0), 7);
    p.mask = ATTN_MASK_CAUSAL;
    assert_int_equal(attn_offset(&p, 10), 8);
    assert_int_equal(attn_visible(&p, 10, 0), 9);
    assert_int_equal(attn_visible(&p, 10, 1), 10);
    assert_int_equal(attn_visible(&p, 1, 0), 0); /* one valid key, aligned with the last query */
    assert_int_equal(attn_visible(&p, 1, 1), 1);
    p.mask = ATTN_MASK_CAUSAL_TOP_LEFT;
    p.causal_shift = 2;
    assert_int_equal(attn_visible(&p, 10, 0), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example_by_the_judge),
        cmocka_unit_test(worked_example_by_full_and_flash),
        cmocka_unit_test(flash_is_full),
        cmocka_unit_test(open_window_is_flash),
        cmocka_unit_test(empty_window_is_copy),
        cmocka_unit_test(equal_keys_give_the_mean),
        cmocka_unit_test(linear_is_its_recurrence),
        cmocka_unit_test(linear_identity_is_its_recurrence),
        cmocka_unit_test(empty_rows_are_zero),
        cmocka_unit_test(huge_logits),
        cmocka_unit_test(long_rows_keep_their_digits),
        cmocka_unit_test(windows_follow_the_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
