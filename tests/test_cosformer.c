/* test_cosformer.c -- cosine reweighting where its weights are known. */
#include "bench.h"

enum { N = 200, D = 4 };
static const struct trial plain = {.batch = 1, .heads = 1, .nq = N, .nk = N, .dk = D, .threads = 2};

static void fill(struct block *b, float x) {
    for (size_t e = 0; e < b->bytes / sizeof(float); e++) ((float *)b->data)[e] = x;
}

/* Queries and keys that are all ones: what is left is the cosine, over its sum, and nothing ahead under a mask. */
static void cosines(void **state) {
    (void)state;
    for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
        struct trial t = plain;
        struct rig r;
        t.mask = (enum attn_mask)mask;
        make(&r, "cosformer", &t, NULL);
        fill(&r.q, 1), fill(&r.k, 1);
        rig_run(&r, 0x11);
        double want[N * D] = {0};
        for (int i = 0; i < N; i++) {
            double sum = 0;
            int end = mask ? i + 1 : N;
            for (int j = 0; j < end; j++) sum += cos(M_PI / 2 * (i - j) / N);
            for (int j = 0; j < end; j++)
                for (int d = 0; d < D; d++)
                    want[i * D + d] +=
                        cos(M_PI / 2 * (i - j) / N) / sum * (double)((float *)r.v.data)[j * D + d];
        }
        assert_true(accuracy_distance((float *)r.o.data, want, N, D).rel_fro < 1e-6);
        rig_free(&r);
    }
}

/* A query without a positive coordinate has no weight at all, and the others do not mind. */
static void negative_queries_are_zeros(void **state) {
    struct rig r;
    (void)state;
    make(&r, "cosformer", &plain, NULL);
    fill(&r.k, 1);
    for (int e = 0; e < N * D; e++) ((float *)r.q.data)[e] = e / D % 2 ? 1 : -1;
    rig_run(&r, 0x11);
    for (int i = 0; i < N; i++)
        for (int d = 0; d < D; d++) assert_int_equal(((float *)r.o.data)[i * D + d] == 0, i % 2 == 0);
    rig_free(&r);
}

/* No distance reaches a right angle: more keys than queries, fewer, shifted masks, padding. */
static void weights_are_not_negative(void **state) {
    static const struct trial trials[] = {
        {.batch = 3, .heads = 1, .nq = 40, .nk = 90, .dk = D, .threads = 1, .lengths = 1},
        {.batch = 3, .heads = 1, .nq = 90, .nk = 40, .dk = D, .threads = 1, .lengths = 1},
        {.batch = 3,
         .heads = 1,
         .nq = 90,
         .nk = 40,
         .dk = D,
         .threads = 1,
         .lengths = 1,
         .mask = ATTN_MASK_CAUSAL},
        {.batch = 1,
         .heads = 1,
         .nq = 40,
         .nk = 90,
         .dk = D,
         .threads = 1,
         .mask = ATTN_MASK_CAUSAL,
         .shift = 7},
        {.batch = 1,
         .heads = 1,
         .nq = 90,
         .nk = 40,
         .dk = D,
         .threads = 1,
         .mask = ATTN_MASK_CAUSAL_TOP_LEFT},
    };
    static const char *const positions[] = {"positions=ends", "positions=starts"};
    (void)state;
    for (size_t x = 0; x < 2 * sizeof trials / sizeof *trials; x++) {
        const struct trial *t = &trials[x / 2];
        struct rig r;
        make(&r, "cosformer", t, positions[x % 2], NULL);
        double *w = malloc((size_t)t->nk * sizeof *w), out[D], most = 0;
        for (int b = 0; b < t->batch; b++)
            for (int i = 0; i < t->nq; i++) {
                r.subject.variant->reference(&r.subject.call, b, 0, &i, 1, w, NULL, out);
                for (int j = 0; j < t->nk; j++) {
                    assert_true(w[j] >= 0);
                    most = fmax(most, w[j]);
                }
            }
        assert_true(most > 0.01);
        free(w);
        rig_free(&r);
    }
}

/* A single key gets all the weight, as far away as it may be. */
static void single_key(void **state) {
    struct trial t = plain;
    struct rig r;
    (void)state;
    t.nk = 1;
    make(&r, "cosformer", &t, NULL);
    fill(&r.q, 1), fill(&r.k, 1);
    rig_run(&r, 0x11);
    /* what is left of cos a cos b + sin a sin b next to a right angle has lost a factor of N */
    for (int e = 0; e < N * D; e++)
        assert_float_equal((double)((float *)r.o.data)[e], (double)((float *)r.v.data)[e % D], 2e-7 * N);
    rig_free(&r);
}

/* Below eps the denominator stays eps: halving such queries halves the output. */
static void least_denominator(void **state) {
    struct rig r;
    (void)state;
    make(&r, "cosformer", &plain, NULL);
    fill(&r.k, 1), fill(&r.q, 1e-10f);
    rig_run(&r, 0x11);
    double whole = (double)((float *)r.o.data)[5], weights = 0, sum = 0;
    for (int j = 0; j < N; j++) {
        weights += cos(M_PI / 2 * (1 - j) / N);
        sum += cos(M_PI / 2 * (1 - j) / N) * (double)((float *)r.v.data)[j * D + 1];
    }
    assert_true(D * 1e-10 * weights < 1e-6);
    assert_float_equal(whole / (D * 1e-10 * sum / 1e-6), 1, 1e-5);
    fill(&r.q, 0.5e-10f);
    rig_run(&r, 0x11);
    assert_float_equal((double)((float *)r.o.data)[5] / whole, 0.5, 1e-6);
    rig_free(&r);
}

/* With a length of its own a causal row is the same in a longer sequence; without, the cosine falls more slowly there. */
static void rows_of_a_fixed_length(void **state) {
    static const char *const lengths[] = {"length=1000", "length=0"};
    (void)state;
    for (int x = 0; x < 2; x++) {
        struct trial t = plain, shorter = plain;
        struct rig all, part;
        t.mask = shorter.mask = ATTN_MASK_CAUSAL;
        shorter.nq = shorter.nk = N / 2;
        make(&all, "cosformer", &t, lengths[x], NULL);
        make(&part, "cosformer", &shorter, lengths[x], NULL);
        rig_run(&all, 0x11), rig_run(&part, 0x11);
        double *want = malloc(N / 2 * D * sizeof *want);
        for (int e = 0; e < N / 2 * D; e++) want[e] = (double)((float *)all.o.data)[e];
        double far = accuracy_distance((float *)part.o.data, want, N / 2, D).rel_fro;
        if (x == 0) assert_true(far < 1e-6);
        else assert_true(far > 1e-3);
        free(want);
        rig_free(&all), rig_free(&part);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cosines),
        cmocka_unit_test(negative_queries_are_zeros),
        cmocka_unit_test(weights_are_not_negative),
        cmocka_unit_test(single_key),
        cmocka_unit_test(least_denominator),
        cmocka_unit_test(rows_of_a_fixed_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
