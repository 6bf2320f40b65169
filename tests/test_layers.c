/* test_layers.c -- convolution and recurrent layer: weights for which the answer is known. */
#include "bench.h"

enum { N = 250, D = 20, HEADS = 2 };
static const struct trial plain = {.batch = 1, .heads = HEADS, .nq = N, .nk = N, .dk = D, .threads = 2};

static float *run(struct rig *r) {
    rig_run(r, 0x11);
    return rig_output(r);
}

static float value(const struct rig *r, int h, int j, int d) { return attn_row(&r->inputs.v, 0, h, j)[d]; }

/* ---- conv --------------------------------------------------------------------------------------- */

/* One W_r is the identity and the others nothing: the values, moved on by r, or by r less than one ahead. Queries that
   are fewer than keys end where these end. */
static void conv_of_the_identity_is_a_shift(void **state) {
    enum { WIDTH = 3, CROSS = 17 };
    static float w[WIDTH * D * D];
    (void)state;
    for (int r = 0; r < WIDTH; r++)
        for (int x = 0; x < 4; x++) {
            struct trial t = plain;
            struct rig rig;
            t.mask = x % 2 ? ATTN_MASK_CAUSAL : ATTN_MASK_NONE;
            if (x / 2) t.nq = CROSS;
            make(&rig, "conv", &t, "width=3", NULL);
            memset(w, 0, sizeof w);
            for (int d = 0; d < D; d++) w[(r * D + d) * D + d] = 1;
            rig.subject.tensors[0] = (struct attn_view){w, 0, 0, D * D};
            float *got = run(&rig);
            for (int h = 0; h < HEADS; h++)
                for (int i = 0; i < t.nq; i++) {
                    int j = i + N - t.nq - r + (t.mask ? 0 : 1);
                    for (int d = 0; d < D; d++)
                        assert_true(got[(h * t.nq + i) * D + d] ==
                                    (j >= 0 && j < N ? value(&rig, h, j, d) : 0));
                }
            free(got);
            rig_free(&rig);
        }
}

/* Each head has weights of its own, and a sum runs over inputs and taps: W_r full of r + 1 gives sums of values. */
static void conv_sums_inputs_and_taps(void **state) {
    enum { WIDTH = 4 };
    static float w[HEADS * WIDTH * D * D];
    struct trial t = plain;
    struct rig rig;
    (void)state;
    t.mask = ATTN_MASK_CAUSAL;
    make(&rig, "conv", &t, "width=4", NULL);
    for (int e = 0; e < HEADS * WIDTH * D * D; e++)
        w[e] = (float)(e / (D * D) % WIDTH + 1) * (e / (WIDTH * D * D) ? -1 : 1);
    rig.subject.tensors[0] = (struct attn_view){w, 0, WIDTH * D * D, D * D};
    float *got = run(&rig);
    double *want = calloc(HEADS * N * D, sizeof *want);
    for (int e = 0; e < HEADS * N * D; e++)
        for (int r = 0; r < WIDTH && r <= e / D % N; r++)
            for (int d = 0; d < D; d++)
                want[e] += (r + 1) * (e / D / N ? -1 : 1) * (double)value(&rig, e / D / N, e / D % N - r, d);
    assert_true(accuracy_distance(got, want, HEADS * N, D).rel_fro < 1e-6);
    free(got), free(want);
    rig_free(&rig);
}

/* ---- rnn ---------------------------------------------------------------------------------------- */

enum { W, U, BIAS, STATE, TENSORS };
static const float zeros[D * D];

static void make_rnn(struct rig *r) {
    struct trial t = plain;
    t.mask = ATTN_MASK_CAUSAL;
    make(r, "rnn", &t, NULL);
}

/* Without U there is no past: tanh(x W + bias), row by row. */
static void rnn_without_a_past(void **state) {
    struct rig r;
    (void)state;
    make_rnn(&r);
    r.subject.tensors[U] = (struct attn_view){zeros, 0, 0, D};
    float *got = run(&r);
    double *want = malloc(HEADS * N * D * sizeof *want);
    for (int e = 0; e < HEADS * N * D; e++) {
        int h = e / D / N, i = e / D % N;
        double sum = (double)attn_row(&r.subject.tensors[BIAS], 0, h, 0)[e % D];
        for (int d = 0; d < D; d++)
            sum += (double)value(&r, h, i, d) * (double)attn_row(&r.subject.tensors[W], 0, h, d)[e % D];
        want[e] = tanh(sum);
    }
    assert_true(accuracy_distance(got, want, HEADS * N, D).rel_fro < 1e-6);
    free(got), free(want);
    rig_free(&r);
}

/* Small states and no input: tanh is the identity, and a multiple of the identity for U makes a power of it. */
static void rnn_of_small_states_decays(void **state) {
    static float u[D * D], start[D];
    struct rig r;
    const double factor = 0.96875; /* a float */
    (void)state;
    make_rnn(&r);
    for (int d = 0; d < D; d++) {
        u[d * D + d] = (float)factor;
        start[d] = 1e-4f * (float)(d - 7);
    }
    r.subject.tensors[W] = r.subject.tensors[BIAS] = (struct attn_view){zeros, 0, 0, D};
    r.subject.tensors[U] = (struct attn_view){u, 0, 0, D};
    r.subject.tensors[STATE] = (struct attn_view){start, 0, 0, D};
    float *got = run(&r);
    for (int i = 0; i < N; i++)
        for (int d = 0; d < D;
             d++) /* tanh(x) / x is 1 - x^2 / 3, less than 1e-6 off, for the first states; N roundings */
            assert_float_equal((double)got[i * D + d], (double)start[d] * pow(factor, i + 1),
                               1.2e-3 * pow(factor, i) * (1e-5 + N * 0x1p-23));
    free(got);
    rig_free(&r);
}

/* Rows from .. to - 1 of the same arrays. */
static void run_part(struct rig *r, const struct attn_call *whole, struct attn_problem *part, int from,
                     int to) {
    *part = *whole->problem;
    part->nq = part->nk = to - from;
    r->subject.call.problem = part;
    r->subject.call.v.data = whole->v.data + from * whole->v.row;
    r->subject.call.o.data = whole->o.data + from * whole->o.row;
    r->subject.variant->forward(&r->subject.call);
}

/* Wherever a sequence is cut, the second call goes on with the bits of one. */
static void rnn_in_two_calls(void **state) {
    static const int cuts[] = {1, 95, 96, 97, N - 1};
    float carried[HEADS * D];
    struct attn_output to[TENSORS] = {[STATE] = {carried, 0, D, D}};
    struct rig r;
    (void)state;
    make_rnn(&r);
    float *want = run(&r);
    struct attn_call whole = r.subject.call;
    for (size_t x = 0; x < sizeof cuts / sizeof *cuts; x++) {
        struct attn_problem part;
        memset(r.o.data, 0x11, r.o.bytes);
        r.subject.tensors[STATE] = (struct attn_view){0};
        r.subject.call.carried = to;
        run_part(&r, &whole, &part, 0, cuts[x]);
        r.subject.tensors[STATE] = (struct attn_view){carried, 0, D, D};
        r.subject.call.carried = NULL;
        run_part(&r, &whole, &part, cuts[x], N);
        float *got = rig_output(&r);
        assert_memory_equal(got, want, HEADS * N * D * sizeof *got);
        free(got);
    }
    free(want);
    rig_free(&r);
}

/* As they are drawn, W and U keep states between nothing and 1, and let the past fade but not at once. */
static void rnn_is_alive(void **state) {
    static float start[D];
    struct rig r;
    double square = 0, apart[2] = {0};
    (void)state;
    make_rnn(&r);
    float *got = run(&r);
    for (int d = 0; d < D; d++) start[d] = d % 2 ? 0.5f : -0.5f;
    r.subject.tensors[STATE] = (struct attn_view){start, 0, 0, D};
    float *other = run(&r);
    for (int e = 0; e < HEADS * N * D; e++) {
        int i = e / D % N;
        square += (double)got[e] * (double)got[e] / HEADS / N / D;
        if (i == 1 || i == N - 1) apart[i > 1] += fabs((double)got[e] - (double)other[e]) / HEADS / D;
    }
    assert_true(square > 0.1 && square < 0.8);
    assert_true(apart[0] > 0.01 && apart[1] < 1e-4);
    free(got), free(other);
    rig_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_of_the_identity_is_a_shift),
        cmocka_unit_test(conv_sums_inputs_and_taps),
        cmocka_unit_test(rnn_without_a_past),
        cmocka_unit_test(rnn_of_small_states_decays),
        cmocka_unit_test(rnn_in_two_calls),
        cmocka_unit_test(rnn_is_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
