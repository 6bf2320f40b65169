/* test_heads.c -- what `attnbench weights` says of a head, against closed forms and against the judge's own words. */
#include "point_bench.h"

#include "head_stats.h"
#include "heatmap.h"

enum { N = 96 };

static void near(double got, double want, double bound) {
    if (!(fabs(got - want) <= bound)) fail_msg("%.17g instead of %.17g, bound %g", got, want, bound);
}

static double *zeros(size_t n) {
    double *x = xmalloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = 0;
    return x;
}

/* Every query on the key before its position, the first on nothing: no entropy, and a matrix that moves by one place has
   N - 1 equal singular values, of which 90 % are 86. */
static void test_shift(void **state) {
    double *w = zeros((size_t)N * N);
    struct head_stats s;
    (void)state;
    for (int i = 1; i < N; i++) w[i * N + i - 1] = 1;
    head_stats(w, NULL, N, N, 0, &s);
    near(s.entropy, 0, 0);
    near(s.previous, 1, 0);
    near(s.self + s.next, 0, 0);
    near(s.window, 1, 0);
    near(s.rank90, ceil(0.9 * (N - 1)), 0);
    assert_int_equal(s.ntop, HEAD_TOP);
    assert_int_equal(s.top[0], 0); /* all weigh the same: the first ones stand */
    near(s.top_weight[0], 1.0 / (N - 1), 1e-15);
    free(w);
}

/* Uniform attention: ln N nats, rank 1, 1 / N on each; with half of it elsewhere, half of everything. */
static void test_uniform(void **state) {
    double *w = zeros((size_t)N * N), *outside = zeros(N);
    struct head_stats s;
    (void)state;
    for (int i = 0; i < N * N; i++) w[i] = 1.0 / N;
    head_stats(w, NULL, N, N, 0, &s);
    near(s.entropy, log(N), 1e-12);
    near(s.rank90, 1, 0);
    near(s.first, 4.0 / N, 1e-12);
    near(s.self, 1.0 / N, 1e-12);
    near(s.next, (N - 1.0) / N / N, 1e-12); /* the last query has none behind it */
    for (int i = 0; i < N * N; i++) w[i] /= 2;
    for (int i = 0; i < N; i++) outside[i] = 0.5;
    head_stats(w, outside, N, N, 0, &s);
    near(s.elsewhere, 0.5, 1e-12);
    near(s.first, 2.0 / N, 1e-12);
    free(w), free(outside);
}

/* Where queries stand behind a past, positions are counted from the first key. */
static void test_offset(void **state) {
    double w[2 * 5] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    struct head_stats s;
    (void)state;
    head_stats(w, NULL, 2, 5, 3, &s);
    near(s.self, 1, 0);
    near(s.previous, 0, 0);
}

/* A negative weight: no entropy, the rest is counted. A row without weight is no row. */
static void test_signed(void **state) {
    double w[3 * 2] = {1.5, -0.5, 0, 0, 0.25, 0.75};
    struct head_stats s;
    (void)state;
    head_stats(w, NULL, 3, 2, 0, &s);
    assert_true(isnan(s.entropy));
    near(s.negative, 0.25, 1e-15);
    near(s.self, 0.75, 1e-15);
    near(s.previous, 0.375, 1e-15);
    assert_int_equal(s.top[0], 0);
    near(s.top_weight[0], 0.875, 1e-15);
}

/* On softmax rows the words are those of the descriptors that every row of results has, from the same definition. */
static void test_as_descriptors(void **state) {
    struct bench x;
    struct head_rows rows;
    struct head_stats s;
    struct descriptors d;
    struct descriptors_row each[N];
    (void)state;
    open_bench(&x, "flash", (struct bench_shape){N, 16, 2, 1}, NULL);
    head_rows_make(&x.subject, 0, 1, &rows);
    head_stats(rows.softmax, NULL, N, N, rows.offset, &s);
    for (int i = 0; i < N; i++) {
        double lse, *w = zeros(N), out[16];
        attn_softmax_rows(&x.call, 0, 1, &i, 1, w, out, &lse, NULL);
        descriptors_of_row(&x.call, 0, 1, i, w, lse, &each[i]);
        for (int j = 0; j < N; j++) near(w[j], rows.softmax[i * N + j], 0);
        free(w);
    }
    descriptors_mean(each, N, &d);
    near(s.entropy, d.mean.entropy, 1e-12);
    near(s.first, d.mean.first4_mass, 1e-12);
    near(s.window, d.mean.window64_mass, 1e-12);
    for (int i = 0; i < N * N; i++) /* flash is exact: its own rows are those of softmax */
        near(rows.own[i], rows.softmax[i], 0);
    head_rows_free(&rows);
    close_bench(&x);
}

/* Pooled rows keep their weight: each is the mean of its queries' sums, whatever the ends are. */
static void test_pooling(void **state) {
    enum { Q = 10, K = 7, CELLS = 4 * 3 };
    double w[Q * K], cells[CELLS];
    (void)state;
    for (int i = 0; i < Q * K; i++) w[i] = i % 5 + i / 7;
    heatmap_pool(w, Q, K, 3, 3, cells);
    for (int c = 0; c < 4; c++) {
        double want = 0, got = 0;
        int queries = c < 3 ? 3 : 1;
        for (int i = 3 * c; i < 3 * c + queries; i++)
            for (int j = 0; j < K; j++) want += w[i * K + j] / queries;
        for (int x = 0; x < 3; x++) got += cells[c * 3 + x];
        near(got, want, 1e-12);
    }
    near(cells[2], (w[6] + w[13] + w[20]) / 3, 1e-12); /* the last cell of keys has one */
    assert_int_equal(heatmap_step(HEATMAP_CELLS), 1);
    assert_int_equal(heatmap_step(HEATMAP_CELLS + 1), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shift),  cmocka_unit_test(test_uniform),        cmocka_unit_test(test_offset),
        cmocka_unit_test(test_signed), cmocka_unit_test(test_as_descriptors), cmocka_unit_test(test_pooling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
