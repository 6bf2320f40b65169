/* test_mechanisms.c -- properties of single mechanisms: hand-size vectors, identities, statistics of features. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include "projections.h"

static void put(struct block *b, const float *x, size_t n) { memcpy(b->data, x, n * sizeof *x); }

/* The weights of row 0 by definition, and by forward() with the identity as values. */
static void weights_of(struct rig *r, int nk, double *by_definition, float *by_forward) {
    double out[16];
    int row = 0;
    for (int j = 0; j < nk; j++)
        for (int d = 0; d < nk; d++) ((float *)r->v.data)[j * nk + d] = j == d;
    r->subject.variant->reference(&r->subject.call, 0, 0, &row, 1, by_definition, NULL, out);
    rig_run(r, 0x11);
    memcpy(by_forward, r->o.data, (size_t)nk * sizeof *by_forward);
}

static void expect_softmax(struct rig *r, const double *logits, int n, double bound) {
    double weights[16], sum = 0;
    float got[16];
    weights_of(r, n, weights, got);
    for (int j = 0; j < n; j++) sum += exp(logits[j]);
    for (int j = 0; j < n; j++) {
        assert_float_equal(weights[j], exp(logits[j]) / sum, bound);
        assert_float_equal((double)got[j], exp(logits[j]) / sum, bound);
    }
}

/* AllenNLP's test of additive attention: queries of size 2 (padded here), keys of size 3. */
static void additive_hand_vector(void **state) {
    static const float q[2][3] = {{.7f, -.8f, 0}, {.4f, .9f, 0}}, v[2] = {1, -1}, b[2] = {0, 0};
    static const float w[3][2] = {{-.2f, .3f}, {-.5f, .5f}, {0, 0}}, u[3][2] = {{0, 1}, {1, 1}, {1, -1}};
    static const float k[2][4][3] = {{{1, -1, 3}, {.5f, -.3f, 0}, {.2f, -1, 1}, {.7f, .8f, -1}},
                                     {{-2, 3, -3}, {.6f, .2f, 2}, {.5f, -.4f, -1}, {.2f, .2f, 0}}};
    static const double logits[2][4] = {{1.975072, -0.04997836, 1.2176098, -0.9205586},
                                        {-1.4851665, 1.489604, -1.890285, -1.0672251}};
    (void)state;
    for (int x = 0; x < 2; x++) {
        struct trial t = {.batch = 1, .heads = 1, .nq = 1, .nk = 4, .dk = 3, .dv = 4, .threads = 1};
        struct rig r;
        make(&r, "additive", &t, "hidden=2", NULL);
        put(&r.q, q[x], 3);
        put(&r.k, k[x][0], 12);
        r.subject.tensors[0] = (struct attn_view){w[0], 0, 0, 2};
        r.subject.tensors[1] = (struct attn_view){u[0], 0, 0, 2};
        r.subject.tensors[2] = (struct attn_view){v, 0, 0, 1};
        r.subject.tensors[3] = (struct attn_view){b, 0, 0, 1};
        expect_softmax(&r, logits[x], 4, 1e-6);
        rig_free(&r);
    }
}

/* The example of Keras' layer: no projections, no scale, so W = U = I and v = 1. */
static void additive_of_keras(void **state) {
    static const float q[2][2] = {{1, 0}, {0, 1}}, k[2][2] = {{0, 1}, {1, 0}}, v[2][2] = {{1, 2}, {3, 4}};
    static const float identity[2][2] = {{1, 0}, {0, 1}}, ones[2] = {1, 1}, zeros[2] = {0, 0};
    static const double want[2][2] = {{1.727, 2.727}, {2.272, 3.272}}; /* given to three digits */
    const struct trial t = {.batch = 1, .heads = 1, .nq = 2, .nk = 2, .dk = 2, .threads = 1};
    struct rig r;
    (void)state;
    make(&r, "additive", &t, "hidden=2", NULL);
    put(&r.q, q[0], 4);
    put(&r.k, k[0], 4);
    put(&r.v, v[0], 4);
    r.subject.tensors[0] = r.subject.tensors[1] = (struct attn_view){identity[0], 0, 0, 2};
    r.subject.tensors[2] = (struct attn_view){ones, 0, 0, 2};
    r.subject.tensors[3] = (struct attn_view){zeros, 0, 0, 2};
    rig_run(&r, 0x11);
    for (int e = 0; e < 4; e++) assert_float_equal((double)((float *)r.o.data)[e], want[e / 2][e % 2], 1e-3);
    rig_free(&r);
}

/* AllenNLP's bilinear example; its scalar bias of 0.1 cancels in the softmax. */
static void bilinear_hand_vector(void **state) {
    static const float w[2][2] = {{-.3f, .5f}, {2, -1}}, q[2] = {1, 1}, k[2][2] = {{1, 0}, {0, 1}};
    static const double logits[2] = {1.8, -0.4};
    struct trial t = {.batch = 1, .heads = 1, .nq = 1, .nk = 2, .dk = 2, .threads = 1};
    struct rig r;
    (void)state;
    make(&r, "bilinear", &t, NULL);
    put(&r.q, q, 2);
    put(&r.k, k[0], 4);
    r.subject.tensors[0] = (struct attn_view){w[0], 0, 0, 2};
    expect_softmax(&r, logits, 2, 1e-6);
    rig_free(&r);
}

static const struct trial square = {.batch = 2, .heads = 2, .nq = 96, .nk = 96, .dk = 8, .threads = 2};

/* W = I / sqrt(d) is softmax attention. */
static void bilinear_of_the_identity_is_full(void **state) {
    float w[8 * 8] = {0};
    struct rig r;
    (void)state;
    make(&r, "bilinear", &square, NULL);
    for (int d = 0; d < 8; d++) w[d * 9] = 1 / sqrtf(8);
    r.subject.tensors[0] = (struct attn_view){w, 0, 0, 8};
    expect_full(&r, &square, 1, 1e-6);
    rig_free(&r);
}

/* As many mixtures as keys: every mean is over one key, E = F = I. */
static void linformer_of_the_identity_is_full(void **state) {
    struct rig r;
    (void)state;
    make(&r, "linformer", &square, "rank=96", "projection=mean_pool", NULL);
    expect_full(&r, &square, 1, 1e-6);
    rig_free(&r);
}

/* Seeded E has mean 0 and deviation 1 / sqrt(rank). */
static void linformer_draws_what_it_says(void **state) {
    struct rig r;
    double sum = 0, square_sum = 0;
    enum { N = 64 * 96 };
    (void)state;
    make(&r, "linformer", &square, "rank=64", NULL);
    for (int x = 0; x < N; x++) {
        double e = (double)r.subject.tensors[0].data[x];
        sum += e;
        square_sum += e * e;
    }
    assert_true(fabs(sum / N) < 5 / 8.0 / sqrt(N));
    assert_float_equal(square_sum / N * 64, 1, 5 * sqrt(2.0 / N));
    rig_free(&r);
}

/* q = k = 1 in one dimension: every weight is equal, so running means of (1, 0, 0) come out, exactly for eps = 0. */
static void performer_toy(void **state) {
    static const char *const kernels[] = {"kernel=positive", "kernel=hyperbolic", "kernel=relu",
                                          "kernel=trigonometric"};
    const float ones[3] = {1, 1, 1}, v[3] = {1, 0, 0};
    (void)state;
    for (int x = 0; x < 4; x++) {
        struct trial t = {
            .batch = 1, .heads = 1, .nq = 3, .nk = 3, .dk = 1, .mask = ATTN_MASK_CAUSAL, .threads = 1};
        struct rig r;
        make(&r, "performer", &t, "eps=0", kernels[x], NULL);
        put(&r.q, ones, 3);
        put(&r.k, ones, 3);
        put(&r.v, v, 3);
        rig_run(&r, 0x11);
        for (int i = 0; i < 3; i++) assert_float_equal((double)((float *)r.o.data)[i], 1.0 / (i + 1), 1e-6);
        rig_free(&r);
    }
}

/* Where q and k are positive, relu(x) + 1 is elu(x) + 1. */
static void performer_without_projections_is_linear(void **state) {
    struct trial t = square;
    (void)state;
    for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
        struct rig r, linear;
        t.mask = (enum attn_mask)mask;
        make(&r, "performer", &t, "kernel=relu", "projection=none", "relu_eps=1", NULL);
        make(&linear, "linear", &t, "eps=0", NULL);
        for (size_t e = 0; e < r.q.bytes / sizeof(float); e++)
            ((float *)linear.q.data)[e] = ((float *)r.q.data)[e] = fabsf(((float *)r.q.data)[e]);
        for (size_t e = 0; e < r.k.bytes / sizeof(float); e++)
            ((float *)linear.k.data)[e] = ((float *)r.k.data)[e] = fabsf(((float *)r.k.data)[e]);
        rig_run(&r, 0x11), rig_run(&linear, 0x11);
        float *got = rig_output(&r), *want = rig_output(&linear);
        for (size_t e = 0; e < rig_elements(&r); e++)
            assert_float_equal((double)got[e], (double)want[e], 1e-6);
        free(got), free(want);
        rig_free(&r), rig_free(&linear);
    }
}

/* Only relu has features without a projection. */
static void performer_says_what_needs_projections(void **state) {
    static const char *const kernels[] = {"positive", "hyperbolic", "trigonometric"};
    const struct attn_variant *v = registry_find("performer");
    (void)state;
    for (int x = 0; x < 3; x++) {
        struct rig r;
        struct attn_error error;
        void *params = params_defaults(v);
        struct doc *kernel = doc_string(kernels[x]), *none = doc_string("none");
        assert_int_equal(params_set(params, params_find(v, "kernel"), kernel, &error), 0);
        assert_int_equal(params_set(params, params_find(v, "projection"), none, &error), 0);
        assert_int_not_equal(rig_make(&r, v, &square, params, 5, &error), 0);
        assert_non_null(strstr(error.text, "projection = none is for kernel = relu"));
        doc_free(kernel), doc_free(none), free(params);
        rig_free(&r);
    }
}

/* Logits of deviation s = 1/4: Lemma 2 predicts an error near sqrt((e^(2 s sqrt d) - e^(s sqrt d)) / m) = 0.016 of
   what is not the mean of V, for the unbiased maps. */
static void grow(const struct attn_view *x, int rows, int from, int d, float factor) {
    for (int i = from; i < rows; i++)
        for (int e = 0; e < d; e++) rig_row(x, 0, 0, i)[e] *= factor;
}

/* One key that is 20 times as long, and then queries that are 10 times as long: what eps adds leaves the floats, and what
   a query's length puts before all of its features cancels without eps. */
static void performer_of_long_vectors(void **state) {
    static const char *const maps[] = {"kernel=positive", "kernel=hyperbolic"}, *const eps[] = {"eps=1e-6",
                                                                                                "eps=0"};
    struct trial t = {
        .batch = 1, .heads = 1, .kv_heads = 1, .nq = 40, .nk = 40, .dk = 64, .dv = 5, .threads = 2};
    (void)state;
    for (int map = 0; map < 2; map++)
        for (int e = 0; e < 2; e++)
            for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
                struct rig r;
                t.mask = (enum attn_mask)mask;
                make(&r, "performer", &t, "features=64", maps[map], eps[e], NULL);
                grow(&r.inputs.k, 21, 20, 64, 20);
                grow(&r.inputs.q, t.nq, 30, 64, 10);
                rig_run(&r, 0x11);
                float *got = rig_output(&r);
                double *want = rig_definition(&r, 0, 1, NULL, NULL);
                double error = accuracy_distance(got, want, (size_t)t.nq, (size_t)t.dv).rel_fro;
                /* w.x of a query is up to 10 times 40 here, and its rounding goes into an exponent */
                if (!(error < 1e-4)) fail_msg("%s, %s, mask %d: %g", maps[map], eps[e], mask, error);
                free(got), free(want);
                rig_free(&r);
            }
}

static void performer_comes_near_softmax(void **state) {
    static const char *const kernels[] = {"kernel=positive", "kernel=hyperbolic", "kernel=trigonometric"};
    (void)state;
    for (int x = 0; x < 3; x++) {
        struct trial t = square;
        struct rig r;
        make(&r, "performer", &t, "features=8192", "eps=0", kernels[x], NULL);
        expect_full(&r, &t, 0.5f, 0.02);
        rig_free(&r);
    }
}

/* ---- random features ----------------------------------------------------------------------------- */

enum { D = 8 };
static const double x[D] = {.3, -.2, .1, .25, 0, -.1, .15, .05}, y[D] = {.1, .2, -.3, .2, .1, 0, .1, -.2};

enum map { POSITIVE, HYPERBOLIC, TRIGONOMETRIC };

/* One feature's estimate of exp(x.y) exp((|x|^2 + |y|^2) / 2). */
static double one_feature(enum map map, const float *w, double half) {
    double sum = 0, difference = 0;
    for (int d = 0; d < D; d++)
        sum += (double)w[d] * (x[d] + y[d]), difference += (double)w[d] * (x[d] - y[d]);
    if (map == TRIGONOMETRIC) return exp(2 * half) * cos(difference);
    return map == HYPERBOLIC ? 0.5 * (exp(sum) + exp(-sum)) : exp(sum);
}

/* Mean squared error of the estimate of exp(x.y) from m features, over many draws, relative to its square. */
static double measured_mse(enum projections kind, int m, enum map map) {
    enum { DRAWS = 20000 };
    float *w = malloc((size_t)m * D * sizeof *w);
    double mse = 0, xy = 0, half = 0;
    for (int d = 0; d < D; d++) xy += x[d] * y[d], half += 0.5 * (x[d] * x[d] + y[d] * y[d]);
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        double estimate = 0;
        projections_draw(kind, seed + 1, m, D, w);
        for (int f = 0; f < m; f++) estimate += one_feature(map, w + f * D, half);
        double error = estimate / m * exp(-half) / exp(xy) - 1;
        mse += error * error / DRAWS;
    }
    free(w);
    return mse;
}

/* Choromanski et al., Lemma 2: variance of independent positive, hyperbolic and trigonometric features; Theorem 2: the orthogonal
   ones have less. Bands of 10 %: 20000 draws of a heavy-tailed square. */
static void variances_of_lemma_2(void **state) {
    double zz = 0, apart = 0;
    (void)state;
    for (int d = 0; d < D; d++) zz += (x[d] + y[d]) * (x[d] + y[d]), apart += (x[d] - y[d]) * (x[d] - y[d]);
    double trigonometric = exp(apart) * (1 - exp(-apart)) * (1 - exp(-apart)) / (2 * D);
    double positive = (exp(zz) - 1) / D, hyperbolic = 0.5 * (1 - exp(-zz)) * positive;
    double independent = measured_mse(PROJECTIONS_INDEPENDENT, D, POSITIVE);
    assert_float_equal(independent / positive, 1, 0.1);
    assert_float_equal(measured_mse(PROJECTIONS_INDEPENDENT, D, HYPERBOLIC) / hyperbolic, 1, 0.1);
    assert_float_equal(measured_mse(PROJECTIONS_INDEPENDENT, D, TRIGONOMETRIC) / trigonometric, 1, 0.1);
    assert_true(measured_mse(PROJECTIONS_ORTHOGONAL, D, POSITIVE) < 0.9 * independent);
}

/* Rows are orthogonal within a block, E[W] = 0 element by element (which an unsigned QR misses), and squared
   lengths are chi^2(d), or d. */
static void projections_are_haar(void **state) {
    enum { DRAWS = 4000, M = 2 * D };
    static double mean[M * D];
    double length = 0, length_2 = 0;
    float w[M * D];
    (void)state;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        projections_draw(PROJECTIONS_ORTHOGONAL, seed, M, D, w);
        for (int e = 0; e < M * D; e++) mean[e] += (double)w[e] / DRAWS;
        for (int a = 0; a < M; a++)
            for (int b = a - a % D; b <= a; b++) {
                double dot = 0;
                for (int d = 0; d < D; d++) dot += (double)w[a * D + d] * (double)w[b * D + d];
                if (a != b) assert_float_equal(dot, 0, 1e-4);
                else length += dot / DRAWS / M, length_2 += dot * dot / DRAWS / M;
            }
    }
    for (int e = 0; e < M * D; e++) assert_true(fabs(mean[e]) < 5 / sqrt(DRAWS));
    assert_float_equal(length, D, 0.1);                                 /* mean of chi^2(d) */
    assert_float_equal(length_2 - length * length, 2 * D, 0.1 * 2 * D); /* its variance */
    projections_draw(PROJECTIONS_REGULARISED, 1, M, D, w);
    for (int a = 0; a < M; a++) {
        double dot = 0;
        for (int d = 0; d < D; d++) dot += (double)w[a * D + d] * (double)w[a * D + d];
        assert_float_equal(dot, D, 1e-4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(additive_hand_vector),
        cmocka_unit_test(additive_of_keras),
        cmocka_unit_test(bilinear_hand_vector),
        cmocka_unit_test(bilinear_of_the_identity_is_full),
        cmocka_unit_test(linformer_of_the_identity_is_full),
        cmocka_unit_test(linformer_draws_what_it_says),
        cmocka_unit_test(performer_toy),
        cmocka_unit_test(performer_of_long_vectors),
        cmocka_unit_test(performer_without_projections_is_linear),
        cmocka_unit_test(performer_says_what_needs_projections),
        cmocka_unit_test(performer_comes_near_softmax),
        cmocka_unit_test(variances_of_lemma_2),
        cmocka_unit_test(projections_are_haar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
