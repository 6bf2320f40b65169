/* test_positions.c -- rotations, slopes, buckets and sinusoids against their formulas in double. */
#include "point_bench.h"
#include "position_kinds.h"
#include "positions.h"

static const char *const styles[] = {"interleaved", "half"};

/* ---- rotary ------------------------------------------------------------------------------------ */

/* As the paper writes it: pair i of the row at `position` times e^(i position base^(-2 i / dims)). */
static void turned(enum attn_rope_style style, int dims, double base, double position, const double *x, int d,
                   double *y) {
    for (int e = 0; e < d; e++) y[e] = x[e];
    for (int i = 0; i < dims / 2; i++) {
        int a = style == ATTN_ROPE_HALF ? i : 2 * i, b = style == ATTN_ROPE_HALF ? i + dims / 2 : 2 * i + 1;
        double angle = position / pow(base, 2.0 * i / dims);
        y[a] = x[a] * cos(angle) - x[b] * sin(angle);
        y[b] = x[a] * sin(angle) + x[b] * cos(angle);
    }
}

struct rows { /* [batch][heads][n] of d, and what turns them */
    int batch, heads, n, d;
    float *x, *y, *cosine, *sine;
    struct attn_rope rope;
};

static size_t count_of(const struct rows *r) {
    return (size_t)r->batch * (size_t)r->heads * (size_t)r->n * (size_t)r->d;
}

static void make_rows(struct rows *r, enum attn_rope_style style, int dims, double base, int first) {
    size_t table = (size_t)r->n * (size_t)(dims / 2) + 1;
    r->x = xmalloc(count_of(r) * sizeof *r->x);
    r->y = xmalloc(count_of(r) * sizeof *r->y);
    r->cosine = xmalloc(table * sizeof *r->cosine);
    r->sine = xmalloc(table * sizeof *r->sine);
    attn_random_normal(7, 1, 0, count_of(r), r->x);
    attn_rope_table(base, dims, first, r->n, r->cosine, r->sine, 2);
    r->rope = (struct attn_rope){.style = style, .dims = dims, .cosine = r->cosine, .sine = r->sine};
}

static void free_rows(struct rows *r) { free(r->x), free(r->y), free(r->cosine), free(r->sine); }

static void turn_rows(const struct rows *r, float *to, int threads) {
    ptrdiff_t row = r->d, head = row * r->n, item = head * r->heads;
    struct attn_view x = {r->x, item, head, row};
    struct attn_output y = {to, item, head, row};
    attn_rope_turn(&r->rope, r->batch, r->heads, r->n, r->d, &x, &y, threads);
}

/* The largest distance of r->y from the definition. */
static double miss(const struct rows *r, double base, int first) {
    double most = 0, x[256], y[256];
    for (size_t row = 0; row < count_of(r) / (size_t)r->d; row++) {
        const float *in = r->x + row * (size_t)r->d, *out = r->y + row * (size_t)r->d;
        for (int e = 0; e < r->d; e++) x[e] = (double)in[e];
        turned(r->rope.style, r->rope.dims, base, (double)first + (double)(row % (size_t)r->n), x, r->d, y);
        for (int e = 0; e < r->d; e++) most = fmax(most, fabs((double)out[e] - y[e]));
    }
    return most;
}

/* Cosine and sine are off by half a unit, 2^-25 each, the two products and their sum round once more; values are below
   5: 4 roundings of 2^-25 times 5 is 6e-7. */
static void rope_definition(void **state) {
    static const struct {
        int d, dims, n, first;
        double base;
    } cases[] = {{8, 8, 5, 0, 10000}, {64, 64, 70, 0, 10000},        {64, 16, 33, -20, 10000},
                 {63, 62, 9, 3, 500}, {128, 128, 40, 999960, 10000}, {256, 256, 3, 7, 1e6},
                 {2, 2, 3, 1, 10000}};
    (void)state;
    for (int style = 0; style < 2; style++)
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            struct rows r = {.batch = 2, .heads = 3, .n = cases[c].n, .d = cases[c].d};
            make_rows(&r, (enum attn_rope_style)style, cases[c].dims, cases[c].base, cases[c].first);
            turn_rows(&r, r.y, 1);
            double error = miss(&r, cases[c].base, cases[c].first);
            if (!(error < 6e-7)) fail_msg("%s, case %zu: off by %g", styles[style], c, error);
            float *again = xmalloc(count_of(&r) * sizeof *again);
            turn_rows(&r, again, 3); /* the same bits for every number of threads, */
            assert_memory_equal(again, r.y, count_of(&r) * sizeof *again);
            memcpy(again, r.x, count_of(&r) * sizeof *again); /* and in place */
            struct rows in_place = r;
            in_place.x = again;
            turn_rows(&in_place, again, 2);
            assert_memory_equal(again, r.y, count_of(&r) * sizeof *again);
            for (size_t row = 0; row < count_of(&r) / (size_t)r.d; row++) /* what lies beyond dims stays */
                assert_memory_equal(r.y + row * (size_t)r.d + r.rope.dims,
                                    r.x + row * (size_t)r.d + r.rope.dims,
                                    (size_t)(r.d - r.rope.dims) * sizeof *r.y);
            free(again);
            free_rows(&r);
        }
}

/* Items at positions of their own, as caches of [batch][n] give them. */
static void rope_by_item(void **state) {
    struct rows r = {.batch = 2, .heads = 2, .n = 4, .d = 8};
    (void)state;
    make_rows(&r, ATTN_ROPE_HALF, 8, 10000, 0);
    float cosine[2 * 4 * 4], sine[2 * 4 * 4], *second = xmalloc(count_of(&r) * sizeof *second);
    attn_rope_table(10000, 8, 0, 4, cosine, sine, 1);
    attn_rope_table(10000, 8, 100, 4, cosine + 16, sine + 16, 1);
    r.rope.cosine = cosine, r.rope.sine = sine, r.rope.batch = 16;
    turn_rows(&r, r.y, 1);
    r.rope.cosine = cosine + 16, r.rope.sine = sine + 16, r.rope.batch = 0;
    turn_rows(&r, second, 1);
    size_t item = count_of(&r) / 2;
    assert_memory_equal(r.y + item, second + item, item * sizeof *second);
    assert_memory_not_equal(r.y, second, item * sizeof *second);
    free(second);
    free_rows(&r);
}

static double dot(const float *x, const float *y, int d) {
    double sum = 0;
    for (int e = 0; e < d; e++) sum += (double)x[e] * (double)y[e];
    return sum;
}

/* Logits depend on i - j alone, and norms stay. Values of |q||k| are near 64 here and each rotation is off by 6e-7 of a
   value at most: sums of 64 such errors with normal factors are below 64 * 6e-7 = 4e-5 by far. */
static void rope_is_relative(void **state) {
    enum { N = 50, D = 64, FAR = 12345 };
    (void)state;
    for (int style = 0; style < 2; style++) {
        struct rows near = {.batch = 1, .heads = 2, .n = N, .d = D}, far = near;
        make_rows(&near, (enum attn_rope_style)style, D, 10000, 0);
        make_rows(&far, (enum attn_rope_style)style, D, 10000, FAR);
        turn_rows(&near, near.y, 1);
        turn_rows(&far, far.y, 1);
        for (int i = 0; i < N; i++) {
            const float *q = near.y + i * D, *q_far = far.y + i * D;
            assert_true(fabs(dot(q, q, D) / dot(near.x + i * D, near.x + i * D, D) - 1) < 1e-6);
            for (int j = 0; j < N; j++) {
                const float *k = near.y + (N + j) * D, *k_far = far.y + (N + j) * D;
                assert_true(fabs(dot(q, k, D) - dot(q_far, k_far, D)) < 4e-5);
            }
        }
        free_rows(&near), free_rows(&far);
    }
}

/* ---- ALiBi ------------------------------------------------------------------------------------- */

/* Of 8 heads as section 3 of the paper lists them; of 12 as its code gives them: those of 8, then every second of 16. */
static void alibi(void **state) {
    static const double twelve[] = {0.5,       0.25,       0.125,      0.0625,     0.03125,    0.015625,
                                    0.0078125, 0.00390625, 0.70710678, 0.35355339, 0.17677670, 0.08838835};
    float slopes[12];
    (void)state;
    attn_alibi_slopes(8, slopes);
    for (int h = 0; h < 8; h++) assert_true(slopes[h] == ldexpf(1, -(h + 1)));
    attn_alibi_slopes(12, slopes);
    for (int h = 0; h < 12; h++) assert_true(fabs((double)slopes[h] - twelve[h]) < 1e-8 + 1e-7 * twelve[h]);
    attn_alibi_slopes(4, slopes);
    for (int h = 0; h < 4; h++) assert_true(slopes[h] == ldexpf(1, -2 * (h + 1)));
    attn_alibi_slopes(1, slopes);
    assert_true(slopes[0] == ldexpf(1, -8));
    attn_alibi_slopes(3, slopes); /* 2^-4, 2^-8, then the first of four: 2^-2 */
    assert_true(slopes[0] == 0.0625f && slopes[1] == 0.00390625f && slopes[2] == 0.25f);
}

/* ---- T5 ---------------------------------------------------------------------------------------- */

/* The published formula without logarithms, whose roundings decide on borders. Of a side with s buckets, half of them, e, for one distance each: the bucket of
   x >= e is e + floor(log(x / e) / log(m / e) (s - e)), the largest k with (x / e)^(s - e) >= (m / e)^k. */
static int side_bucket(long x, int s, int m) {
    int e = s / 2, k = 0;
    if (x < e) return (int)x;
    for (; k < s - e - 1; k++) {
        long double left = 1, right = 1;
        for (int i = 0; i < s - e; i++) left *= (long double)x / e;
        for (int i = 0; i <= k; i++) right *= (long double)m / e;
        if (left < right) break;
    }
    return e + k;
}

static void t5_buckets(void **state) {
    static const int settings[][2] = {{32, 128}, {8, 20}, {32, 64}, {64, 256}};
    (void)state;
    for (size_t c = 0; c < sizeof settings / sizeof *settings; c++)
        for (int x = -1000; x <= 1000; x++) {
            int buckets = settings[c][0], most = settings[c][1], half = buckets / 2;
            int causal = side_bucket(x < 0 ? -x : 0, buckets, most),
                both = (x > 0 ? half : 0) + side_bucket(abs(x), half, most);
            assert_int_equal(attn_t5_bucket(x, 1, buckets, most), causal);
            assert_int_equal(attn_t5_bucket(x, 0, buckets, most), both);
        }
    /* by hand, of 32 buckets and 128: the borders of both forms, where x / e is a power of the ratio */
    assert_int_equal(attn_t5_bucket(-15, 1, 32, 128), 15);
    assert_int_equal(attn_t5_bucket(-16, 1, 32, 128), 16);
    assert_int_equal(attn_t5_bucket(-127, 1, 32, 128), 31);
    assert_int_equal(attn_t5_bucket(-15, 0, 32, 128), 9);
    assert_int_equal(attn_t5_bucket(-16, 0, 32, 128), 10);
    assert_int_equal(attn_t5_bucket(-32, 0, 32, 128), 12);
    assert_int_equal(attn_t5_bucket(64, 0, 32, 128), 16 + 14);
    assert_int_equal(attn_t5_bucket(INT32_MIN + 1, 0, 32, 128), 15);
}

/* The bias of a call is the learned number of the bucket, at every distance. */
static void t5_bias(void **state) {
    enum { HEADS = 3, BUCKETS = 32, MOST = 128 };
    float learned[BUCKETS * HEADS], values[HEADS * (2 * MOST + 1)];
    (void)state;
    for (int x = 0; x < BUCKETS * HEADS; x++) learned[x] = (float)x;
    for (int causal = 0; causal < 2; causal++) {
        struct attn_problem p = {.bias = ATTN_BIAS_BUCKETED};
        struct attn_call c = {.problem = &p,
                              .bias = attn_t5_bias(learned, HEADS, causal, BUCKETS, MOST, values)};
        for (int j = 0; j < 1000; j++)
            for (int h = 0; h < HEADS; h++)
                assert_true(attn_bias_at(&c, 0, h, 0, j, 500) ==
                            (float)(attn_t5_bucket(j - 500, causal, BUCKETS, MOST) * HEADS + h));
    }
}

/* ---- sinusoids --------------------------------------------------------------------------------- */

/* The nearest float of a number below 1: within 2^-25; 4e-8 leaves room for the formula's own angles. */
static void sinusoids(void **state) {
    enum { N = 40, WIDEST = 300 };
    static float table[N * WIDEST];
    static const int widths[] = {1, 2, 7, 64, WIDEST}, firsts[] = {0, 999000};
    (void)state;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++) {
            attn_sinusoids(widths[w], firsts[f], N, table, 2);
            for (int t = 0; t < N; t++)
                for (int e = 0; e < widths[w]; e++) {
                    double angle = (firsts[f] + t) / pow(10000, 2.0 * (e / 2) / widths[w]);
                    double want = e % 2 ? cos(angle) : sin(angle);
                    assert_true(fabs((double)table[t * widths[w] + e] - want) < 4e-8);
                }
        }
}

/* ---- groups ------------------------------------------------------------------------------------ */

/* The group of a point with these positions. */
static void open_group(struct group *g, const char *positions, const char *mask) {
    struct doc *point = doc_object();
    struct attn_error error;
    int file = memfd_create("inputs", 0);
    doc_put_num(point, "shape.heads", 2);
    doc_put_num(point, "shape.nq", 40);
    doc_put_num(point, "shape.nk", 70);
    doc_put_num(point, "shape.dk", 16);
    doc_put_num(point, "threads", 2);
    doc_put_str(point, "mask", mask);
    doc_put_str(point, "input.family", "gauss");
    doc_put_num(point, "input.s", 2);
    doc_put(point, "positions", kinds_option(&position_kinds, "--positions", positions));
    assert_int_equal(group_make(file, point, 20, &error), 0);
    assert_int_equal(group_open(file, g, &error), 0);
    close(file);
    doc_free(point);
}

static double far_apart(const struct group *a, const struct group *b) {
    size_t n = (size_t)a->truth.nrows * (size_t)a->problem.dv;
    double far = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        double e = a->truth.softmax[i] - b->truth.softmax[i];
        far += e * e;
        size += b->truth.softmax[i] * b->truth.softmax[i];
    }
    return sqrt(far / size);
}

/* The truth of a group is that of turned q and k: another one than without, and the same wherever the sequence begins.
   Logits of deviation 2 are off by some 1e-6, and so are the weights. */
static void rope_in_groups(void **state) {
    static const char *const masks[] = {"none", "causal", "causal_top_left"};
    (void)state;
    for (int m = 0; m < 3; m++) {
        struct group plain, turned_group, later;
        open_group(&plain, "none", masks[m]);
        open_group(&turned_group, "rope,style=half", masks[m]);
        open_group(&later, "rope,style=half,first=5000", masks[m]);
        assert_true(far_apart(&turned_group, &plain) > 0.1);
        assert_true(far_apart(&turned_group, &later) < 1e-5);
        /* the query of the last row stands where its mask puts it */
        int last = plain.problem.nq - 1, at = last + attn_offset(&plain.problem, plain.problem.nk);
        double x[16], y[16];
        for (int e = 0; e < 16; e++) x[e] = (double)plain.q[last * 16 + e];
        turned(ATTN_ROPE_HALF, 16, 10000, at, x, 16, y);
        for (int e = 0; e < 16; e++)
            assert_true(fabs((double)turned_group.q[last * 16 + e] - y[e]) < 1.2e-6); /* of values below 10 */
        munmap(plain.map, plain.bytes);
        munmap(turned_group.map, turned_group.bytes);
        munmap(later.map, later.bytes);
    }
}

/* Its bias comes with the call: ALiBi's slopes of two heads are 2^-4 and 2^-8. */
static void biases_in_groups(void **state) {
    struct group g;
    struct attn_call c;
    (void)state;
    open_group(&g, "alibi", "causal");
    assert_int_equal(g.problem.bias, ATTN_BIAS_ALIBI);
    group_call(&g, &g.problem, &c);
    assert_true(attn_bias_at(&c, 0, 0, 0, 10, 42) == -2 && attn_bias_at(&c, 0, 1, 0, 10, 42) == -0.125f);
    munmap(g.map, g.bytes);
    open_group(&g, "t5,buckets=8,max_distance=20", "causal");
    group_call(&g, &g.problem, &c);
    assert_int_equal(c.bias.count, 41);
    assert_true(attn_bias_at(&c, 0, 0, 0, 0, 20) == attn_bias_at(&c, 0, 0, 0, 0, 60));
    assert_true(attn_bias_at(&c, 0, 0, 0, 59, 60) != attn_bias_at(&c, 0, 0, 0, 58, 60));
    munmap(g.map, g.bytes);
}

/* ---- shaw -------------------------------------------------------------------------------------- */

enum { SHAW_N = 300, SHAW_D = 16, CLIP = 5 };

/* One head; with a bias where there are values for it. */
static void call_variant(const char *name, const void *params, const struct attn_view *tensors,
                         const float *qkv, float *bias, float *o) {
    const struct attn_variant *v = registry_find(name);
    const ptrdiff_t all = (ptrdiff_t)SHAW_N * SHAW_D;
    struct attn_problem p = {.struct_size = sizeof p,
                             .batch = 1,
                             .heads = 1,
                             .kv_heads = 1,
                             .nq = SHAW_N,
                             .nk = SHAW_N,
                             .dk = SHAW_D,
                             .dv = SHAW_D,
                             .scale = 0.25f,
                             .mask = ATTN_MASK_CAUSAL,
                             .bias = bias ? ATTN_BIAS_DENSE : ATTN_BIAS_NONE,
                             .threads = 2};
    struct attn_need need = {.struct_size = sizeof need};
    struct block scratch;
    struct attn_call c = {.struct_size = sizeof c, .problem = &p, .params = params, .tensors = tensors};
    v->size(&p, params, &need);
    assert_int_equal(block_make(&scratch, need.scratch), 0);
    c.scratch = scratch.data;
    c.q = (struct attn_view){qkv, all, all, SHAW_D};
    c.k = (struct attn_view){qkv + all, all, all, SHAW_D};
    c.v = (struct attn_view){qkv + 2 * all, all, all, SHAW_D};
    c.o = (struct attn_output){o, all, all, SHAW_D};
    c.bias = (struct attn_bias){.values = bias, .query = SHAW_N, .key = 1};
    v->forward(&c);
    block_free(&scratch);
}

/* The part of the keys is a bias, scale q_i . a_k[clip(j - i)], and weights sum to one: with a_v the same vector at every
   distance the output is that of flash with the bias, and the vector. Both sides are floats of some 1; 5e-6 is twice
   what flash may err by, and one more rounding. */
static void shaw_is_a_bias(void **state) {
    enum { ROWS = 2 * CLIP + 1, ALL = SHAW_N * SHAW_D };
    static float qkv[3 * ALL], bias[SHAW_N * SHAW_N], own[ALL], other[ALL], a_k[ROWS * SHAW_D],
        a_v[ROWS * SHAW_D];
    const struct attn_view tensors[] = {{a_k, 0, 0, SHAW_D}, {a_v, 0, 0, SHAW_D}};
    const struct attn_variant *shaw = registry_find("shaw");
    struct attn_error error;
    (void)state;
    void *params = params_defaults(shaw), *none = params_defaults(registry_find("flash"));
    struct doc *clip = doc_number(CLIP);
    assert_int_equal(params_set(params, params_find(shaw, "clip"), clip, &error), 0);
    attn_random_normal(5, 1, 0, 3 * ALL, qkv);
    attn_random_normal(5, 2, 0, ROWS * SHAW_D, a_k);
    for (int x = 0; x < ROWS * SHAW_D; x++) a_v[x] = 0.125f * (float)(x % SHAW_D);
    for (int i = 0; i < SHAW_N; i++)
        for (int j = 0; j < SHAW_N; j++) {
            int r = j - i < -CLIP ? 0 : j - i > CLIP ? 2 * CLIP : j - i + CLIP;
            bias[i * SHAW_N + j] = (float)(0.25 * dot(qkv + i * SHAW_D, a_k + r * SHAW_D, SHAW_D));
        }
    call_variant("shaw", params, tensors, qkv, NULL, own);
    call_variant("flash", none, NULL, qkv, bias, other);
    for (int x = 0; x < ALL; x++) assert_true(fabsf(own[x] - other[x] - a_v[x % SHAW_D]) < 5e-6f);
    doc_free(clip);
    free(params), free(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rope_definition),  cmocka_unit_test(rope_by_item),
        cmocka_unit_test(rope_is_relative), cmocka_unit_test(alibi),
        cmocka_unit_test(t5_buckets),       cmocka_unit_test(t5_bias),
        cmocka_unit_test(sinusoids),        cmocka_unit_test(rope_in_groups),
        cmocka_unit_test(biases_in_groups), cmocka_unit_test(shaw_is_a_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
