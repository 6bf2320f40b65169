/* test_lowrank.c -- landmarks and mixtures of keys: where the answer is known, and what the inverse inverts. */
#include "bench.h"

#include "inverse.h"
#include "pool.h"

enum { N = 96, D = 8 };
static const struct trial square = {.batch = 2, .heads = 2, .nq = N, .nk = N, .dk = D, .threads = 2};

static float *run(struct rig *r) {
    rig_run(r, 0x11);
    return rig_output(r);
}

/* got against want, both [rows][D]. */
static void expect_near(const float *got, const double *want, size_t rows, double bound) {
    double error = accuracy_distance(got, want, rows, D).rel_fro;
    if (!(error <= bound)) fail_msg("differs by %.3g, bound %.3g", error, bound);
}

/* ---- segments ----------------------------------------------------------------------------------- */

/* Segments follow each other, cover all rows, and the longer ones come last: AvgPool as xformers lays it out. */
static void segments(void **state) {
    static const int want[] = {0, 3, 6, 10, 14}; /* 14 rows in 4 */
    (void)state;
    for (int s = 0; s <= 4; s++) assert_int_equal(pool_begin(14, 4, s), want[s]);
    for (int n = 1; n < 40; n++)
        for (int m = 1; m < 45; m++) {
            assert_int_equal(pool_begin(n, m, 0), 0);
            assert_int_equal(pool_begin(n, m, m), n);
            for (int s = 0; s < m; s++) {
                int length = pool_begin(n, m, s + 1) - pool_begin(n, m, s);
                assert_int_equal(length, n / m + (s >= m - n % m));
            }
        }
}

/* Rows beyond `valid` count as zeros and are not read; pieces add up: 1000 rows in 3 segments, NaN from 500 on. */
static void means_over_padding(void **state) {
    enum { ROWS = 1000, VALID = 500, WIDTH = 5 };
    static float x[ROWS * WIDTH];
    float piece[WIDTH], got[3 * WIDTH];
    (void)state;
    for (int e = 0; e < ROWS * WIDTH; e++) x[e] = e < VALID * WIDTH ? (float)(e % 97) : NAN;
    for (int isa = 0; isa < kern_count(); isa++) {
        if (!kern_usable(isa)) continue;
        pool_means(kern_at(isa), ROWS, VALID, 3, 0, 3, WIDTH, x, WIDTH, piece, got);
        for (int e = 0; e < 3 * WIDTH; e++) {
            int begin = pool_begin(ROWS, 3, e / WIDTH), end = pool_begin(ROWS, 3, e / WIDTH + 1);
            double want = 0;
            for (int j = begin; j < end && j < VALID; j++)
                want += (double)x[j * WIDTH + e % WIDTH] / (end - begin);
            assert_float_equal((double)got[e], want, 1e-6 * 97); /* whole numbers are summed exactly */
        }
    }
}

/* ---- the iteration ------------------------------------------------------------------------------ */

/* A symmetric circulant matrix has the Fourier transform of its row as eigenvalues and keeps it so under products: each
   of them is followed through the steps by itself. Rows and columns sum to 1, so Z_0 = A. */
static void singular_values_of_the_iteration(void **state) {
    enum { M = 12, STEPS = 8 };
    static const double row[M] = {.4, .15, .1, .03, .015, .003, .004, .003, .015, .03, .1, .15};
    float a[M * M], z[M * M], work[3 * M * M];
    (void)state;
    for (int e = 0; e < M * M; e++) a[e] = (float)row[(e % M - e / M + M) % M];
    for (int isa = 0; isa < kern_count(); isa++)
        for (int steps = 0; steps <= STEPS && kern_usable(isa); steps++) {
            inverse_iterate(kern_at(isa), M, steps, a, z, work);
            for (int k = 0; k <= M / 2; k++) {
                double value = 0, of_z = 0;
                for (int j = 0; j < M; j++) {
                    value += row[j] * cos(2 * M_PI * j * k / M);
                    of_z += (double)z[j] * cos(2 * M_PI * j * k / M);
                }
                double r = 1 - value * value;
                for (int s = 0; s < steps; s++) r = (3 * r * r * r + r * r * r * r) / 4;
                /* rounding of a float, which a step makes at most 3.25 times as large: less where values are not small */
                assert_float_equal(1 - value * of_z, r, 1e-5);
            }
        }
}

/* ---- nystrom ------------------------------------------------------------------------------------ */

static void as_many_landmarks_as_keys(void **state) {
    static const char *const landmarks[] = {"landmarks=96", "landmarks=200"};
    (void)state;
    for (int x = 0; x < 2; x++) {
        struct rig r;
        make(&r, "nystrom", &square, landmarks[x], NULL);
        expect_full(&r, &square, 1, 1e-6);
        rig_free(&r);
    }
}

/* Sharp queries and keys in four directions, neighbours alike: F, A and B are permutations with repetition, and the
   approximation exact. */
static void segments_that_are_alike(void **state) {
    struct rig r, full;
    (void)state;
    make(&r, "nystrom", &square, "landmarks=4", NULL);
    make(&full, "full", &square, NULL);
    struct rig *both[] = {&r, &full};
    for (int x = 0; x < 2; x++)
        for (int e = 0; e < 2 * 2 * N * D; e++) {
            int at = e / D % N / (N / 4); /* the segment of a row */
            ((float *)both[x]->q.data)[e] = e % D == (at + 1) % 4 ? 9 : 0;
            ((float *)both[x]->k.data)[e] = e % D == at ? 9 : 0;
        }
    float *got = run(&r), *base = run(&full);
    double *want = malloc(rig_elements(&r) * sizeof *want);
    for (size_t e = 0; e < rig_elements(&r); e++) want[e] = (double)base[e];
    expect_near(got, want, rig_elements(&r) / D, 1e-6);
    free(got), free(base), free(want);
    rig_free(&r), rig_free(&full);
}

/* Queries and keys that are all the same: F, A and B are constants, A has rank one, and the answer is the mean of V. */
static void constant_sequence(void **state) {
    struct rig r;
    (void)state;
    make(&r, "nystrom", &square, "landmarks=7", NULL);
    for (int e = 0; e < 2 * 2 * N * D; e++)
        ((float *)r.q.data)[e] = ((float *)r.k.data)[e] = (float)(e % D) - 3;
    float *got = run(&r);
    double *want = calloc(rig_elements(&r), sizeof *want);
    for (int x = 0; x < 4; x++)
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                for (int d = 0; d < D; d++)
                    want[(x * N + i) * D + d] += (double)((float *)r.v.data)[(x * N + j) * D + d] / N;
    expect_near(got, want, 4 * N, 1e-6);
    free(got), free(want);
    rig_free(&r);
}

/* How far from 1 the rows of weights sum, at most: with values of 1 that is the output. */
static double row_sum_error(const char *iterations) {
    struct rig r;
    double worst = 0;
    make(&r, "nystrom", &square, "landmarks=4", iterations, NULL);
    for (int e = 0; e < 2 * 2 * N * D; e++)
        if (e % D == e / D % N / (N / 4)) /* each segment has a direction, or A would be all but singular */
            ((float *)r.q.data)[e] += 3, ((float *)r.k.data)[e] += 3;
    for (size_t e = 0; e < r.v.bytes / sizeof(float); e++) ((float *)r.v.data)[e] = 1;
    float *got = run(&r);
    for (size_t e = 0; e < rig_elements(&r); e++) worst = fmax(worst, fabs((double)got[e] - 1));
    free(got);
    rig_free(&r);
    return worst;
}

/* A 1 = 1, so that Z 1 = 1 once Z inverts A. */
static void rows_sum_to_one(void **state) {
    (void)state;
    assert_true(row_sum_error("iterations=8") <
                1e-5); /* float, times the inverse of the least singular value */
    assert_true(row_sum_error("iterations=0") > 1e-2);
}

/* An item gives what it gives by itself: no start in common, and no padding in its segments. */
static void items_are_apart(void **state) {
    struct trial padded = square, alone = square;
    struct rig both, one;
    (void)state;
    padded.lengths = 1; /* all, and half of the keys */
    alone.batch = 1;
    for (int b = 0; b < 2; b++) {
        alone.nk = b ? (N + 1) / 2 : N;
        make(&both, "nystrom", &padded, "landmarks=7", NULL);
        make(&one, "nystrom", &alone, "landmarks=7", NULL);
        for (int h = 0; h < 2; h++) {
            size_t bytes = (size_t)alone.nk * D * sizeof(float);
            memcpy((float *)one.q.data + h * N * D, attn_row(&both.inputs.q, b, h, 0), N * D * sizeof(float));
            memcpy((float *)one.k.data + h * alone.nk * D, attn_row(&both.inputs.k, b, h, 0), bytes);
            memcpy((float *)one.v.data + h * alone.nk * D, attn_row(&both.inputs.v, b, h, 0), bytes);
        }
        float *got = run(&both), *want = run(&one);
        assert_memory_equal(got + (size_t)b * 2 * N * D, want, 2 * N * D * sizeof *want);
        free(got), free(want);
        rig_free(&both), rig_free(&one);
    }
}

/* Where heads are few, keys go in parts: the definition holds, padding and all, and the bits on any number of threads. */
static void keys_in_parts(void **state) {
    enum { ROWS = 3 * 2 * 40 };
    struct trial t = {
        .batch = 3, .heads = 2, .kv_heads = 1, .nq = 40, .nk = 5000, .dk = D, .threads = 1, .lengths = 1};
    float *bits = NULL;
    (void)state;
    for (; t.threads <= 3; t.threads++) {
        struct rig r;
        make(&r, "nystrom", &t, "landmarks=16", "padding=zeros", NULL);
        float *got = run(&r);
        if (bits) assert_memory_equal(got, bits, ROWS * D * sizeof *got);
        else {
            double *want = rig_definition(&r, 0, 1, NULL, NULL);
            expect_near(got, want, ROWS, accuracy_bound(ATTN_APPROX_SOFTMAX, 0));
            free(want);
            bits = memcpy(malloc(ROWS * D * sizeof *got), got, ROWS * D * sizeof *got);
        }
        free(got);
        rig_free(&r);
    }
    free(bits);
}

/* What conv adds, against the sum as it is written. */
static void convolution_of_values(void **state) {
    enum { WIDTH = 11 };
    struct rig with, without;
    (void)state;
    make(&with, "nystrom", &square, "landmarks=9", "conv=11", NULL);
    make(&without, "nystrom", &square, "landmarks=9", NULL);
    float *got = run(&with), *base = run(&without);
    double *want = malloc(rig_elements(&with) * sizeof *want);
    for (int b = 0; b < 2; b++)
        for (int h = 0; h < 2; h++)
            for (int i = 0; i < N; i++)
                for (int d = 0; d < D; d++) {
                    size_t at = (size_t)(((b * 2 + h) * N + i) * D + d);
                    want[at] = (double)base[at];
                    for (int x = 0; x < WIDTH; x++) {
                        int j = i + x - WIDTH / 2;
                        if (j >= 0 && j < N)
                            want[at] += (double)attn_row(&with.subject.tensors[0], 0, h, 0)[x] *
                                        (double)attn_row(&with.inputs.v, b, h, j)[d];
                    }
                }
    expect_near(got, want, 4 * N, 1e-6);
    free(got), free(base), free(want);
    rig_free(&with), rig_free(&without);
}

/* ---- linformer ---------------------------------------------------------------------------------- */

enum { RANK = 12, STRETCH = N / RANK };

static void make_conv(struct rig *r, const float *weights) {
    make(r, "linformer", &square, "rank=12", "projection=conv", "sharing=key_value", NULL);
    r->subject.tensors[2] = (struct attn_view){weights, 0, 0, 1};
}

/* A rank of nk or more: each key is a stretch of its own, and no empty stretch has a weight; padding or not. */
static void as_many_stretches_as_keys(void **state) {
    static const char *const ranks[] = {"rank=96", "rank=97", "rank=256"};
    struct trial padded = square;
    (void)state;
    padded.lengths = 1;
    for (int x = 0; x < 6; x++) {
        struct rig r;
        const struct trial *t = x / 3 ? &padded : &square;
        make(&r, "linformer", t, ranks[x % 3], "projection=mean_pool", NULL);
        expect_full(&r, t, 1, 1e-6);
        rig_free(&r);
    }
}

/* An item of half the length has half the stretches, whatever the others have. */
static void stretches_of_padding_have_no_weight(void **state) {
    struct trial padded = square, alone = square;
    struct rig both, one;
    (void)state;
    padded.lengths = 1; /* all, and half of the keys */
    alone.batch = 1, alone.nk = N / 2;
    make(&both, "linformer", &padded, "rank=16", "projection=mean_pool", NULL);
    make(&one, "linformer", &alone, "rank=8", "projection=mean_pool", NULL);
    for (int h = 0; h < 2; h++) {
        size_t bytes = N / 2 * D * sizeof(float);
        memcpy((float *)one.q.data + h * N * D, attn_row(&both.inputs.q, 1, h, 0), N * D * sizeof(float));
        memcpy((float *)one.k.data + h * N / 2 * D, attn_row(&both.inputs.k, 1, h, 0), bytes);
        memcpy((float *)one.v.data + h * N / 2 * D, attn_row(&both.inputs.v, 1, h, 0), bytes);
    }
    float *got = run(&both), *base = run(&one);
    double want[2 * N * D];
    for (int e = 0; e < 2 * N * D; e++) want[e] = (double)base[e];
    expect_near(got + 2 * N * D, want, 2 * N, 1e-6);
    free(got), free(base);
    rig_free(&both), rig_free(&one);
}

/* A kernel of even weights takes means. */
static void even_kernel_is_mean_pool(void **state) {
    float even[STRETCH];
    struct rig r, means;
    (void)state;
    for (int x = 0; x < STRETCH; x++) even[x] = 1.0f / STRETCH;
    make_conv(&r, even);
    make(&means, "linformer", &square, "rank=12", "projection=mean_pool", NULL);
    float *got = run(&r), *base = run(&means);
    double *want = malloc(rig_elements(&r) * sizeof *want);
    for (size_t e = 0; e < rig_elements(&r); e++) want[e] = (double)base[e];
    expect_near(got, want, rig_elements(&r) / D, 1e-6);
    free(got), free(base), free(want);
    rig_free(&r), rig_free(&means);
}

/* A kernel with a single one chooses a key of each stretch: softmax over these. */
static void kernel_of_one_weight_chooses_keys(void **state) {
    enum { CHOSEN = 3 };
    float one[STRETCH] = {[CHOSEN] = 1};
    struct rig r;
    (void)state;
    make_conv(&r, one);
    float *got = run(&r);
    double *want = calloc(rig_elements(&r), sizeof *want);
    for (int x = 0; x < 4 * N; x++) {
        double weights = 0;
        for (int j = CHOSEN; j < N; j += STRETCH) {
            double logit = 0;
            for (int d = 0; d < D; d++)
                logit += (double)attn_row(&r.inputs.q, x / N / 2, x / N % 2, x % N)[d] *
                         (double)attn_row(&r.inputs.k, x / N / 2, x / N % 2, j)[d] / sqrt(D);
            weights += exp(logit);
            for (int d = 0; d < D; d++)
                want[x * D + d] += exp(logit) * (double)attn_row(&r.inputs.v, x / N / 2, x / N % 2, j)[d];
        }
        for (int d = 0; d < D; d++) want[x * D + d] /= weights;
    }
    expect_near(got, want, 4 * N, 1e-6);
    free(got), free(want);
    rig_free(&r);
}

/* Matrices of each key head's own: a group gives what it gives by itself with these for all heads. */
static void matrices_of_each_head(void **state) {
    enum { E_OF_ALL, KERNEL_OF_ALL = 2, OF_HEADS = 4, GROUP = 2 };
    struct trial all = square, alone = square;
    (void)state;
    all.batch = alone.batch = 1;
    all.heads = 2 * GROUP, all.kv_heads = 2;
    alone.heads = GROUP, alone.kv_heads = 1;
    for (int conv = 0; conv < 2; conv++)
        for (int g = 0; g < 2; g++) {
            const char *projection = conv ? "projection=conv" : "projection=gaussian";
            int first = conv ? KERNEL_OF_ALL : E_OF_ALL;
            struct rig both, one;
            make(&both, "linformer", &all, "rank=12", projection, "sharing=none", NULL);
            make(&one, "linformer", &alone, "rank=12", projection, NULL);
            memcpy((float *)one.q.data, attn_row(&both.inputs.q, 0, g * GROUP, 0),
                   GROUP * N * D * sizeof(float));
            memcpy((float *)one.k.data, attn_row(&both.inputs.k, 0, g, 0), N * D * sizeof(float));
            memcpy((float *)one.v.data, attn_row(&both.inputs.v, 0, g, 0), N * D * sizeof(float));
            for (int t = first; t < first + 2; t++) {
                one.subject.tensors[t] = both.subject.tensors[OF_HEADS + t];
                one.subject.tensors[t].data += g * one.subject.tensors[t].head;
            }
            float *got = run(&both), *want = run(&one);
            assert_memory_equal(got + (size_t)g * GROUP * N * D, want, GROUP * N * D * sizeof *want);
            free(got), free(want);
            rig_free(&both), rig_free(&one);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments),
        cmocka_unit_test(means_over_padding),
        cmocka_unit_test(singular_values_of_the_iteration),
        cmocka_unit_test(as_many_landmarks_as_keys),
        cmocka_unit_test(segments_that_are_alike),
        cmocka_unit_test(constant_sequence),
        cmocka_unit_test(rows_sum_to_one),
        cmocka_unit_test(items_are_apart),
        cmocka_unit_test(keys_in_parts),
        cmocka_unit_test(convolution_of_values),
        cmocka_unit_test(as_many_stretches_as_keys),
        cmocka_unit_test(stretches_of_padding_have_no_weight),
        cmocka_unit_test(even_kernel_is_mean_pool),
        cmocka_unit_test(kernel_of_one_weight_chooses_keys),
        cmocka_unit_test(matrices_of_each_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
