/* test_delta.c -- the delta rule: what it remembers, what it replaces, and every form of it against the recurrence. */
#include "bench.h"

enum { BETA, GATE, STATE }; /* lines of deltanet's table of tensors */

/* ---- rigs whose keys, gates and betas are ours -------------------------------------------------- */

/* Puts `data` [heads][n][width], for all items, in place of a tensor. */
static void put_tensor(struct rig *r, int line, const float *data, int n, int width) {
    r->subject.tensors[line] = (struct attn_view){data, 0, (ptrdiff_t)n * width, width};
}

static float *filled(size_t n, float value) {
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = value;
    return x;
}

static float *row_of(const struct attn_view *x, int j) { return rig_row(x, 0, 0, j); }

/* Key j, and query j, become unit vectors. */
static void set_units(struct rig *r, int key_of(int), int query_of(int)) {
    for (int j = 0; j < r->trial.nk; j++)
        for (int d = 0; d < r->trial.dk; d++) {
            row_of(&r->inputs.k, j)[d] = d == key_of(j);
            row_of(&r->inputs.q, j)[d] = d == query_of(j);
        }
}

static const struct trial one_head = {.batch = 1,
                                      .heads = 1,
                                      .nq = 160,
                                      .nk = 160,
                                      .dk = 16,
                                      .dv = 24,
                                      .scale = 4, /* times 1 / sqrt(dk): 1 */
                                      .mask = ATTN_MASK_CAUSAL,
                                      .threads = 1};
static const char *const forms[] = {"form=chunked", "form=recurrent"};

/* ---- memory ------------------------------------------------------------------------------------- */

static int in_turn(int j) { return j % 16; }
static int asked(int j) { return (j * 7 + 3) % 16; }

/* Orthonormal keys and beta = 1: asked for a key, the state returns the last value that was written to it. A chunk writes
   a key four times, each time the difference to what is there; their sum takes eight roundings of 2^-24 each, of numbers
   up to twice the largest value. */
static void a_key_returns_its_last_value(void **state) {
    (void)state;
    for (int f = 0; f < 2; f++) {
        struct rig r;
        make(&r, "deltanet", &one_head, forms[f], "beta=given", "normalise=off", NULL);
        float *beta = filled(160, 1);
        put_tensor(&r, BETA, beta, 160, 1);
        set_units(&r, in_turn, asked);
        rig_run(&r, 0x11);
        float *o = rig_output(&r);
        double largest = 0;
        for (int j = 0; j < 160; j++)
            for (int x = 0; x < 24; x++) largest = fmax(largest, fabs((double)row_of(&r.inputs.v, j)[x]));
        for (int i = 0; i < 160; i++) {
            int j = i; /* the last step that wrote the key asked for */
            while (j >= 0 && in_turn(j) != asked(i)) j--;
            for (int x = 0; x < 24; x++) {
                double want = j < 0 ? 0 : (double)row_of(&r.inputs.v, j)[x];
                assert_true(fabs((double)o[i * 24 + x] - want) <= ldexp(16 * largest, -24));
            }
        }
        free(o), free(beta);
        rig_free(&r);
    }
}

/* Under the plain sum of products the same keys add up: it is the delta rule that replaces. */
static void a_plain_sum_does_not(void **state) {
    struct rig r;
    (void)state;
    make(&r, "linear", &one_head, "feature_map=identity", "denominator=none", NULL);
    set_units(&r, in_turn, in_turn);
    rig_run(&r, 0x11);
    float *o = rig_output(&r);
    double sum = 0;
    for (int j = 15; j < 160; j += 16) sum += (double)row_of(&r.inputs.v, j)[5];
    assert_true(fabs((double)o[159 * 24 + 5] - sum) < 1e-5);
    assert_true(fabs(sum - (double)row_of(&r.inputs.v, 159)[5]) > 0.1);
    free(o);
    rig_free(&r);
}

/* beta = 0 writes nothing: the carried state is read, bit for bit as it came, and goes out as it came. */
static void beta_zero_writes_nothing(void **state) {
    (void)state;
    for (int f = 0; f < 2; f++) {
        struct rig r;
        float *beta = filled(160, 0), *in = malloc(16 * 24 * sizeof *in), *out = filled(16 * 24, 7);
        const struct attn_output carried[] = {{0}, {0}, {out, 0, 0, 24}};
        attn_random_normal(1, 2, 0, 16 * 24, in);
        make(&r, "deltanet", &one_head, forms[f], "beta=given", "normalise=off", NULL);
        put_tensor(&r, BETA, beta, 160, 1);
        put_tensor(&r, STATE, in, 16, 24);
        set_units(&r, in_turn, asked);
        r.subject.call.carried = carried;
        rig_run(&r, 0x11);
        float *o = rig_output(&r);
        for (int i = 0; i < 160; i++) assert_memory_equal(o + i * 24, in + asked(i) * 24, 24 * sizeof *o);
        assert_memory_equal(in, out, 16 * 24 * sizeof *in);
        free(o), free(beta), free(in), free(out);
        rig_free(&r);
    }
}

/* ---- gates -------------------------------------------------------------------------------------- */

static const struct trial grouped = {.batch = 2,
                                     .heads = 4,
                                     .kv_heads = 2,
                                     .nq = 203,
                                     .nk = 203,
                                     .dk = 20,
                                     .dv = 12,
                                     .mask = ATTN_MASK_CAUSAL,
                                     .threads = 2};

static double furthest(const struct rig *r, const float *got, const float *want) {
    size_t n = rig_elements(r);
    double *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = (double)want[i];
    double far = accuracy_distance(got, x, n / (size_t)r->trial.dv, (size_t)r->trial.dv).rel_fro;
    free(x);
    return far;
}

/* g = 0 is no gate: every factor is exp(0) = 1 exactly. */
static void no_decay_is_no_gate(void **state) {
    static const char *const shares[] = {"share=1", "share=1000"};
    (void)state;
    for (int f = 0; f < 2; f++)
        for (int s = 0; s < 2; s++) {
            struct rig plain, gated;
            float *gate = filled(2 * 203 * 20, 0);
            make(&plain, "deltanet", &grouped, forms[f], NULL);
            make(&gated, "deltanet", &grouped, forms[f], "gate=log", shares[s], NULL);
            put_tensor(&gated, GATE, gate, 203, s ? 1 : 20);
            rig_run(&plain, 0x11), rig_run(&gated, 0x11);
            float *a = rig_output(&plain), *b = rig_output(&gated);
            assert_memory_equal(a, b, rig_elements(&plain) * sizeof *a);
            free(a), free(b), free(gate);
            rig_free(&plain), rig_free(&gated);
        }
}

/* The recurrence itself, for one head: the state in double, written row by row. */
static void recur(const struct rig *r, int b, int h, int steps, const float *gate, int width, double *s,
                  double *out) {
    const struct attn_call *c = &r->subject.call;
    int dk = r->trial.dk, dv = r->trial.dv, g = attn_kv_head(&r->problem, h);
    for (int i = 0; i < dk * dv; i++) s[i] = 0;
    for (int j = 0; j < steps; j++) {
        const float *q = attn_row(&c->q, b, h, j), *k = attn_row(&c->k, b, g, j),
                    *v = attn_row(&c->v, b, g, j);
        double beta = 1 / (1 + exp(-(double)attn_row(&r->subject.tensors[BETA], b, g, j)[0]));
        double kk = 1e-6, qq = 1e-6;
        for (int d = 0; d < dk; d++) kk += (double)k[d] * k[d], qq += (double)q[d] * q[d];
        for (int i = 0; i < dk * dv; i++)
            s[i] *= exp((double)gate[((ptrdiff_t)g * r->trial.nk + j) * width + i / dv % width]);
        for (int x = 0; x < dv; x++) {
            double found = 0, o = 0;
            for (int d = 0; d < dk; d++) found += s[d * dv + x] * k[d] / sqrt(kk);
            for (int d = 0; d < dk; d++) s[d * dv + x] += beta * (v[x] - found) * k[d] / sqrt(kk);
            for (int d = 0; d < dk; d++) o += s[d * dv + x] * q[d] / sqrt(qq);
            out[(ptrdiff_t)j * dv + x] = o * (double)r->problem.scale;
        }
    }
}

/* Output and carried state against the recurrence, with log decays down to `strongest`. The bound is that of the suite
   for the output; the state is as exact. */
static void hold(const char *form, int channels, double strongest, int lengths) {
    struct trial t = grouped;
    struct rig r;
    int width = channels ? 20 : 1, dk = 20, dv = 12, n = 203;
    size_t count = (size_t)(2 * n * width), size = (size_t)(dk * dv);
    float *gate = malloc(count * sizeof *gate), *out = filled(4 * size, 7);
    double *s = malloc(size * sizeof *s), *want = malloc((size_t)(n * dv) * sizeof *want), far = 0, all = 0;
    const struct attn_output carried[] = {{0}, {0}, {out, 2 * (ptrdiff_t)size, (ptrdiff_t)size, dv}};
    if (lengths) t.mask = ATTN_MASK_CAUSAL_TOP_LEFT, t.lengths = 1;
    make(&r, "deltanet", &t, form, "gate=log", channels ? "share=1" : "share=20", NULL);
    attn_random_normal(4, 4, 0, count, gate);
    for (size_t i = 0; i < count; i++) gate[i] = (float)(-strongest * exp((double)gate[i] - 2));
    put_tensor(&r, GATE, gate, n, width);
    r.subject.call.carried = carried;
    rig_run(&r, 0x11);
    float *o = rig_output(&r);
    for (int b = 0; b < 2; b++)
        for (int h = 0; h < 4; h++) {
            int steps = lengths ? r.key_lengths[b] : n;
            recur(&r, b, h, steps, gate, width, s, want);
            double d = accuracy_distance(o + (ptrdiff_t)(b * 4 + h) * n * dv, want, (size_t)steps, (size_t)dv)
                           .rel_fro;
            if (d > 1e-5) fail_msg("%s, decays to %g: head %d is off by %.3g", form, strongest, h, d);
            for (size_t i = 0; i < size; i++) {
                double e = (double)out[(size_t)(b * 2 + h / 2) * size + i] - s[i];
                far += e * e, all += s[i] * s[i];
            }
        }
    if (sqrt(far / all) > 1e-5)
        fail_msg("%s, decays to %g: the state is off by %.3g", form, strongest, sqrt(far / all));
    free(gate), free(out), free(s), free(want), free(o);
    rig_free(&r);
}

/* Mean log decays of 0.002, which a chunk keeps, 0.2 and 20, where a step forgets all. */
static void every_form_is_the_recurrence(void **state) {
    (void)state;
    for (int f = 0; f < 2; f++)
        for (int channels = 0; channels < 2; channels++)
            for (double strongest = 0.01; strongest < 200; strongest *= 100)
                for (int lengths = 0; lengths < 2; lengths++) hold(forms[f], channels, strongest, lengths);
}

/* The gates' maps: sigmoid(-x) = 1 - sigmoid(x), so softplus of x is logsigmoid of -x. */
static void gates_mirror(void **state) {
    struct rig one, other;
    float *gate = malloc(2 * 203 * sizeof *gate), *mirrored = malloc(2 * 203 * sizeof *gate);
    (void)state;
    attn_random_normal(5, 5, 0, 2 * 203, gate);
    for (int i = 0; i < 2 * 203; i++) mirrored[i] = -gate[i];
    make(&one, "deltanet", &grouped, "gate=softplus", "normalizer=2", NULL);
    make(&other, "deltanet", &grouped, "gate=logsigmoid", "normalizer=2", NULL);
    put_tensor(&one, GATE, gate, 203, 1);
    put_tensor(&other, GATE, mirrored, 203, 1);
    rig_run(&one, 0x11), rig_run(&other, 0x11);
    float *a = rig_output(&one), *b = rig_output(&other);
    assert_true(furthest(&one, a, b) < 1e-6); /* the same numbers but for rounding */
    free(a), free(b), free(gate), free(mirrored);
    rig_free(&one), rig_free(&other);
}

/* ---- long sequences ------------------------------------------------------------------------------ */

/* 2^16 steps that each write a thousandth: nothing is forgotten, and what a float state rounds at each step would add
   up. In chunks the state is in double, and only the products inside a chunk are rounded. */
static void chunks_do_not_drift(void **state) {
    enum { N = 1 << 16 };
    const struct trial t = {
        .batch = 1, .heads = 1, .nq = N, .nk = N, .dk = 8, .mask = ATTN_MASK_CAUSAL, .threads = 2};
    float *beta = filled(N, 1e-4f);
    double error[2];
    (void)state;
    for (int f = 0; f < 2; f++) {
        struct rig r;
        double want[8];
        const int last = N - 1;
        make(&r, "deltanet", &t, forms[f], "beta=given", NULL);
        put_tensor(&r, BETA, beta, N, 1);
        rig_run(&r, 0x11);
        r.subject.variant->reference(&r.subject.call, 0, 0, &last, 1, NULL, NULL, want);
        error[f] = accuracy_distance(attn_out_row(&r.inputs.o, 0, 0, last), want, 1, 8).rel_fro;
        rig_free(&r);
    }
    print_message("n = 2^16, beta = 1e-4: in chunks %.2g, step by step %.2g\n", error[0], error[1]);
    assert_true(error[0] < 1e-6);     /* a few roundings of the last chunk */
    assert_true(error[1] > error[0]); /* so that the test could fail */
    free(beta);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_returns_its_last_value), cmocka_unit_test(a_plain_sum_does_not),
        cmocka_unit_test(beta_zero_writes_nothing),     cmocka_unit_test(no_decay_is_no_gate),
        cmocka_unit_test(every_form_is_the_recurrence), cmocka_unit_test(gates_mirror),
        cmocka_unit_test(chunks_do_not_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
