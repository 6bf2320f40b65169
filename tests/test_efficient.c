/* test_efficient.c -- efficient attention where its answer is known in closed form, or by another mechanism. */
#include "bench.h"

extern const struct attn_variant attn_variant_efficient;

enum { N = 300, D = 6, WIDE = 5 };
static const struct trial plain = {
    .batch = 1, .heads = 2, .nq = N, .nk = N, .dk = D, .dv = WIDE, .threads = 2};

static void expect_near(const float *got, const double *want, size_t rows, size_t columns, double bound) {
    struct distance d = accuracy_distance(got, want, rows, columns);
    if (d.rel_fro > bound) fail_msg("differs by %.3g, bound %.3g", d.rel_fro, bound);
}

/* The output of one row for every query of the rig, against want [heads][dv]. */
static void expect_rows(struct rig *r, const double *want, double bound) {
    const struct trial *t = &r->trial;
    float *got = rig_output(r);
    double *all = malloc(rig_elements(r) * sizeof *all);
    for (int h = 0; h < t->heads; h++)
        for (int i = 0; i < t->nq; i++)
            memcpy(all + (h * t->nq + i) * t->dv, want + h * t->dv, (size_t)t->dv * sizeof *all);
    expect_near(got, all, (size_t)t->heads * (size_t)t->nq, (size_t)t->dv, bound);
    free(got), free(all);
}

/* Keys that are all the same have the same weight, whatever the queries are: the mean of the values. */
static void equal_keys(void **state) {
    double mean[2 * WIDE] = {0};
    struct rig r;
    (void)state;
    make(&r, "efficient", &plain, NULL);
    for (int h = 0; h < 2; h++)
        for (int j = 0; j < N; j++)
            for (int d = 0; d < WIDE; d++)
                mean[h * WIDE + d] += (double)attn_row(&r.inputs.v, 0, h, j)[d] / N;
    for (int x = 0; x < 2 * N * D; x++) ((float *)r.k.data)[x] = (float)(x % D) - 2;
    rig_run(&r, 0x11);
    expect_rows(&r, mean, 1e-6);
    rig_free(&r);
}

/* One feature: its query weighs it with one, so every query gets the softmax over the keys themselves. */
static void one_feature(void **state) {
    const struct trial t = {.batch = 1, .heads = 1, .nq = 4, .nk = 3, .dk = 1, .dv = 2, .threads = 1};
    const float keys[3] = {0, 0.69314718f, 1.09861229f}, values[6] = {6, 0, 0, 6, 12, 6}; /* log 1, 2, 3 */
    struct rig r;
    (void)state;
    make(&r, "efficient", &t, NULL);
    memcpy(r.k.data, keys, sizeof keys);
    memcpy(r.v.data, values, sizeof values);
    rig_run(&r, 0x11);
    expect_rows(&r, (double[]){(6 + 3 * 12) / 6.0, (2 * 6 + 3 * 6) / 6.0}, 1e-6);
    rig_free(&r);
}

/* Two features, by hand: E = rho_q (rho_k^T V) with q = (log 3, 0), so rho_q = (3/4, 1/4). */
static void two_features(void **state) {
    const struct trial t = {.batch = 1, .heads = 1, .nq = 1, .nk = 2, .dk = 2, .dv = 1, .threads = 1};
    const float query[2] = {1.09861229f, 0}, keys[4] = {1.38629436f, 5, 0, 5}, values[2] = {10, 20};
    struct rig r;
    (void)state;
    make(&r, "efficient", &t, NULL);
    memcpy(r.q.data, query, sizeof query);
    memcpy(r.k.data, keys,
           sizeof keys); /* columns (log 4, 0) and (5, 5): rho_k = (4/5, 1/5) and (1/2, 1/2) */
    memcpy(r.v.data, values, sizeof values);
    rig_run(&r, 0x11);
    expect_rows(&r, (double[]){0.75 * 12 + 0.25 * 15}, 1e-6);
    rig_free(&r);
}

/* A key far above all others in every feature takes all the weight, wherever it stands: its value. */
static void one_key(void **state) {
    static const int places[] = {0, N / 2, N - 1};
    (void)state;
    for (int place = 0; place < 3; place++) {
        double value[2 * WIDE];
        struct rig r;
        make(&r, "efficient", &plain, NULL);
        for (int h = 0; h < 2; h++) {
            for (int d = 0; d < D; d++) ((float *)r.k.data)[(h * N + places[place]) * D + d] += 60;
            for (int d = 0; d < WIDE; d++)
                value[h * WIDE + d] = (double)attn_row(&r.inputs.v, 0, h, places[place])[d];
        }
        rig_run(&r, 0x11);
        expect_rows(&r, value, 1e-6);
        rig_free(&r);
    }
}

/* A constant in a column of K changes nothing, even where exp of it is beyond every float. */
static void shifted_columns(void **state) {
    struct rig r;
    (void)state;
    make(&r, "efficient", &plain, NULL);
    for (int x = 0; x < 2 * N * D; x++)
        ((float *)r.k.data)[x] = (float)(x * 37 % 64) / 16; /* exact in steps */
    rig_run(&r, 0x11);
    float *before = rig_output(&r);
    double *want = malloc(rig_elements(&r) * sizeof *want);
    for (size_t x = 0; x < rig_elements(&r); x++) want[x] = (double)before[x];
    for (int x = 0; x < 2 * N * D; x++) ((float *)r.k.data)[x] += (float)(512 * (x % D - 2));
    rig_run(&r, 0x11);
    float *after = rig_output(&r);
    expect_near(after, want, 2 * N, WIDE, 1e-6);
    free(before), free(after), free(want);
    rig_free(&r);
}

/* Scaling is Q K^T V / n: `linear` without a map and a denominator, but for its scale of 1 / sqrt(dk). */
static void scaling(void **state) {
    struct rig r, other;
    (void)state;
    make(&r, "efficient", &plain, "normalisation=scaling", NULL);
    make(&other, "linear", &plain, "feature_map=identity", "denominator=none", NULL);
    rig_run(&r, 0x11);
    rig_run(&other, 0x11);
    float *got = rig_output(&r), *base = rig_output(&other);
    double *want = malloc(rig_elements(&r) * sizeof *want);
    for (size_t x = 0; x < rig_elements(&r); x++) want[x] = (double)base[x] / (double)other.problem.scale / N;
    expect_near(got, want, 2 * N, WIDE, 1e-6);
    free(got), free(base), free(want);
    rig_free(&r), rig_free(&other);
}

/* Memory does not grow with n. */
static void constant_memory(void **state) {
    struct attn_problem p = {
        .batch = 2, .heads = 4, .kv_heads = 2, .nq = 64, .nk = 64, .dk = 16, .dv = 8, .threads = 2};
    struct attn_need small = {0}, large = {0};
    (void)state;
    attn_variant_efficient.size(&p, NULL, &small);
    p.nq = p.nk = 1 << 20;
    attn_variant_efficient.size(&p, NULL, &large);
    assert_int_equal(small.state + small.scratch, large.state + large.scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_keys),      cmocka_unit_test(one_feature),     cmocka_unit_test(two_features),
        cmocka_unit_test(one_key),         cmocka_unit_test(shifted_columns), cmocka_unit_test(scaling),
        cmocka_unit_test(constant_memory),
    };
    struct attn_error error;
    if (registry_add(&attn_variant_efficient, NULL, NULL, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
