/* test_decay.c -- recurrences that forget: closed forms, identities between mechanisms, forms that must agree. */
#include "bench.h"
#include "tensors.h"

enum { N = 200, D = 8, HEADS = 4 };

/* More than three chunks of the engine, the last one cut. */
static const struct trial plain = {
    .batch = 1, .heads = HEADS, .nq = N, .nk = N, .dk = D, .mask = ATTN_MASK_CAUSAL, .threads = 2};
static const struct trial grouped = {.batch = 3,
                                     .heads = HEADS,
                                     .kv_heads = 2,
                                     .nq = N,
                                     .nk = N,
                                     .dk = D,
                                     .dv = 5,
                                     .mask = ATTN_MASK_CAUSAL_TOP_LEFT,
                                     .lengths = 1,
                                     .threads = 2};

static const float *out(const struct rig *r, int h, int i) { return attn_out_row(&r->inputs.o, 0, h, i); }

static void fill(struct block *b, float x) {
    for (size_t i = 0; i < b->bytes / sizeof(float); i++) ((float *)b->data)[i] = x;
}

/* The tensor of this name is x everywhere; `data` holds it. */
static float held[HEADS * N * D];
static void set_tensor(struct rig *r, const char *name, float x) {
    size_t t = 0;
    while (strcmp(r->subject.variant->tensors[t].name, name)) t++;
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) held[i] = x;
    r->subject.tensors[t] = (struct attn_view){held, 0, 0, 0};
}

/* || a - b || / || b || */
static double distance(const float *a, const float *b, size_t n) {
    double far = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        far += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(far / size);
}

static void expect_same_output(struct rig *a, struct rig *b, double bound, const char *what) {
    rig_run(a, 0x11);
    rig_run(b, 0x22);
    float *x = rig_output(a), *y = rig_output(b);
    double far = distance(x, y, rig_elements(a));
    if (!(far <= bound)) fail_msg("%s: outputs differ by %.3g, bound %.3g", what, far, bound);
    free(x), free(y);
}

/* Both forms round what a few hundred products add up to, by different ways: a part in a million. */
static void forms_agree(void **state) {
    static const char *const cases[][2] = {{"retnet", "rotation=xpos"}, {"retnet", "rotation=none"},
                                           {"gla", "gate=logsigmoid"},  {"gla", "gate=log"},
                                           {"gla", "share=3"},          {"gla", "share=8"},
                                           {"ssd", "dt=softplus"},      {"ssd", "dt=given"},
                                           {"rfa", "gate=sigmoid"},     {"rfa", "gate=given"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int g = 0; g < 2; g++) {
            struct rig chunked, recurrent;
            make(&chunked, cases[i][0], g ? &grouped : &plain, cases[i][1], NULL);
            make(&recurrent, cases[i][0], g ? &grouped : &plain, cases[i][1], "form=recurrent", NULL);
            expect_same_output(&chunked, &recurrent, 2e-6, cases[i][1]);
            rig_free(&chunked), rig_free(&recurrent);
        }
}

/* The ungated features in prefix sums and one step after the other. */
static void ungated_forms_of_rfa_agree(void **state) {
    struct rig chunked, recurrent;
    (void)state;
    make(&chunked, "rfa", &plain, NULL);
    make(&recurrent, "rfa", &plain, "form=recurrent", NULL);
    expect_same_output(&chunked, &recurrent, 2e-6, "rfa");
    rig_free(&chunked), rig_free(&recurrent);
}

/* ---- closed forms ------------------------------------------------------------------------------- */

/* Equal q, k and v: o_t = scale sum over planes of |c|^2 Re(1 + z + ... + z^t), z = gamma e^(i angle). */
static double retention(int h, int t, int turns) {
    double gamma = 1 - pow(2, -5 - h), sum = 0;
    for (int f = 0; f < D / 2; f++) {
        double angle = turns ? pow(10000, -(double)f / (D / 2 - 1)) : 0, re = 0;
        for (int r = 0; r <= t; r++) re += pow(gamma, r) * cos(r * angle);
        sum += 2 * re;
    }
    return sum / sqrt(D);
}

static void retention_of_a_constant(void **state) {
    (void)state;
    for (int turns = 0; turns < 2; turns++) {
        struct rig r;
        make(&r, "retnet", &plain, turns ? "rotation=xpos" : "rotation=none", NULL);
        fill(&r.q, 1), fill(&r.k, 1), fill(&r.v, 1);
        rig_run(&r, 0x11);
        for (int h = 0; h < HEADS; h++)
            for (int t = 0; t < N; t += 13) {
                double want = retention(h, t, turns);
                /* planes cancel: the roundings are those of the largest sum, of gamma^r alone */
                assert_float_equal((double)out(&r, h, t)[0], want, 2e-6 * retention(h, t, 0));
            }
        if (!turns) /* the geometric series itself */
            assert_float_equal((double)out(&r, 1, 99)[0], sqrt(D) * (1 - pow(1 - 1 / 64., 100)) * 64, 1e-4);
        rig_free(&r);
    }
}

/* dt = log 2 from x = 0 without a bias, A = 1: halves. One channel of ones. */
static void halves_of_ssd(void **state) {
    const struct trial t = {
        .batch = 1, .heads = 1, .nq = 3, .nk = 3, .dk = 1, .mask = ATTN_MASK_CAUSAL, .threads = 1};
    static const float zero[3] = {0};
    struct rig r;
    (void)state;
    make(&r, "ssd", &t, "dt_bias=0", NULL);
    r.subject.tensors[0] = r.subject.tensors[1] = (struct attn_view){zero, 0, 0, 1};
    fill(&r.q, 1), fill(&r.k, 1), fill(&r.v, 1);
    rig_run(&r, 0x11);
    for (int i = 0; i < 3; i++)
        assert_float_equal((double)((float *)r.o.data)[i], log(2) * (2 - pow(0.5, i)), 1e-6);
    rig_free(&r);
}

/* Equal rows weigh 1, so that a gate of 3/4 makes w_ij = (3/4)^(i - j) / (1 + 3/4 + ... + (3/4)^i). */
static void weights_of_a_constant_gate(void **state) {
    double w[N], o[D];
    struct rig r;
    int row = 9;
    (void)state;
    make(&r, "rfa", &plain, "gate=given", NULL);
    set_tensor(&r, "gate", 0.75f);
    fill(&r.q, 2), fill(&r.k, 3);
    r.subject.variant->reference(&r.subject.call, 0, 0, &row, 1, w, NULL, o);
    for (int j = 0; j <= row; j++)
        assert_float_equal(w[j], 0.25 * pow(0.75, row - j) / (1 - pow(0.75, row + 1)), 1e-6);
    for (int j = row + 1; j < N; j++) assert_true(w[j] == 0);
    rig_run(&r, 0x11);
    for (int d = 0; d < D; d++) assert_float_equal((double)out(&r, 0, row)[d], o[d], 1e-5);
    rig_free(&r);
}

/* ---- identities --------------------------------------------------------------------------------- */

/* A decay of 1 is none: the sum of k v^T. */
static void without_decay_it_is_linear(void **state) {
    struct rig r, linear;
    (void)state;
    make(&linear, "linear", &plain, "feature_map=identity", "denominator=none", NULL);
    make(&r, "gla", &plain, "gate=log", NULL);
    set_tensor(&r, "gate", 0);
    expect_same_output(&r, &linear, 2e-6, "gla with decays of 1");
    rig_free(&r), rig_free(&linear);
}

/* gla with one decay for a head, keys times dt and the scale taken out, is ssd. */
static void gla_of_scalar_decays_is_ssd(void **state) {
    static float dt[HEADS * N], g[HEADS * N], rate[HEADS];
    struct rig gla, ssd;
    (void)state;
    make(&gla, "gla", &plain, "gate=log", "share=8", NULL);
    make(&ssd, "ssd", &plain, "dt=given", NULL);
    attn_random_normal(1, 2, 0, HEADS * N, dt);
    for (int h = 0; h < HEADS; h++) {
        rate[h] = 0.5f * (float)(h - 1);
        for (int j = h * N; j < (h + 1) * N; j++) {
            dt[j] = 0.1f * fabsf(dt[j]);
            g[j] = -expf(rate[h]) * dt[j];
            for (int d = 0; d < D; d++) ((float *)gla.k.data)[j * D + d] *= dt[j];
        }
    }
    shrink(&gla.q, sqrtf(D));
    gla.subject.tensors[0] = (struct attn_view){g, 0, N, 1};
    ssd.subject.tensors[0] = (struct attn_view){dt, 0, N, 1};
    ssd.subject.tensors[1] = (struct attn_view){rate, 0, 1, 1};
    expect_same_output(&gla, &ssd, 2e-6, "gla and ssd");
    rig_free(&gla), rig_free(&ssd);
}

/* gla with retnet's rates. */
static void gla_of_fixed_decays_is_retnet(void **state) {
    static float g[HEADS * N];
    struct rig gla, retnet;
    (void)state;
    make(&gla, "gla", &plain, "gate=log", "share=8", NULL);
    make(&retnet, "retnet", &plain, "rotation=none", NULL);
    for (int j = 0; j < HEADS * N; j++) g[j] = (float)log1p(-pow(2, -5 - j / N));
    gla.subject.tensors[0] = (struct attn_view){g, 0, N, 1};
    expect_same_output(&gla, &retnet, 2e-6, "gla and retnet");
    rig_free(&gla), rig_free(&retnet);
}

/* ---- strong decays ------------------------------------------------------------------------------ */

/* Gates of channels: all -50; -50 in every third step; -50 in one channel alone; all that a float holds; -inf. */
static float strong_gate(int kind, int j, int d) {
    switch (kind) {
    case 0: return -50;
    case 1: return j % 3 ? 0 : -50;
    case 2: return d == 2 ? -50 : -0.01f;
    case 3: return (d + j) % 2 ? -1e30f : -3e38f;
    default: return j % 7 ? -0.3f : -INFINITY;
    }
}

/* Nothing overflows and nothing is NaN, and what is left is right. */
static void strong_decays(void **state) {
    static float gate[N * D];
    (void)state;
    for (int kind = 0; kind < 5; kind++)
        for (int recurrent = 0; recurrent < 2; recurrent++) {
            struct rig r;
            make(&r, "gla", &plain, "gate=log", recurrent ? "form=recurrent" : "form=chunked", NULL);
            for (int x = 0; x < N * D; x++) gate[x] = strong_gate(kind, x / D, x % D);
            r.subject.tensors[0] = (struct attn_view){gate, 0, 0, D};
            rig_run(&r, 0x11);
            float *got = rig_output(&r);
            double *want = rig_definition(&r, 0, 1, NULL, NULL);
            double far = accuracy_distance(got, want, rig_elements(&r) / D, D)
                             .rel_fro; /* inf where one is not finite */
            if (!(far < 2e-6)) fail_msg("kind %d, recurrent=%d: off by %.3g", kind, recurrent, far);
            free(got), free(want);
            rig_free(&r);
        }
}

/* ---- a token at a time --------------------------------------------------------------------------- */

/* One call for each token, the state carried from one to the next, is one call for all. */
static void token_by_token(const char *name, const char *settings) {
    struct rig r;
    struct block held_state[2][TENSORS_MAX] = {{{0}}};
    struct attn_view views[TENSORS_MAX];
    struct attn_output carried[TENSORS_MAX];
    struct attn_error error;
    make(&r, name, &plain, settings, NULL);
    rig_run(&r, 0x11);
    float *whole = rig_output(&r);
    struct attn_call all = r.subject.call;
    struct attn_problem one = *all.problem;
    const struct attn_variant *v = r.subject.variant;
    memcpy(views, r.subject.tensors, sizeof views);
    one.nq = one.nk = one.threads = 1;
    for (int i = 0; i < N; i++) {
        struct attn_call c = all;
        memset(carried, 0, sizeof carried);
        for (size_t t = 0; t < tensors_count(v); t++) {
            struct tensor_shape shape;
            if (v->tensors[t].role != ATTN_CARRY) {
                if (views[t].data && tensors_over_positions(&v->tensors[t]))
                    views[t].data = all.tensors[t].data + i * all.tensors[t].row;
                continue;
            }
            assert_int_equal(tensors_shape(v, &v->tensors[t], &one, r.subject.params, &shape, &error), 0);
            struct block *to = &held_state[i % 2][t], *from = &held_state[(i + 1) % 2][t];
            if (!to->data) assert_int_equal(block_make(to, shape.count * sizeof(float)), 0);
            carried[t] = tensors_output(&shape, (float *)to->data);
            views[t] = i ? tensors_view(&shape, (const float *)from->data) : (struct attn_view){0};
        }
        c.problem = &one;
        c.q.data += i * c.q.row, c.k.data += i * c.k.row, c.v.data += i * c.v.row, c.o.data += i * c.o.row;
        c.tensors = views;
        c.carried = carried;
        v->forward(&c);
    }
    float *got = rig_output(&r);
    double far = distance(got, whole, rig_elements(&r));
    if (!(far < 5e-6)) fail_msg("%s %s: token by token differs by %.3g", name, settings, far);
    for (int t = 0; t < TENSORS_MAX; t++) block_free(&held_state[0][t]), block_free(&held_state[1][t]);
    free(whole), free(got);
    rig_free(&r);
}

/* Each step rounds the state to float: 200 times half a unit, in random directions, stays below a part in 200000. */
static void tokens_one_at_a_time(void **state) {
    static const char *const forms[] = {"form=chunked", "form=recurrent"};
    (void)state;
    for (int f = 0; f < 2; f++) {
        token_by_token("retnet", forms[f]);
        token_by_token("gla", forms[f]);
        token_by_token("ssd", forms[f]);
        token_by_token("rfa", forms[f]);
    }
    token_by_token("rfa", "gate=sigmoid");
}

/* ---- random features ----------------------------------------------------------------------------- */

/* Softmax attention over q and k of length 1, by `full`. */
static void normalise(struct block *b, float length) {
    float *x = (float *)b->data;
    for (size_t r = 0; r < b->bytes / sizeof(float) / D; r++, x += D) {
        float square = 0;
        for (int d = 0; d < D; d++) square += x[d] * x[d];
        for (int d = 0; d < D; d++) x[d] *= length / sqrtf(square);
    }
}

static const struct trial open_rows = {.batch = 1, .heads = HEADS, .nq = N, .nk = N, .dk = D, .threads = 2};

static double error_of_features(const char *features) {
    struct rig r, full;
    make(&r, "rfa", &open_rows, features, NULL);
    make(&full, "full", &open_rows, NULL);
    normalise(&full.q, sqrtf(D)), normalise(&full.k, 1); /* times the scale: x.y */
    rig_run(&r, 0x11);
    rig_run(&full, 0x11);
    float *a = rig_output(&r), *b = rig_output(&full);
    double far = distance(a, b, rig_elements(&r));
    free(a), free(b);
    rig_free(&r), rig_free(&full);
    return far;
}

/* The estimate is a mean over independent projections: 64 times as many make an eighth of the error, within the factor
   of 1.6 that one draw of 64 projections, which all rows share, leaves open. */
static void features_bring_softmax_nearer(void **state) {
    (void)state;
    double few = error_of_features("features=64"), many = error_of_features("features=4096");
    print_message("rfa: error %.4f with 64 projections, %.4f with 4096\n", few, many);
    assert_true(few / many > 8 / 1.6 && few / many < 8 * 1.6);
    assert_true(many < 0.02);
}

/* Lengths of q and k do not count. */
static void rfa_knows_no_lengths(void **state) {
    struct rig r, other;
    (void)state;
    make(&r, "rfa", &open_rows, NULL);
    make(&other, "rfa", &open_rows, NULL);
    shrink(&other.q, 1e-3f), shrink(&other.k, 1e3f);
    expect_same_output(&r, &other, 2e-6, "q / 1000 and 1000 k");
    rig_free(&r), rig_free(&other);
}

/* Below eps the denominator is eps: equal rows have phi^T psi = D each, and values are 1. */
static void least_denominator(void **state) {
    (void)state;
    for (int gated = 0; gated < 2; gated++) {
        struct rig r;
        make(&r, "rfa", &plain, "features=16", "eps=80", gated ? "gate=given" : "gate=none", NULL);
        set_tensor(&r, "gate", 0); /* nothing stays: 16 of one key */
        fill(&r.q, 1), fill(&r.k, 1), fill(&r.v, 1);
        rig_run(&r, 0x11);
        for (int i = 0; i < 10; i++)
            assert_float_equal((double)out(&r, 0, i)[0], fmin(1, (gated ? 1 : i + 1) * 16 / 80.), 1e-5);
        rig_free(&r);
    }
}

/* ---- what is refused ---------------------------------------------------------------------------- */

static void expect_refused(const char *name, const char *setting, enum attn_mask mask, int nk,
                           const char *words) {
    const struct attn_variant *v = registry_find(name);
    struct trial t = plain;
    struct rig r;
    struct attn_error error = {""};
    void *params = params_defaults(v);
    t.mask = mask, t.nk = nk;
    if (setting) {
        char key[32];
        const char *value = strchr(setting, '=') + 1;
        snprintf(key, sizeof key, "%.*s", (int)(value - 1 - setting), setting);
        struct doc *d = doc_word(value);
        assert_int_equal(params_set(params, params_find(v, key), d, &error), 0);
        doc_free(d);
    }
    assert_int_equal(rig_make(&r, v, &t, params, 5, &error), -1);
    if (!strstr(error.text, words)) fail_msg("%s says '%s', not '%s'", name, error.text, words);
    rig_free(&r);
    free(params);
}

static void order_is_needed(void **state) {
    (void)state;
    expect_refused("retnet", NULL, ATTN_MASK_NONE, N, "no form without a causal mask");
    expect_refused("gla", NULL, ATTN_MASK_NONE, N, "no form without a causal mask");
    expect_refused("ssd", NULL, ATTN_MASK_CAUSAL, N + 1, "as many queries as keys");
    expect_refused("rfa", "gate=sigmoid", ATTN_MASK_NONE, N, "gate = none and form = chunked");
    expect_refused("rfa", "form=recurrent", ATTN_MASK_CAUSAL, N + 1, "gate = none and form = chunked");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_agree),
        cmocka_unit_test(ungated_forms_of_rfa_agree),
        cmocka_unit_test(retention_of_a_constant),
        cmocka_unit_test(halves_of_ssd),
        cmocka_unit_test(weights_of_a_constant_gate),
        cmocka_unit_test(without_decay_it_is_linear),
        cmocka_unit_test(gla_of_scalar_decays_is_ssd),
        cmocka_unit_test(gla_of_fixed_decays_is_retnet),
        cmocka_unit_test(strong_decays),
        cmocka_unit_test(tokens_one_at_a_time),
        cmocka_unit_test(features_bring_softmax_nearer),
        cmocka_unit_test(rfa_knows_no_lengths),
        cmocka_unit_test(least_denominator),
        cmocka_unit_test(order_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
