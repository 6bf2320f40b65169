/* test_hyena.c -- long convolutions: filters of known form, transforms against sums, and what transforms may not do. */
#include "bench.h"
#include "convolution.h"
#include "fourier.h"
#include "watch.h"

/* Lines of hyena's table of tensors. */
enum { BIAS = 6, W_IN, B_IN, W_INNER, B_INNER, SINES, W_OUT, W_OUT_FIRST };
enum { N = 157, HEADS = 3, D = 20, ALL = HEADS * D };

static const struct trial plain = {
    .batch = 2, .heads = HEADS, .nq = N, .nk = N, .dk = D, .mask = ATTN_MASK_CAUSAL, .threads = 2};

static float *filled(size_t n, float value) {
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = value;
    return x;
}

/* One hidden unit that is sin(pi / 2) = 1 at every position: the filter of channel c is w_out[c] exp(-t' |delta_c|). */
struct known {
    float zero[3], quarter_turn, *w_out, *first, *bias;
};

static struct known known_filters(float first, float bias) {
    struct known x = {{0}, 1.5707963f, filled(ALL, 1), filled(ALL, first), filled(ALL, bias)};
    for (int c = 0; c < ALL; c++) x.w_out[c] = 0.25f + 0.5f * (float)(c % 7);
    return x;
}

static void put(struct rig *r, struct known *x) {
    r->subject.tensors[W_IN] = (struct attn_view){x->zero, 0, 0, 3};
    r->subject.tensors[B_IN] = (struct attn_view){&x->quarter_turn, 0, 0, 1};
    r->subject.tensors[W_OUT] = (struct attn_view){x->w_out, 0, D, 1};
    r->subject.tensors[W_OUT_FIRST] = (struct attn_view){x->first, 0, D, 1};
    r->subject.tensors[BIAS] = (struct attn_view){x->bias, 0, D, 1};
}

static void free_known(struct known *x) { free(x->w_out), free(x->first), free(x->bias); }

static double in(const struct attn_view *x, int b, int h, int t, int d) {
    return (double)attn_row(x, b, h, t)[d];
}

/* The output against `want`, in the layout of rig_output(). Transforms in float err by 2^-24 a level, 9 levels here, of
   the largest parts of a convolution. */
static void expect_output(struct rig *r, const double *want) {
    rig_run(r, 0x11);
    float *o = rig_output(r);
    double far = accuracy_distance(o, want, rig_elements(r) / D, D).rel_fro;
    if (far > 1e-6) fail_msg("the output is off by %.3g", far);
    free(o);
}

/* want = f of each position, for every item and channel. */
#define FOR_ALL(b, h, t, d)               \
    for (int b = 0; b < plain.batch; b++) \
        for (int h = 0; h < HEADS; h++)   \
            for (int t = 0; t < N; t++)   \
                for (int d = 0; d < D; d++)

static size_t at(int b, int h, int t, int d) {
    return (((size_t)b * HEADS + (size_t)h) * N + (size_t)t) * D + (size_t)d;
}

/* ---- filters of known form ----------------------------------------------------------------------- */

/* No filter and a bias, or in the paper's form filters that are gone after one position: gates alone. */
static void without_a_filter_gates_are_left(void **state) {
    double *want = malloc((size_t)plain.batch * ALL * N * sizeof *want);
    (void)state;
    for (int paper = 0; paper < 2; paper++) {
        struct rig r;
        make(&r, "hyena", &plain, paper ? "form=paper" : "form=code", "short_conv=off", "width=1", "inner=0",
             "fast=0.001", "slow=0.001", NULL);
        struct known x = known_filters(3, 3);
        for (int c = 0; c < ALL && !paper; c++) x.w_out[c] = 0;
        put(&r, &x);
        FOR_ALL(b, h, t, d) {
            double gates =
                in(&r.inputs.q, b, h, t, d) * in(&r.inputs.k, b, h, t, d) * in(&r.inputs.v, b, h, t, d);
            want[at(b, h, t, d)] = 3 * gates * (paper ? (double)x.w_out[h * D + d] : 1);
        }
        expect_output(&r, want);
        free_known(&x);
        rig_free(&r);
    }
    free(want);
}

/* |delta| of channel c: even steps from ln(100) / slow to ln(100) / fast over the channels of all heads. */
static double rate(int c) { return log(100) * (1 / 1.5 + (1 / 0.3 - 1 / 1.5) * c / (ALL - 1)); }

/* A filter exp(-t' |delta|) is the recurrence y_t = exp(-|delta| / (lmax - 1)) y_(t-1) + u_t. */
static void decays_are_recurrences(void **state) {
    struct rig r;
    double *want = malloc((size_t)plain.batch * ALL * N * sizeof *want);
    (void)state;
    assert_true(fabs(rate(0) - 3.0701) < 1e-4 && fabs(rate(ALL - 1) - 15.3506) < 1e-4); /* the paper's code */
    make(&r, "hyena", &plain, "short_conv=off", "width=1", "inner=0", "lmax=200", NULL);
    struct known x = known_filters(0, 0.5f);
    put(&r, &x);
    FOR_ALL(b, h, t, d) {
        int c = h * D + d;
        double sum = 0;
        for (int s = 0; s <= t; s++)
            sum = exp(-rate(c) / 199) * sum + in(&r.inputs.k, b, h, s, d) * in(&r.inputs.v, b, h, s, d);
        double passing = 0.5 * in(&r.inputs.k, b, h, t, d) * in(&r.inputs.v, b, h, t, d);
        want[at(b, h, t, d)] = in(&r.inputs.q, b, h, t, d) * ((double)x.w_out[c] * sum + passing);
    }
    expect_output(&r, want);
    free_known(&x), free(want);
    rig_free(&r);
}

/* The paper's form with two such filters, and what the short convolution does ahead of them: three taps, the last on the
   position itself. */
static void the_paper_has_two(void **state) {
    struct rig r;
    double *want = malloc((size_t)plain.batch * ALL * N * sizeof *want);
    float *taps = filled(ALL * 3, 0), *none = filled(ALL, 0);
    (void)state;
    make(&r, "hyena", &plain, "form=paper", "width=1", "inner=0", NULL);
    struct known x = known_filters(0.75f, 0);
    put(&r, &x);
    for (int c = 0; c < ALL; c++) taps[c * 3 + 1] = 1, taps[c * 3 + 2] = 0.5f; /* x(t - 1) + x(t) / 2 */
    for (int i = 0; i < 3; i++) {
        r.subject.tensors[i] = (struct attn_view){taps, 0, D * 3, 3};
        r.subject.tensors[3 + i] = (struct attn_view){none, 0, D, 1};
    }
    for (int b = 0; b < plain.batch; b++)
        for (int h = 0; h < HEADS; h++)
            for (int d = 0; d < D; d++) {
                double first = 0, second = 0, left = exp(-rate(h * D + d) / (N - 1));
                for (int t = 0; t < N; t++) {
                    double now[3];
                    const struct attn_view *inputs[] = {&r.inputs.q, &r.inputs.k, &r.inputs.v};
                    for (int i = 0; i < 3; i++)
                        now[i] = in(inputs[i], b, h, t, d) / 2 + (t ? in(inputs[i], b, h, t - 1, d) : 0);
                    first = left * first + now[2];
                    second = left * second + now[1] * 0.75 * first;
                    want[at(b, h, t, d)] = now[0] * (double)x.w_out[h * D + d] * second;
                }
            }
    expect_output(&r, want);
    free_known(&x), free(want), free(taps), free(none);
    rig_free(&r);
}

/* ---- what convolutions keep ----------------------------------------------------------------------- */

/* q becomes 1, and what k holds moves back by `shift` positions with its values, behind zeros. */
static void shift_inputs(struct rig *r, const struct attn_view *from, const struct attn_view *values,
                         int shift) {
    for (int b = 0; b < plain.batch; b++)
        for (int h = 0; h < HEADS; h++)
            for (int t = 0; t < N; t++)
                for (int d = 0; d < D; d++) {
                    rig_row(&r->inputs.q, b, h, t)[d] = 1;
                    rig_row(&r->inputs.k, b, h, t)[d] = t < shift ? 0 : attn_row(from, b, h, t - shift)[d];
                    rig_row(&r->inputs.v, b, h, t)[d] = t < shift ? 0 : attn_row(values, b, h, t - shift)[d];
                }
}

/* A shifted input has a shifted output, whatever the filters. */
static void shifts_commute(void **state) {
    enum { SHIFT = 41 };
    struct rig here, there;
    double *want = malloc((size_t)plain.batch * ALL * N * sizeof *want);
    (void)state;
    make(&here, "hyena", &plain, "short_conv=off", NULL);
    make(&there, "hyena", &plain, "short_conv=off", NULL);
    shift_inputs(&there, &here.inputs.k, &here.inputs.v, SHIFT);
    for (int b = 0; b < plain.batch; b++)
        for (int h = 0; h < HEADS; h++)
            for (int t = 0; t < N; t++)
                for (int d = 0; d < D; d++) rig_row(&here.inputs.q, b, h, t)[d] = 1;
    rig_run(&here, 0x11);
    float *o = rig_output(&here);
    FOR_ALL(b, h, t, d) want[at(b, h, t, d)] = t < SHIFT ? 0 : (double)o[at(b, h, t - SHIFT, d)];
    expect_output(&there, want);
    free(o), free(want);
    rig_free(&here), rig_free(&there);
}

/* Over the same lmax a shorter sequence sees the beginning of the same filters. */
static void a_prefix_is_a_prefix(void **state) {
    enum { SHORT = 70 };
    struct trial t = plain;
    struct rig all, some;
    (void)state;
    make(&all, "hyena", &t, "lmax=500", NULL);
    t.nq = t.nk = SHORT;
    make(&some, "hyena", &t, "lmax=500", NULL);
    rig_run(&all, 0x11), rig_run(&some, 0x11);
    float *a = rig_output(&all), *b = rig_output(&some);
    double *want = malloc(rig_elements(&some) * sizeof *want);
    for (int head = 0; head < 2 * HEADS; head++)
        for (int i = 0; i < SHORT * D; i++) want[head * SHORT * D + i] = (double)a[head * N * D + i];
    assert_true(accuracy_distance(b, want, 2 * HEADS * SHORT, D).rel_fro < 1e-6); /* as in expect_output() */
    free(a), free(b), free(want);
    rig_free(&all), rig_free(&some);
}

/* ---- transforms ----------------------------------------------------------------------------------- */

/* Sizes hold what is asked for and waste little: a quarter at most from 64 on. */
static void sizes_are_near(void **state) {
    (void)state;
    for (int n = 1; n < 100000; n += 1 + n / 50) {
        int size = fourier_size(n);
        assert_true(size >= n && size % 2 == 0);
        assert_true(n < 64 || size <= n * 5 / 4 + 1);
    }
}

static float *lines(size_t n) { return aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64); }

/* Forward calls may not allocate, and FFTW would do so for many sizes in place: none of those in use, up to half a
   million. And back is the way back: 2^-24 a level and way, up to 20 levels. */
static void transforms_allocate_nothing(void **state) {
    size_t bytes = 0;
    (void)state;
    for (int size = 16; size <= 1 << 19; size = fourier_size(size + 1)) {
        struct fourier f;
        float *x = lines((size_t)size), *spectrum = lines(fourier_spectrum(size));
        double *want = malloc((size_t)size * sizeof *want);
        assert_int_equal(fourier_create(&f, size), 0);
        attn_random_normal(1, 1, 0, (size_t)size, x);
        for (int i = 0; i < size; i++) want[i] = (double)x[i] * size;
        watch_start();
        fourier_ahead(&f, x, spectrum);
        fourier_back(&f, spectrum, x);
        bytes += watch_stop();
        assert_true(accuracy_distance(x, want, 1, (size_t)size).rel_fro < 40 * ldexp(1, -24));
        fourier_destroy(&f);
        free(x), free(spectrum), free(want);
    }
    if (!watch_works()) skip();
    assert_int_equal(bytes, 0);
}

/* The definition's own transforms, in double, against its sums: 2^-53 a level. */
static void definitions_agree(void **state) {
    enum { LONG = 2 * CONVOLUTION_DIRECT + 3, CHANNELS = 3, ROW = LONG * CHANNELS };
    double *h = malloc(ROW * sizeof *h), *u = malloc(ROW * sizeof *u), *y = malloc(ROW * sizeof *y);
    (void)state;
    for (int i = 0; i < ROW; i++) h[i] = sin(i * (1 + i / 7.0)), u[i] = cos(i * (2 + i / 5.0));
    convolution_rows(LONG, CHANNELS, h, u, y);
    for (int t = 0; t < LONG; t += 41) {
        double want[CHANNELS];
        convolution_row(t, CHANNELS, h, u, want);
        for (int c = 0; c < CHANNELS; c++) assert_true(fabs(y[t * CHANNELS + c] - want[c]) < 1e-11);
    }
    free(h), free(u), free(y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_filter_gates_are_left),
        cmocka_unit_test(decays_are_recurrences),
        cmocka_unit_test(the_paper_has_two),
        cmocka_unit_test(shifts_commute),
        cmocka_unit_test(a_prefix_is_a_prefix),
        cmocka_unit_test(sizes_are_near),
        cmocka_unit_test(transforms_allocate_nothing),
        cmocka_unit_test(definitions_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
