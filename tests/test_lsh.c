/* test_lsh.c -- angular hashing, and attention within buckets against shared-QK softmax written out. */
#include "bench.h"
#include "buckets.h"

enum { N = 96, D = 8 };
static const struct trial square = {.batch = 1, .heads = 1, .nq = N, .nk = N, .dk = D, .threads = 2};

static double dot(const float *x, const float *y, int d) {
    double sum = 0;
    for (int e = 0; e < d; e++) sum += (double)x[e] * (double)y[e];
    return sum;
}

/* ---- hashing ------------------------------------------------------------------------------------- */

struct hasher {
    struct attn_problem problem;
    struct buckets buckets;
    void *state, *scratch;
};

static void *aligned_block(size_t bytes) {
    void *block = aligned_alloc(ATTN_ALIGN, (bytes + ATTN_ALIGN - 1) / ATTN_ALIGN * ATTN_ALIGN);
    assert_non_null(block);
    return block;
}

static struct hasher hasher(uint64_t seed, int isa, int dk, struct buckets buckets) {
    struct hasher x = {.problem = {.heads = 1, .dk = dk, .isa = isa, .seed = seed}, .buckets = buckets};
    x.state = aligned_block(buckets_state(&x.problem, &buckets));
    x.scratch = aligned_block(buckets_scratch(&buckets));
    buckets_create(x.state, &x.problem, &buckets);
    return x;
}

static void hash(const struct hasher *x, int n, const float *rows, int *bucket) {
    buckets_hash(x->state, &x->problem, &x->buckets, kern_find(x->problem.isa), 0, n, rows, x->problem.dk,
                 x->scratch, bucket, BUCKETS_ROWS);
}

static void put_away(struct hasher *x) { free(x->state), free(x->scratch); }

/* argmax [x R ; -x R] of one factor, in double. */
static int argmax(const struct hasher *x, int r, int first, int columns, const float *row) {
    double best = -(double)INFINITY;
    int found = 0;
    for (int entry = 0; entry < 2 * columns; entry++) {
        double y =
            dot(row, buckets_rotation(x->state, &x->problem, &x->buckets, 0, r, first + entry % columns),
                x->problem.dk);
        if (entry >= columns) y = -y;
        if (y > best) best = y, found = entry;
    }
    return found;
}

/* By symmetry every bucket is as likely as any other when directions have no preference and rotations are drawn anew.
   Of 600 rotations 48 rows each; one rotation prefers its long columns, which leaves the frequencies with a deviation of
   3 % of their mean: the band is five of those. */
static void buckets_are_equally_frequent(void **state) {
    static const int factors[][2] = {{8, 0}, {4, 2}};
    (void)state;
    for (int f = 0; f < 2; f++) {
        enum { SEEDS = 600 };
        double counts[8] = {0};
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct hasher x = hasher(seed, ATTN_ISA_BEST, D, buckets_of(1, factors[f][0], factors[f][1]));
            float rows[BUCKETS_ROWS * D];
            int bucket[BUCKETS_ROWS];
            attn_random_normal(seed, 1, 0, BUCKETS_ROWS * D, rows);
            hash(&x, BUCKETS_ROWS, rows, bucket);
            for (int i = 0; i < BUCKETS_ROWS; i++) counts[bucket[i]]++;
            put_away(&x);
        }
        for (int b = 0; b < 8; b++) assert_float_equal(counts[b] * 8 / (SEEDS * BUCKETS_ROWS), 1, 0.15);
    }
}

/* Length does not count, the opposite direction is the opposite bucket, and 0 has one too. */
static void directions_are_hashed(void **state) {
    struct hasher x = hasher(3, ATTN_ISA_BEST, D, buckets_of(2, 16, 0));
    float rows[4 * D] = {0};
    int bucket[2 * BUCKETS_ROWS];
    (void)state;
    for (uint64_t t = 0; t < 100; t++) {
        attn_random_normal(3, 2, t * D, D, rows);
        for (int d = 0; d < D; d++) rows[D + d] = 1024 * rows[d], rows[2 * D + d] = -rows[d];
        hash(&x, 4, rows, bucket);
        for (int r = 0; r < 2; r++) {
            const int *b = bucket + r * BUCKETS_ROWS;
            assert_int_equal(b[0], b[1]);
            assert_int_equal(b[2], (b[0] + 8) % 16);
            assert_int_equal(b[3], 0);
        }
    }
    put_away(&x);
}

/* Rows between two columns, to the last bits: their products are one float, and double decides, for every instruction
   set. */
static void near_ties(void **state) {
    enum { DIM = 32, COLUMNS = 24, ROWS = 40 };
    (void)state;
    for (int isa = 1; isa < attn_isa_count(); isa++) {
        if (!attn_isa_usable(isa)) continue;
        struct hasher x = hasher(7, isa, DIM, buckets_of(1, 2 * COLUMNS, 0));
        float rows[ROWS * DIM];
        int bucket[ROWS], close = 0;
        for (int i = 0; i < ROWS; i++) {
            const float *a = buckets_rotation(x.state, &x.problem, &x.buckets, 0, 0, i % COLUMNS),
                        *b = buckets_rotation(x.state, &x.problem, &x.buckets, 0, 0,
                                              (i + 1 + i / COLUMNS) % COLUMNS);
            double aa = sqrt(dot(a, a, DIM)), bb = sqrt(dot(b, b, DIM)), ab = dot(a, b, DIM) / (aa * bb);
            /* s a / |a| + t b / |b| with equal products with a and b, far from all other columns */
            double s = bb - aa * ab, t = aa - bb * ab;
            for (int d = 0; d < DIM; d++)
                rows[i * DIM + d] = (float)(s * (double)a[d] / aa + t * (double)b[d] / bb);
            close += fabs(dot(rows + i * DIM, a, DIM) / dot(rows + i * DIM, b, DIM) - 1) < 1e-6;
        }
        assert_int_equal(close, ROWS);
        hash(&x, ROWS, rows, bucket);
        for (int i = 0; i < ROWS; i++) assert_int_equal(bucket[i], argmax(&x, 0, 0, COLUMNS, rows + i * DIM));
        put_away(&x);
    }
}

static void factors_make_one_bucket(void **state) {
    struct hasher x = hasher(11, ATTN_ISA_BEST, D, buckets_of(3, 8, 6));
    float rows[BUCKETS_ROWS * D];
    int bucket[3 * BUCKETS_ROWS];
    (void)state;
    attn_random_normal(11, 1, 0, BUCKETS_ROWS * D, rows);
    hash(&x, BUCKETS_ROWS, rows, bucket);
    for (int r = 0; r < 3; r++)
        for (int i = 0; i < BUCKETS_ROWS; i++)
            assert_int_equal(bucket[r * BUCKETS_ROWS + i],
                             argmax(&x, r, 0, 4, rows + i * D) + 8 * argmax(&x, r, 4, 3, rows + i * D));
    put_away(&x);
}

static void sorting_is_stable(void **state) {
    static const int bucket[9] = {3, 0, 3, 1, 0, 3, 1, 0, 2}, want[9] = {1, 4, 7, 3, 6, 8, 0, 2, 5};
    int counts[5], order[9];
    (void)state;
    buckets_sort(4, 9, bucket, counts, order);
    assert_memory_equal(order, want, sizeof want);
}

/* ---- attention ----------------------------------------------------------------------------------- */

static const float *row(const struct attn_view *x, int i) { return attn_row(x, 0, 0, i); }

/* Shared-QK softmax in double over the keys that `sees` says; a token sees itself only where it sees nobody else. */
static double *shared_softmax(const struct rig *r, int (*sees)(const struct rig *, const void *, int, int),
                              const void *context) {
    double *out = calloc(N * D, sizeof *out);
    for (int i = 0; i < N; i++) {
        double w[N] = {0}, sum = 0;
        for (int j = 0; j < N; j++)
            if (i != j && sees(r, context, i, j))
                sum += w[j] = exp(dot(row(&r->inputs.q, i), row(&r->inputs.q, j), D) /
                                  sqrt(dot(row(&r->inputs.q, j), row(&r->inputs.q, j), D)));
        if (sum == 0) sum = w[i] = 1;
        for (int j = 0; j < N; j++)
            for (int d = 0; d < D; d++) out[i * D + d] += w[j] / sum * (double)row(&r->inputs.v, j)[d];
    }
    return out;
}

static int everybody(const struct rig *r, const void *context, int i, int j) {
    (void)context;
    return r->problem.mask == ATTN_MASK_NONE || j <= i;
}

static double error_of(struct rig *r, const double *want) {
    rig_run(r, 0x11);
    float *got = rig_output(r);
    double error = accuracy_distance(got, want, N, D).rel_fro;
    free(got);
    return error;
}

/* A chunk that holds everything and one bucket for all, or no question of buckets. The second coordinate of trax's
   epsilon: 1e-6 against the mean square of a query, which is 1. */
static void one_chunk_is_shared_softmax(void **state) {
    static const char *const forms[] = {"form=paper", "form=trax"};
    struct trial t = square;
    (void)state;
    for (int form = 0; form < 2; form++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
            struct rig r;
            t.mask = (enum attn_mask)mask;
            make(&r, "lsh", &t, "rounds=1", "buckets=2", "chunk=96", forms[form], NULL);
            if (form == 0) /* all on one side of the plane that the rotation cuts with */
                for (int i = 0; i < N; i++) {
                    struct buckets one = buckets_of(1, 2, 0);
                    const float *rotation = buckets_rotation(r.subject.state.data, &r.problem, &one, 0, 0, 0);
                    float *q = (float *)(uintptr_t)row(&r.inputs.q, i);
                    if (dot(q, rotation, D) < 0)
                        for (int d = 0; d < D; d++) q[d] = -q[d];
                }
            double *want = shared_softmax(&r, everybody, NULL);
            double error = error_of(&r, want);
            if (!(error < 5e-6)) fail_msg("%s, mask %d: %g", forms[form], mask, error);
            free(want);
            rig_free(&r);
        }
}

/* More rounds find more of the keys that weigh. */
static void rounds_come_nearer(void **state) {
    static const char *const rounds[] = {"rounds=1", "rounds=4", "rounds=16", "rounds=64"};
    double before = INFINITY;
    (void)state;
    for (int x = 0; x < 4; x++) {
        struct rig r;
        make(&r, "lsh", &square, rounds[x], "buckets=8", "chunk=24", NULL);
        double *want = shared_softmax(&r, everybody, NULL), error = error_of(&r, want);
        if (!(error < 0.8 * before)) fail_msg("%s: %g after %g", rounds[x], error, before);
        before = error;
        free(want);
        rig_free(&r);
    }
}

struct sets { /* P_i of every round, from buckets and places */
    int rounds, length, bucket[4][N], place[4][N];
};

static int in_the_union(const struct rig *r, const void *context, int i, int j) {
    const struct sets *x = context;
    if (!everybody(r, NULL, i, j)) return 0;
    for (int s = 0; s < x->rounds; s++) {
        int apart = x->place[s][i] / x->length - x->place[s][j] / x->length;
        if (x->bucket[s][i] == x->bucket[s][j] && (apart == 0 || apart == 1)) return 1;
    }
    return 0;
}

/* With N_ij in the mask, merging by z is softmax over the union of the rounds: each key once, however often it is met. */
static void merged_rounds_are_the_union(void **state) {
    struct trial t = square;
    struct buckets hash = buckets_of(4, 6, 0);
    (void)state;
    for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
        struct rig r;
        struct sets x = {.rounds = 4, .length = 11};
        t.mask = (enum attn_mask)mask;
        make(&r, "lsh", &t, "rounds=4", "buckets=6", "chunk=11", NULL);
        struct hasher h = {.problem = r.problem, .buckets = hash, .state = r.subject.state.data};
        for (int s = 0; s < 4; s++) {
            for (int i = 0; i < N; i++) x.bucket[s][i] = argmax(&h, s, 0, 3, row(&r.inputs.q, i));
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) /* tokens before i in the order of (bucket, position) */
                    x.place[s][i] +=
                        x.bucket[s][j] < x.bucket[s][i] || (x.bucket[s][j] == x.bucket[s][i] && j < i);
        }
        double *want = shared_softmax(&r, in_the_union, &x), error = error_of(&r, want);
        if (!(error < 2e-6)) fail_msg("mask %d: %g", mask, error);
        free(want);
        rig_free(&r);
    }
}

/* What the duplication task needs: of two equal tokens the later one finds the earlier, in one round, wherever they
   stand; and the earlier the later one, unless that has come into the next chunk. */
static void equal_tokens_meet(void **state) {
    static const char *const chunks[] = {"chunk=96", "chunk=16"};
    struct trial t = square;
    double weights[N], out[D];
    (void)state;
    for (int causal = 0; causal < 2; causal++) {
        struct rig r;
        t.mask = causal ? ATTN_MASK_CAUSAL : ATTN_MASK_NONE;
        make(&r, "lsh", &t, "rounds=1", "buckets=16", chunks[causal], NULL);
        memcpy((float *)r.q.data + N / 2 * D, r.q.data, N / 2 * D * sizeof(float));
        for (int i = causal ? N / 2 : 0; i < N; i++) {
            int pair = (i + N / 2) % N, heaviest = 0;
            r.subject.variant->reference(&r.subject.call, 0, 0, &i, 1, weights, NULL, out);
            for (int j = 0; j < N; j++)
                if (weights[j] > weights[heaviest]) heaviest = j;
            assert_int_equal(heaviest, pair);
        }
        rig_free(&r);
    }
}

/* A token that nobody shares a bucket with attends to itself. */
static void alone_with_itself(void **state) {
    struct trial t = square;
    struct rig r;
    (void)state;
    t.mask = ATTN_MASK_CAUSAL;
    make(&r, "lsh", &t, "rounds=3", NULL);
    rig_run(&r, 0x11);
    for (int d = 0; d < D;
         d++) /* the first row has no other token before it; three times a third of it is rounded */
        assert_float_equal((double)((float *)r.o.data)[d], (double)((float *)r.v.data)[d], 1e-6);
    rig_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_equally_frequent),
        cmocka_unit_test(directions_are_hashed),
        cmocka_unit_test(near_ties),
        cmocka_unit_test(factors_make_one_bucket),
        cmocka_unit_test(sorting_is_stable),
        cmocka_unit_test(one_chunk_is_shared_softmax),
        cmocka_unit_test(rounds_come_nearer),
        cmocka_unit_test(merged_rounds_are_the_union),
        cmocka_unit_test(equal_tokens_meet),
        cmocka_unit_test(alone_with_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
