/*
 * test_weigh.c -- sigmoid attention and persistent vectors: closed forms, identities between them and with softmax
 * attention.
 */
#include "bench.h"

static const struct trial square = {.batch = 2, .heads = 2, .nq = 150, .nk = 150, .dk = 8, .threads = 2};
static const struct trial causal = {
    .batch = 2, .heads = 2, .nq = 150, .nk = 150, .dk = 8, .mask = ATTN_MASK_CAUSAL, .threads = 2};

/* Sums of some hundred terms in float, of order 1. */
static const double rounding = 2e-6;

/* out[dv]: the mean of the first n values of head h of item b. */
static void mean_of_values(const struct rig *r, int b, int h, int n, double *out) {
    for (int d = 0; d < r->trial.dv; d++) {
        out[d] = 0;
        for (int j = 0; j < n; j++) out[d] += (double)attn_row(&r->inputs.v, b, h, j)[d] / n;
    }
}

/* Every row is so many times the mean of the values it sees. */
static void expect_means(struct rig *r, double (*factor)(int seen, int nk)) {
    const struct trial *t = &r->trial;
    double mean[64];
    rig_run(r, 0x11);
    float *got = rig_output(r);
    for (int row = 0; row < t->batch * t->heads * t->nq; row++) {
        int i = row % t->nq, h = row / t->nq % t->heads, b = row / t->nq / t->heads;
        int n = attn_visible(&r->problem, attn_keys(&r->subject.call, b), i);
        mean_of_values(r, b, h, n, mean);
        for (int d = 0; d < t->dv; d++)
            assert_float_equal(got[row * t->dv + d], n ? factor(n, t->nk) * mean[d] : 0, rounding * n);
    }
    free(got);
}

static double of_log_n(int seen, int nk) { return (double)seen / (nk + 1); }
static double of_zero(int seen, int nk) { return (void)nk, seen / 2.0; }
static double of_large(int seen, int nk) { return (void)nk, seen; }

/* Logits of 0: sigmoid(-ln n) = 1 / (n + 1), whatever is masked; sigmoid(0) = 1/2; sigmoid(200) = 1. */
static void sigmoid_of_nothing(void **state) {
    struct rig r;
    (void)state;
    for (int masked = 0; masked < 2; masked++) {
        const struct trial *t = masked ? &causal : &square;
        make(&r, "sigmoid", t, NULL);
        memset(r.q.data, 0, r.q.bytes);
        expect_means(&r, of_log_n);
        rig_free(&r);
        make(&r, "sigmoid", t, "length=none", NULL);
        memset(r.q.data, 0, r.q.bytes);
        expect_means(&r, of_zero);
        rig_free(&r);
        make(&r, "sigmoid", t, "length=none", "bias=200", NULL);
        expect_means(&r, of_large);
        rig_free(&r);
    }
}

/* Weights far below 1 leave an output of exactly 0, and no NaN. */
static void sigmoid_far_below(void **state) {
    struct rig r;
    (void)state;
    make(&r, "sigmoid", &causal, "bias=-1000", NULL);
    rig_run(&r, 0x11);
    float *got = rig_output(&r);
    for (size_t x = 0; x < rig_elements(&r); x++) assert_true(got[x] == 0);
    free(got);
    rig_free(&r);
}

/* Padding takes nothing off: n is nk, and rows of an item without keys are zeros. */
static void sigmoid_under_padding(void **state) {
    struct trial t = square;
    struct rig r;
    (void)state;
    t.batch = 3, t.lengths = 1;
    make(&r, "sigmoid", &t, NULL);
    memset(r.q.data, 0, r.q.bytes);
    expect_means(&r, of_log_n);
    rig_free(&r);
}

/* One query past a long cache takes the way of stream.c: the last row of the whole sequence. */
static void sigmoid_of_one_query(void **state) {
    const struct trial whole = {
        .batch = 1, .heads = 2, .kv_heads = 1, .nq = 3000, .nk = 3000, .dk = 8, .threads = 2};
    struct trial last = whole;
    struct rig all, one;
    (void)state;
    last.nq = 1;
    make(&all, "sigmoid", &whole, "bias=2", NULL);
    make(&one, "sigmoid", &last, "bias=2", NULL);
    for (int h = 0; h < 2; h++)
        memcpy(rig_row(&one.inputs.q, 0, h, 0), attn_row(&all.inputs.q, 0, h, whole.nq - 1),
               8 * sizeof(float));
    memcpy(one.k.data, all.k.data, all.k.bytes), memcpy(one.v.data, all.v.data, all.v.bytes);
    rig_run(&all, 0x11), rig_run(&one, 0x11);
    float *want = rig_output_rows(&all, whole.nq - 1, 1), *got = rig_output(&one);
    for (int x = 0; x < 2 * 8; x++) assert_float_equal(got[x], want[x], rounding);
    free(want), free(got);
    rig_free(&all), rig_free(&one);
}

/* ---- persistent vectors -------------------------------------------------------------------------- */

enum { EXTRA = 37 };

/* Softmax attention over keys that were extended by hand is the same operator. */
static void persistent_is_softmax_on_more_keys(void **state) {
    struct trial longer = square;
    struct rig r, full;
    (void)state;
    longer.nk += EXTRA;
    make(&r, "persistent", &square, "vectors=37", NULL);
    make(&full, "full", &longer, NULL);
    memcpy(full.q.data, r.q.data, r.q.bytes);
    for (int b = 0; b < 2; b++)
        for (int h = 0; h < 2; h++)
            for (int j = 0; j < longer.nk; j++) {
                float *k = rig_row(&full.inputs.k, b, h, j), *v = rig_row(&full.inputs.v, b, h, j);
                int own = j < square.nk, m = j - square.nk;
                const float *from_k = own ? attn_row(&r.inputs.k, b, h, j)
                                          : attn_row(&r.subject.tensors[0], 0, h, m),
                            *from_v = own ? attn_row(&r.inputs.v, b, h, j)
                                          : attn_row(&r.subject.tensors[1], 0, h, m);
                for (int d = 0; d < 8; d++) {
                    k[d] = from_k[d] * (own ? 1 : sqrtf(8));
                    v[d] = from_v[d] * (own ? 1 : sqrtf(EXTRA));
                }
            }
    rig_run(&r, 0x11), rig_run(&full, 0x11);
    float *a = rig_output(&r), *b = rig_output(&full);
    for (size_t x = 0; x < rig_elements(&r); x++) assert_float_equal(a[x], b[x], rounding);
    free(a), free(b);
    rig_free(&r), rig_free(&full);
}

/* Logits of -1e4 or so leave the caller's keys alone with the softmax. */
static void repelled_vectors_are_full(void **state) {
    float pk[2][EXTRA][8], pv[2][EXTRA][8];
    struct rig r;
    (void)state;
    for (int x = 0; x < 2 * EXTRA * 8; x++) (&pk[0][0][0])[x] = -1e4f, (&pv[0][0][0])[x] = 1;
    for (int masked = 0; masked < 2; masked++) {
        const struct trial *t = masked ? &causal : &square;
        make(&r, "persistent", t, "vectors=37", "held=final", NULL);
        r.subject.tensors[0] = (struct attn_view){pk[0][0], 0, EXTRA * 8, 8};
        r.subject.tensors[1] = (struct attn_view){pv[0][0], 0, EXTRA * 8, 8};
        for (size_t x = 0; x < r.q.bytes / sizeof(float); x++) /* so that each q . pk is far below 0 */
            ((float *)r.q.data)[x] = fabsf(((float *)r.q.data)[x]) + 0.1f;
        struct rig full;
        make(&full, "full", t, NULL);
        memcpy(full.q.data, r.q.data, r.q.bytes);
        rig_run(&r, 0x11), rig_run(&full, 0x11);
        float *a = rig_output(&r), *b = rig_output(&full);
        for (size_t x = 0; x < rig_elements(&r); x++) assert_float_equal(a[x], b[x], rounding);
        free(a), free(b);
        rig_free(&r), rig_free(&full);
    }
}

/* Rows without a key are the softmax over the vectors: none is empty, the same for padding and for early causal rows. */
static void rows_without_keys_see_the_vectors(void **state) {
    struct trial t = {.batch = 3,
                      .heads = 2,
                      .nq = 20,
                      .nk = 9,
                      .dk = 8,
                      .mask = ATTN_MASK_CAUSAL,
                      .lengths = 1,
                      .threads = 2};
    struct rig r;
    (void)state;
    make(&r, "persistent", &t, "vectors=37", NULL);
    rig_run(&r, 0x11);
    float *got = rig_output(&r);
    for (int row = 0; row < t.batch * t.heads * t.nq; row++) {
        int i = row % t.nq, h = row / t.nq % t.heads, b = row / t.nq / t.heads;
        double sum = 0, want[8] = {0}, weights[9], outside = 0, out[8];
        r.subject.variant->reference(&r.subject.call, b, h, &i, 1, weights, &outside, out);
        for (int j = 0; j < t.nk; j++) sum += weights[j];
        assert_float_equal(sum + outside, 1, 1e-12);
        if (attn_visible(&r.problem, attn_keys(&r.subject.call, b), i) > 0) {
            assert_true(outside < 1);
            continue;
        }
        assert_float_equal(outside, 1, 1e-12);
        double e[EXTRA], all = 0;
        for (int m = 0; m < EXTRA; m++) {
            e[m] = 0;
            for (int d = 0; d < 8; d++)
                e[m] +=
                    (double)attn_row(&r.inputs.q, b, h, i)[d] *
                    (double)attn_row(&r.subject.tensors[0], 0, h, m)[d]; /* sqrt(dk) and the scale cancel */
            all += e[m] = exp(e[m]);
        }
        for (int m = 0; m < EXTRA; m++)
            for (int d = 0; d < 8; d++)
                want[d] += e[m] / all * sqrt(EXTRA) * (double)attn_row(&r.subject.tensors[1], 0, h, m)[d];
        for (int d = 0; d < 8; d++) assert_float_equal(got[row * 8 + d], want[d], rounding);
    }
    free(got);
    rig_free(&r);
}

/* The factors are the only difference between scaled and final. */
static void final_vectors_are_scaled_ones(void **state) {
    struct rig scaled, final;
    float pk[2 * EXTRA * 8], pv[2 * EXTRA * 8];
    (void)state;
    make(&scaled, "persistent", &causal, "vectors=37", NULL);
    make(&final, "persistent", &causal, "vectors=37", "held=final", NULL);
    for (int x = 0; x < 2 * EXTRA * 8; x++) {
        pk[x] = attn_row(&scaled.subject.tensors[0], 0, 0, 0)[x] * (float)sqrt(8);
        pv[x] = attn_row(&scaled.subject.tensors[1], 0, 0, 0)[x] * (float)sqrt(EXTRA);
    }
    final.subject.tensors[0] = (struct attn_view){pk, 0, EXTRA * 8, 8};
    final.subject.tensors[1] = (struct attn_view){pv, 0, EXTRA * 8, 8};
    rig_run(&scaled, 0x11), rig_run(&final, 0x22);
    float *a = rig_output(&scaled), *b = rig_output(&final);
    assert_memory_equal(a, b, rig_elements(&scaled) * sizeof *a);
    free(a), free(b);
    rig_free(&scaled), rig_free(&final);
}

/* exp(s) / (exp(s) + exp(0)) = sigmoid(s): one key beside one persistent vector of zeros. */
static void one_key_and_a_vector_of_zeros_are_a_sigmoid(void **state) {
    const struct trial t = {.batch = 2, .heads = 3, .nq = 50, .nk = 1, .dk = 8, .threads = 2};
    const float zeros[8] = {0};
    struct rig persistent, sigmoid;
    (void)state;
    make(&persistent, "persistent", &t, "vectors=1", NULL);
    make(&sigmoid, "sigmoid", &t, "length=none", NULL);
    persistent.subject.tensors[0] = persistent.subject.tensors[1] = (struct attn_view){zeros, 0, 0, 8};
    rig_run(&persistent, 0x11), rig_run(&sigmoid, 0x11);
    float *a = rig_output(&persistent), *b = rig_output(&sigmoid);
    for (size_t x = 0; x < rig_elements(&sigmoid); x++) assert_float_equal(a[x], b[x], 1e-6); /* of order 1 */
    free(a), free(b);
    rig_free(&persistent), rig_free(&sigmoid);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigmoid_of_nothing),
        cmocka_unit_test(sigmoid_far_below),
        cmocka_unit_test(sigmoid_under_padding),
        cmocka_unit_test(sigmoid_of_one_query),
        cmocka_unit_test(persistent_is_softmax_on_more_keys),
        cmocka_unit_test(repelled_vectors_are_full),
        cmocka_unit_test(rows_without_keys_see_the_vectors),
        cmocka_unit_test(final_vectors_are_scaled_ones),
        cmocka_unit_test(one_key_and_a_vector_of_zeros_are_a_sigmoid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
