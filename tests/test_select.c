/* test_select.c -- choosing keys by their scores: topk against known orders, memory against softmax over both. */
#include "bench.h"
#include "row_metrics.h"

static void expect_near(struct rig *r, const double *want, double bound) {
    float *got = rig_output(r);
    size_t dv = (size_t)r->trial.dv;
    double error = accuracy_distance(got, want, rig_elements(r) / dv, dv).rel_fro;
    if (!(error <= bound)) fail_msg("%s is off by %.3g, bound %.3g", r->subject.variant->name, error, bound);
    free(got);
}

/* Value j has a 1 at j alone, so that the output of a row is its weights. */
static void show_weights(struct rig *r) {
    for (int x = 0; x < r->trial.kv_heads * r->trial.batch; x++)
        for (int j = 0; j < r->trial.nk; j++)
            for (int d = 0; d < r->trial.dv; d++)
                ((float *)r->v
                     .data)[((size_t)x * (size_t)r->trial.nk + (size_t)j) * (size_t)r->trial.dv + (size_t)d] =
                    j == d;
}

/* ---- topk ---------------------------------------------------------------------------------------- */

static void all_keys_are_full_attention(void **state) {
    struct trial t = {.batch = 2, .heads = 2, .nq = 96, .nk = 96, .dk = 8, .threads = 2};
    struct rig r;
    (void)state;
    for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
        t.mask = (enum attn_mask)mask;
        make(&r, "topk", &t, "k=96", NULL);
        expect_full(
            &r, &t, 1,
            2e-6); /* two exact kinds, each within its bound of 2e-6 of the same, as a rule far less */
        rig_free(&r);
    }
}

/* The output is what the heaviest keys of softmax make; no set of as many keys captures more. */
static void the_oracle_of_as_many_keys(void **state) {
    const struct trial t = {.batch = 1, .heads = 2, .nq = 40, .nk = 150, .dk = 16, .threads = 2};
    struct rig r;
    double *weights = malloc(150 * sizeof *weights), *want = malloc(2 * 40 * 16 * sizeof *want), out[16];
    (void)state;
    make(&r, "topk", &t, "k=9", NULL);
    rig_run(&r, 0x11);
    for (int h = 0; h < 2; h++)
        for (int i = 0; i < 40; i++) {
            attn_softmax_rows(&r.subject.call, 0, h, &i, 1, weights, out, NULL, NULL);
            row_oracle(weights, 150, 9, &r.subject.call, 0, h, want + (h * 40 + i) * 16);
        }
    expect_near(&r, want, 1e-6);
    free(weights), free(want);
    rig_free(&r);
}

static void expect_weights(struct rig *r, int i, const int *key, int n) {
    const float *o = attn_out_row(&r->inputs.o, 0, 0, i);
    int next = 0;
    for (int j = 0; j < r->trial.nk; j++) {
        int want = next < n && key[next] == j;
        next += want;
        if ((o[j] > 0) != want) fail_msg("row %d gives key %d the weight %g", i, j, (double)o[j]);
    }
}

/* Equal keys: the first ones. With ties in pairs and k odd, the lower one of the last pair. */
static void the_lower_index_wins(void **state) {
    enum { N = 700, K = 5 };
    const struct trial t = {.batch = 1, .heads = 1, .nq = 12, .nk = N, .dk = 4, .dv = N, .threads = 1};
    struct rig r;
    (void)state;
    make(&r, "topk", &t, "k=5", NULL);
    show_weights(&r);
    for (int j = 0; j < N; j++) memcpy(r.k.data + (size_t)j * 16, r.k.data, 16);
    rig_run(&r, 0x11);
    for (int i = 0; i < 12; i++) expect_weights(&r, i, (const int[]){0, 1, 2, 3, 4}, K);
    for (int i = 0; i < 12; i++) memcpy(r.q.data + (size_t)i * 16, (float[]){1, 0, 0, 0}, 16);
    for (int j = 0; j < N; j++) ((float *)r.k.data)[j * 4] = (float)((j * 37 % N) / 2); /* each value twice */
    int key[K];
    for (int pair = 0, n = 0; pair < 3; pair++)
        for (int j = 0; j < N; j++)
            if (((float *)r.k.data)[j * 4] == (float)(N / 2 - 1 - pair) && n < K) key[n++] = j;
    for (int a = 0; a < K; a++)
        for (int b = a + 1; b < K; b++)
            if (key[b] < key[a]) {
                int x = key[a];
                key[a] = key[b], key[b] = x;
            }
    rig_run(&r, 0x11);
    for (int i = 0; i < 12; i++) {
        /* weights of the lower values, e^-1/2 and e^-1 at scale 1/2, are far from 0 */
        expect_weights(&r, i, key, K);
    }
    rig_free(&r);
}

/* Logits 1 + a_j / 2^31 are one float and different doubles: the largest a_j are chosen, on every instruction set. */
static void what_floats_cannot_tell(void **state) {
    enum { N = 300, K = 7 };
    struct trial t = {.batch = 1, .heads = 1, .nq = 10, .nk = N, .dk = 2, .dv = N, .threads = 1};
    (void)state;
    for (t.isa = 1; t.isa < attn_isa_count(); t.isa++) {
        struct rig r;
        int key[K], n = 0;
        if (!attn_isa_usable(t.isa)) continue;
        make(&r, "topk", &t, "k=7", NULL);
        show_weights(&r);
        for (int i = 0; i < 10; i++) memcpy(r.q.data + (size_t)i * 8, (float[]){1, 0x1p-31f}, 8);
        for (int j = 0; j < N; j++) memcpy(r.k.data + (size_t)j * 8, (float[]){1, (float)(j * 77 % N)}, 8);
        for (int j = 0; j < N; j++)
            if (j * 77 % N >= N - K) key[n++] = j;
        rig_run(&r, 0x11);
        for (int i = 0; i < 10; i++) expect_weights(&r, i, key, K);
        rig_free(&r);
    }
}

/* Many tiles, few and most keys chosen; logits that rise, so that every key is a candidate, fall, and in no order. */
static void over_many_keys(void **state) {
    static const char *const choices[] = {"k=1", "k=33", "k=700", "k=2999"};
    const struct trial t = {.batch = 1, .heads = 1, .nq = 30, .nk = 3000, .dk = 8, .threads = 2};
    (void)state;
    for (int order = -1; order <= 1; order++)
        for (int x = 0; x < 4; x++) {
            struct rig r;
            make(&r, "topk", &t, choices[x], NULL);
            for (int i = 0; i < 30; i++) ((float *)r.q.data)[i * 8] = 2;
            for (int j = 0; order && j < 3000; j++)
                ((float *)r.k.data)[j * 8] = (float)order * (float)j * 4e-3f;
            rig_run(&r, 0x11);
            double *want = rig_definition(&r, 0, 1, NULL, NULL);
            expect_near(&r, want, 5e-6); /* logits up to 9 keep 1e-6; a wrong key would cost 1e-3 */
            free(want);
            rig_free(&r);
        }
}

/* ---- memory -------------------------------------------------------------------------------------- */

enum { CONTEXT = 40, STORED = 24, D = 8 };

/* x / |x|, times the factor. */
static void lengthen(const float *x, float *y, int n, double factor) {
    for (int j = 0; j < n; j++) {
        double square = 0;
        for (int d = 0; d < D; d++) square += (double)x[j * D + d] * (double)x[j * D + d];
        for (int d = 0; d < D; d++) y[j * D + d] = (float)(factor * (double)x[j * D + d] / sqrt(square));
    }
}

/* Softmax over `stored` keys of the memory and then `context` of the context, by `full`: what memory is to be. */
static void expect_both(struct rig *r, int stored, int context) {
    const struct trial t = {.batch = 1,
                            .heads = 1,
                            .nq = CONTEXT,
                            .nk = stored + context,
                            .dk = D,
                            .mask = context ? ATTN_MASK_CAUSAL : ATTN_MASK_NONE,
                            .threads = 1};
    struct rig full;
    make(&full, "full", &t, NULL);
    float *k = (float *)full.k.data, *v = (float *)full.v.data;
    lengthen((float *)r->q.data, (float *)full.q.data, CONTEXT, 20 * sqrt(D)); /* full divides by sqrt(D) */
    lengthen(r->subject.tensors[0].data, k, stored, 1);
    lengthen((float *)r->k.data, k + stored * D, context, 1);
    memcpy(v, r->subject.tensors[1].data, (size_t)(stored * D) * sizeof *v);
    memcpy(v + stored * D, r->v.data, (size_t)(context * D) * sizeof *v);
    rig_run(r, 0x11);
    rig_run(&full, 0x11);
    float *by_full = rig_output(&full);
    double want[CONTEXT * D];
    for (int e = 0; e < CONTEXT * D; e++) want[e] = (double)by_full[e];
    expect_near(r, want, 5e-6); /* logits up to 20, of which float keeps 1e-6 on each side */
    free(by_full);
    rig_free(&full);
}

static const struct trial causal = {
    .batch = 1, .heads = 1, .nq = CONTEXT, .nk = CONTEXT, .dk = D, .mask = ATTN_MASK_CAUSAL, .threads = 2};

static void a_gate_shuts_either_side(void **state) {
    static const struct {
        const char *gates;
        float gate;
        int stored, context;
    } cases[] = {{"gates=final", 0, 0, CONTEXT},
                 {"gates=final", 1, STORED, 0},
                 {"gates=raw", -100, 0, CONTEXT},
                 {"gates=raw", 100, STORED, 0}};
    (void)state;
    for (int x = 0; x < 4; x++) {
        struct rig r;
        make(&r, "memory", &causal, "memory=24", "k=24", cases[x].gates, NULL);
        r.subject.tensors[2] = (struct attn_view){&cases[x].gate, 0, 0, 1};
        expect_both(&r, cases[x].stored, cases[x].context);
        rig_free(&r);
    }
}

static void joint_is_softmax_over_both(void **state) {
    struct rig r;
    (void)state;
    make(&r, "memory", &causal, "memory=24", "k=24", "combine=joint", NULL);
    expect_both(&r, STORED, CONTEXT);
    rig_free(&r);
}

/* With k = 1 and a gate that lets the memory alone through, a query takes the value of its nearest key. */
static void the_nearest_of_the_memory(void **state) {
    const float open = 1;
    struct rig r;
    (void)state;
    make(&r, "memory", &causal, "memory=24", "k=1", "gates=final", NULL);
    r.subject.tensors[2] = (struct attn_view){&open, 0, 0, 1};
    const float *k = r.subject.tensors[0].data, *v = r.subject.tensors[1].data;
    for (int i = 0; i < CONTEXT; i++) /* long or short, it is the direction that counts */
        for (int d = 0; d < D; d++)
            ((float *)r.q.data)[i * D + d] = (i % 2 ? 1e-3f : 50) * k[i % STORED * D + d];
    rig_run(&r, 0x11);
    for (int i = 0; i < CONTEXT; i++)
        for (int d = 0; d < D; d++)
            assert_float_equal((double)((float *)r.o.data)[i * D + d], (double)v[i % STORED * D + d], 1e-6);
    rig_free(&r);
}

/* The tensor is the log of a factor: ln 2 does what twice the sharpness does. */
static void sharpness_by_head(void **state) {
    const float sharpen = logf(2);
    struct rig r, twice;
    (void)state;
    make(&r, "memory", &causal, "memory=24", "k=5", NULL);
    make(&twice, "memory", &causal, "memory=24", "k=5", "sharpness=40", NULL);
    r.subject.tensors[3] = (struct attn_view){&sharpen, 0, 0, 1};
    rig_run(&r, 0x11);
    rig_run(&twice, 0x11);
    float *other = rig_output(&twice);
    double want[CONTEXT * D];
    for (int e = 0; e < CONTEXT * D; e++) want[e] = (double)other[e];
    expect_near(&r, want, 1e-5); /* logits up to 40, rounded twice */
    free(other);
    rig_free(&r), rig_free(&twice);
}

/* Cosines of the stored keys that are not chosen, and nothing else. */
static void scores_without_a_weight(void **state) {
    struct attn_cost some = {.struct_size = sizeof some}, all = some;
    struct rig r;
    (void)state;
    make(&r, "memory", &causal, "memory=24", "k=5", NULL);
    r.subject.variant->cost(&r.problem, r.subject.params, NULL, &some);
    rig_free(&r);
    make(&r, "memory", &causal, "memory=24", "k=24", NULL);
    r.subject.variant->cost(&r.problem, r.subject.params, NULL, &all);
    double rows = (double)r.problem.batch * r.problem.heads * r.problem.nq;
    rig_free(&r);
    assert_float_equal(some.search, rows * (24 - 5) * 2 * D, 0);
    assert_float_equal(all.search, 0, 0);
    assert_float_equal(all.flops - (some.flops - some.search), rows * (24 - 5) * 2 * (D + D), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_keys_are_full_attention),
        cmocka_unit_test(the_oracle_of_as_many_keys),
        cmocka_unit_test(the_lower_index_wins),
        cmocka_unit_test(what_floats_cannot_tell),
        cmocka_unit_test(over_many_keys),
        cmocka_unit_test(a_gate_shuts_either_side),
        cmocka_unit_test(joint_is_softmax_over_both),
        cmocka_unit_test(the_nearest_of_the_memory),
        cmocka_unit_test(sharpness_by_head),
        cmocka_unit_test(scores_without_a_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
