/* test_judge.c -- metrics of attention rows, oracles, and the spread over seeds: identities and closed forms. */
#include "point_bench.h"

#include "lowrank.h"
#include "row_metrics.h"
#include "spectrum.h"

enum { N = 100, TRIALS = 20 };

static double uniform(uint64_t stream, uint64_t index) {
    return (attn_random_index(7, stream, index, 1u << 30) + 0.5) / (1u << 30);
}

static void softmax_row(uint64_t trial, double s, double *p) {
    double sum = 0;
    for (int j = 0; j < N; j++) sum += p[j] = exp(s * (uniform(1, trial * N + (uint64_t)j) - 0.5));
    for (int j = 0; j < N; j++) p[j] /= sum;
}

static double metric(const struct row_metrics *m, enum attn_kind kind, const char *path) {
    struct doc *d = doc_object();
    row_metrics_put(m, kind, d);
    double x = doc_num(d, path, (double)NAN);
    doc_free(d);
    return x;
}

/* ---- rows ---------------------------------------------------------------------------------------- */

/* A subset of softmax, renormalised: TV = 1 - captured mass, KL = -log(captured mass). */
static void identities_of_subsets(void **state) {
    (void)state;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        struct row_metrics m = {0};
        double p[N], w[N], kept = 0;
        softmax_row(trial, 8, p);
        for (int j = 0; j < N; j++) kept += w[j] = uniform(2, trial * N + (uint64_t)j) < 0.3 ? p[j] : 0;
        for (int j = 0; j < N; j++) w[j] /= kept;
        row_metrics_add(&m, ATTN_SUBSET_SOFTMAX, w, 0, p, N);
        assert_float_equal(metric(&m, ATTN_SUBSET_SOFTMAX, "captured_mass"), kept, 1e-12);
        assert_float_equal(metric(&m, ATTN_SUBSET_SOFTMAX, "tv_mean"), 1 - kept, 1e-12);
        assert_float_equal(metric(&m, ATTN_SUBSET_SOFTMAX, "kl"), -log(kept), 1e-12);
        assert_float_equal(metric(&m, ATTN_DIFFERENT, "kl"), -log(kept),
                           1e-12); /* it leaves keys out as well */
        assert_float_equal(metric(&m, ATTN_SUBSET_SOFTMAX, "row_sum_error"), 0, 1e-12);
    }
}

/* Uniform weights: KL(p || 1/n) = log n - H(p), and no mass is lost. */
static void uniform_rows(void **state) {
    (void)state;
    struct row_metrics m = {0};
    double p[N], w[N], entropy = 0, apart = 0;
    softmax_row(1, 8, p);
    for (int j = 0; j < N; j++) w[j] = 1.0 / N, entropy -= p[j] * log(p[j]), apart += fabs(p[j] - w[j]) / 2;
    row_metrics_add(&m, ATTN_APPROX_SOFTMAX, w, 0, p, N);
    assert_float_equal(metric(&m, ATTN_APPROX_SOFTMAX, "kl"), log(N) - entropy, 1e-12);
    assert_float_equal(metric(&m, ATTN_APPROX_SOFTMAX, "tv_mean"), apart, 1e-12);
    assert_float_equal(metric(&m, ATTN_APPROX_SOFTMAX, "captured_mass"), 1, 1e-12);
}

/* The heaviest key and three of the first eight are attended to. */
static void recalls(void **state) {
    (void)state;
    struct row_metrics subset = {0}, dense = {0};
    double p[N], w[N] = {0}, turned[N];
    softmax_row(2, 8, p);
    int order[N];
    for (int j = 0; j < N; j++) {
        int at = j;
        for (; at > 0 && p[order[at - 1]] < p[j]; at--) order[at] = order[at - 1];
        order[at] = j;
    }
    for (int x = 0; x < 3; x++) w[order[2 * x]] = 1.0 / 3;
    row_metrics_add(&subset, ATTN_SUBSET_SOFTMAX, w, 0, p, N);
    assert_float_equal(metric(&subset, ATTN_SUBSET_SOFTMAX, "topk_recall.1"), 1, 0);
    assert_float_equal(metric(&subset, ATTN_SUBSET_SOFTMAX, "topk_recall.8"), 3.0 / 8, 0);
    assert_float_equal(metric(&subset, ATTN_SUBSET_SOFTMAX, "topk_recall.32"), 3.0 / 32, 0);
    for (int x = 0; x < N; x++) turned[order[x]] = p[order[N - 1 - x]]; /* the heaviest weigh least */
    row_metrics_add(&dense, ATTN_DIFFERENT, turned, 0, p, N);
    assert_float_equal(metric(&dense, ATTN_DIFFERENT, "topk_recall.32"), 0, 0);
    row_metrics_add(&dense, ATTN_DIFFERENT, p, 0, p, N);
    assert_float_equal(metric(&dense, ATTN_DIFFERENT, "topk_recall.32"), 0.5, 0); /* the mean of both rows */
}

/* Signed rows have no total variation; what lies outside counts for the sum. */
static void rows_that_are_no_averages(void **state) {
    (void)state;
    struct row_metrics m = {0}, outside = {0}, masked = {0};
    double p[N], w[N], nothing[N] = {0};
    softmax_row(3, 4, p);
    for (int j = 0; j < N; j++) w[j] = p[j] * 1.5;
    w[5] = -0.25;
    row_metrics_add(&m, ATTN_DIFFERENT, w, 0, p, N);
    assert_true(isnan(metric(&m, ATTN_DIFFERENT, "tv_mean")));
    assert_float_equal(metric(&m, ATTN_DIFFERENT, "negative_mass"), 0.25, 1e-12);
    assert_float_equal(metric(&m, ATTN_DIFFERENT, "row_sum_error"), fabs(1.5 * (1 - p[5]) - 0.25 - 1), 1e-12);
    for (int j = 0; j < N; j++) w[j] = 0.75 * p[j];
    row_metrics_add(&outside, ATTN_EXACT, w, 0.25, p, N);
    assert_float_equal(metric(&outside, ATTN_EXACT, "tv_mean"), 0.25, 1e-12);
    row_metrics_add(&outside, ATTN_EXACT, nothing, 0, p, N);
    assert_float_equal(metric(&outside, ATTN_EXACT, "clamped"), 1, 0);
    assert_float_equal(metric(&outside, ATTN_EXACT, "tv_mean"), 0.25,
                       1e-12); /* of the rows that are averages */
    row_metrics_add(&masked, ATTN_EXACT, nothing, 0, nothing, N);
    assert_true(isnan(metric(&masked, ATTN_EXACT, "weight_rows")));
}

/* No subset of as many keys leaves less mass out; with all of them the oracle is softmax itself. */
static void oracles(void **state) {
    (void)state;
    enum { DV = 3 };
    static float v[N * DV];
    struct attn_problem problem = {
        .batch = 1, .heads = 1, .kv_heads = 1, .nq = 1, .nk = N, .dk = 1, .dv = DV};
    struct attn_call call = {.problem = &problem, .v = {v, N * DV, N * DV, DV}};
    double p[N], out[DV], want[DV] = {0}, most = 0;
    int heaviest = 0;
    softmax_row(4, 6, p);
    for (int i = 0; i < N * DV; i++) v[i] = (float)uniform(5, (uint64_t)i);
    for (int j = 0; j < N; j++) {
        if (p[j] > most) most = p[j], heaviest = j;
        for (int d = 0; d < DV; d++) want[d] += p[j] * (double)v[j * DV + d];
    }
    row_oracle(p, N, N, &call, 0, 0, out);
    for (int d = 0; d < DV; d++) assert_float_equal(out[d], want[d], 1e-12);
    row_oracle(p, N, 1, &call, 0, 0, out);
    for (int d = 0; d < DV; d++) assert_float_equal(out[d], v[heaviest * DV + d], 1e-12);
    row_oracle(p, N, 0, &call, 0, 0, out);
    for (int d = 0; d < DV; d++) assert_float_equal(out[d], 0, 0);
}

/* u diag(s) vt is the matrix again, for more rows than columns and for fewer. */
static void decompositions(void **state) {
    enum { M = 7, MN = M * M };
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        int m = wide ? 4 : M, n = wide ? M : 4, few = 4;
        double a[MN], kept[MN], s[M], u[MN], vt[MN];
        for (int i = 0; i < m * n; i++) kept[i] = a[i] = uniform(6, (uint64_t)i) - 0.5;
        assert_int_equal(spectrum(m, n, a, s, u, vt), 0);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) {
                double x = 0;
                for (int t = 0; t < few; t++) x += u[i * few + t] * s[t] * vt[t * n + j];
                assert_float_equal(x, kept[i * n + j], 1e-14);
            }
    }
}

/* ---- a whole point ------------------------------------------------------------------------------- */

static void alive(const struct doc *point) { assert_non_null(point); }

/* The outputs of many seeds: bias and variance add up to the mean squared error, a mechanism without draws has no
   spread, and the variance of positive features falls as their number grows (Choromanski and others, Lemma 2: as
   1 / features). */
static void spread_over_seeds(void **state) {
    (void)state;
    double variance[2];
    for (int i = 0; i < 2; i++) {
        struct bench x;
        struct attn_error error;
        struct doc *d = doc_object();
        open_bench(&x, "performer", (struct bench_shape){.n = 64, .d = 16, .s = 0.25}, NULL);
        int features = i ? 256 : 64;
        doc_put_num(x.point, "params.features", features);
        assert_true(judge_is_random(&x.subject));
        assert_int_equal(judge_seeds(&x.subject, x.point, &x.group.truth, 40, alive, d, &error), 0);
        double mean = doc_num(d, "accuracy.seeds.mean", 0), sd = doc_num(d, "accuracy.seeds.sd", 0);
        variance[i] = doc_num(d, "accuracy.seeds.variance", 0);
        double bias2 = doc_num(d, "accuracy.seeds.bias2", 0), nmse = mean * mean + sd * sd * 39 / 40;
        assert_float_equal(doc_num(d, "accuracy.seeds.n", 0), 40, 0);
        assert_true(bias2 > 0); /* the ratio of two estimates is biased */
        assert_float_equal((bias2 + variance[i]) / nmse, 1,
                           1e-6); /* an identity, as long as bias2 is not cut at 0 */
        doc_free(d);
        close_bench(&x);
    }
    assert_float_equal(variance[0] / variance[1], 4, 1.2);
    struct bench x;
    open_bench(&x, "flash", (struct bench_shape){.n = 64, .d = 16, .s = 0.25}, NULL);
    assert_false(judge_is_random(&x.subject));
    close_bench(&x);
}

/* The first terms of the decomposition: all of them give softmax itself, each one more is no worse for the matrix, the
   first alone is near the mean where the logits are small. */
static void oracles_of_a_rank(void **state) {
    (void)state;
    struct bench x;
    open_bench(&x, "linformer", (struct bench_shape){.n = 96, .d = 16, .s = 0.01}, NULL);
    const struct attn_problem *p = &x.group.problem;
    assert_int_equal(lowrank_terms(p), 96);
    assert_float_equal(lowrank_error(&x.group.truth, p, 96), 0, 1e-10);
    assert_float_equal(lowrank_error(&x.group.truth, p, 0), 1, 0);
    assert_true(lowrank_error(&x.group.truth, p, 1) < 0.3);
    assert_true(lowrank_error(&x.group.truth, p, 48) < lowrank_error(&x.group.truth, p, 4));
    close_bench(&x);
}

/* What judge_output() says of exact attention, of the mean, and of a window. */
static void fields_of_a_point(void **state) {
    (void)state;
    static const char *const names[] = {"flash", "mean_v", "local", "linformer"};
    for (int i = 0; i < 4; i++) {
        struct bench x;
        struct doc *d = doc_object();
        open_bench(&x, names[i], (struct bench_shape){.n = 512, .d = 16, .s = 1}, NULL);
        judge_output(&x.subject, &x.group.truth, d);
        assert_true(doc_flag(d, "accuracy.definition.within"));
        const struct doc *s = doc_get(d, "accuracy.softmax");
        double captured = doc_num(s, "captured_mass", -1), tv = doc_num(s, "tv_mean", -1);
        if (i == 0) assert_float_equal(tv, 0, 1e-12);
        if (i == 1) assert_float_equal(doc_num(s, "skill", -1), 0, 1e-6);
        if (i == 2) {
            assert_float_equal(tv, 1 - captured, 1e-9);
            assert_true(doc_num(d, "accuracy.oracle.rel_fro", 9) < doc_num(s, "rel_fro", 0));
        }
        if (i == 3) assert_true(doc_num(s, "negative_mass", 0) > 0 && tv < 0);
        assert_true(doc_num(s, "row_errors.p05", 9) <= doc_num(s, "row_errors.p95", 0));
        doc_free(d);
        close_bench(&x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_of_subsets),
        cmocka_unit_test(uniform_rows),
        cmocka_unit_test(recalls),
        cmocka_unit_test(rows_that_are_no_averages),
        cmocka_unit_test(oracles),
        cmocka_unit_test(spread_over_seeds),
        cmocka_unit_test(decompositions),
        cmocka_unit_test(oracles_of_a_rank),
        cmocka_unit_test(fields_of_a_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
