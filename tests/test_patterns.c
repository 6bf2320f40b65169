/*
 * test_patterns.c -- which keys a query sees: patterns drawn from what forward() weighs, limits in which a
 * subset is everything, and the tensors of their own that layouts and global tokens have.
 */
#include "bench.h"

/* ---- drawings ------------------------------------------------------------------------------------ */

enum { N = 24 }; /* at most */

/* One line for each query, 'x' for a key that it sees, drawn twice: from forward() on equal logits and unit
   vectors as values, and from the weights of the definition. The two must agree. */
static void draw(struct rig *r, int h, char text[N][N + 1]) {
    const struct attn_output *o = &r->subject.call.o;
    double weights[N], out[N];
    int n = r->trial.nq;
    for (int i = 0; i < n; i++) {
        const float *row = o->data + h * o->head + i * o->row;
        r->subject.variant->reference(&r->subject.call, 0, h, &i, 1, weights, NULL, out);
        for (int j = 0; j < n; j++) {
            text[i][j] = row[j] > 0 ? 'x' : '.';
            if ((weights[j] > 0) != (row[j] > 0))
                fail_msg("row %d, key %d: forward and definition differ", i, j);
        }
        text[i][n] = 0;
    }
}

static struct text drawn;

static void add_drawing(const char *title, struct rig *r, int heads) {
    char text[N][N + 1];
    int n = r->trial.nq;
    for (int h = 0; h < heads; h++)
        for (int j = 0; j < n; j++)
            for (int d = 0; d < n; d++) ((float *)r->v.data)[(h * n + j) * n + d] = d == j;
    memset(r->q.data, 0, r->q.bytes);
    rig_run(r, 0x11);
    for (int h = 0; h < heads; h++) {
        draw(r, h, text);
        text_add(&drawn, "%s%s, head %d\n", drawn.s ? "\n" : "", title, h);
        for (int i = 0; i < n; i++) text_add(&drawn, "%s\n", text[i]);
    }
    rig_free(r);
}

static const struct trial causal_heads = {
    .batch = 1, .heads = 2, .nq = N, .nk = N, .dk = 4, .dv = N, .mask = ATTN_MASK_CAUSAL, .threads = 2};
static const struct trial causal_one = {
    .batch = 1, .heads = 1, .nq = N, .nk = N, .dk = 4, .dv = N, .mask = ATTN_MASK_CAUSAL, .threads = 2};
static const struct trial open_one = {
    .batch = 1, .heads = 1, .nq = N, .nk = N, .dk = 4, .dv = N, .threads = 2};
static const struct trial open_heads = {
    .batch = 1, .heads = 2, .nq = N, .nk = N, .dk = 4, .dv = N, .threads = 2};

static const struct trial of_figure = {
    .batch = 1, .heads = 1, .nq = 12, .nk = 12, .dk = 4, .dv = 12, .threads = 2};

static void draw_all(void) {
    struct rig r;
    float layout[9] = {1, 0, 0, 0, 1, 1, 1, 0, 0}, marks[N] = {0};
    marks[9] = 1;
#define DRAW(trial, variant, ...)                   \
    make(&r, variant, &(trial), __VA_ARGS__, NULL); \
    add_drawing(#trial ": " variant " " #__VA_ARGS__, &r, (trial).heads)
    DRAW(open_one, "local", "window=3");
    DRAW(open_one, "sink", "tokens=3", "window=2");
    DRAW(causal_one, "sink", "tokens=2", "window=9", "left=4");
    DRAW(causal_one, "sparse", "pattern=strided", "stride=5");
    DRAW(causal_heads, "sparse", "pattern=strided", "stride=5", "form=code", "heads=split");
    DRAW(causal_heads, "sparse", "pattern=strided", "stride=5", "heads=split");
    DRAW(causal_one, "sparse", "pattern=fixed", "stride=6", "summary=2");
    DRAW(causal_one, "sparse", "pattern=fixed", "stride=6", "summary=2", "form=lra");
    DRAW(causal_heads, "sparse", "pattern=fixed", "stride=6", "summary=2", "form=code");
    DRAW(causal_heads, "sparse", "pattern=fixed", "stride=6", "summary=2", "heads=split");
    DRAW(of_figure, "bigbird", "block=2", "global_blocks=1", "random_blocks=1");
    DRAW(open_heads, "bigbird", "block=3", "random_blocks=2");
    DRAW(open_one, "bigbird", "block=5", "random_blocks=0");
    DRAW(open_heads, "bigbird", "mode=etc", "block=4", "global_tokens=3", "window_blocks=1",
         "random_blocks=1");
    DRAW(open_one, "blocksparse", "pattern=local", "block=3", "window_blocks=5");
    DRAW(causal_one, "blocksparse", "pattern=longformer", "block=4", "global_blocks=2");
    DRAW(open_heads, "blocksparse", "pattern=bigbird", "block=3");
    DRAW(causal_heads, "blocksparse", "pattern=fixed", "block=2", "global_turns=2");
    DRAW(open_heads, "blocksparse", "pattern=fixed", "block=2", "local_blocks=5", "global_turns=2",
         "horizontal=yes");
    DRAW(open_one, "longformer", "window=2", "globals=2");
    DRAW(causal_one, "longformer", "window=2", "globals=2");
    DRAW(open_heads, "longformer", "window=2", "globals=1", "dilation=3", "dilated_heads=1");
    make(&r, "longformer", &open_one, "window=2", "globals=0", NULL);
    r.subject.tensors[3] = (struct attn_view){marks, 0, 0, 1};
    add_drawing("open_one: longformer \"window=2\", \"globals=0\", key 9 marked", &r, 1);
    make(&r, "blocksparse", &open_one, "block=9", NULL);
    r.subject.tensors[0] = (struct attn_view){layout, 0, 0, 3};
    add_drawing("open_one: blocksparse \"block=9\", layout 100/011/100", &r, 1);
#undef DRAW
}

static void patterns_as_drawn(void **state) {
    const char *path = "tests/golden/patterns.txt";
    FILE *f = fopen(path, "r");
    char line[200];
    (void)state;
    draw_all();
    const char *at = drawn.s;
    if (!f) fail_msg("%s is not there", path);
    for (int n = 1; fgets(line, sizeof line, f); n++) {
        size_t length = strlen(line);
        if (strncmp(at, line, length)) {
            fclose(f);
            f = fopen("build/patterns.txt", "w");
            if (f) fputs(drawn.s, f), fclose(f);
            fail_msg("%s:%d differs from what is drawn now, build/patterns.txt", path, n);
        }
        at += length;
    }
    assert_int_equal(*at, 0);
    fclose(f);
    free(drawn.s);
}

/* ---- limits -------------------------------------------------------------------------------------- */

static const struct trial square = {.batch = 2, .heads = 2, .nq = 150, .nk = 150, .dk = 8, .threads = 2};
static const struct trial causal = {
    .batch = 2, .heads = 2, .nq = 150, .nk = 150, .dk = 8, .mask = ATTN_MASK_CAUSAL, .threads = 2};

/* Softmax over all keys in another order of sums: rounding alone. */
static const double rounding = 1e-6;

static void a_stride_beyond_n_is_full(void **state) {
    struct rig r;
    (void)state;
    make(&r, "sparse", &causal, "stride=150", NULL);
    expect_full(&r, &causal, 1, rounding);
    rig_free(&r);
    make(&r, "sparse", &causal, "pattern=fixed", "stride=150", NULL);
    expect_full(&r, &causal, 1, rounding);
    rig_free(&r);
    make(&r, "sparse", &causal, "stride=1", NULL);
    expect_full(&r, &causal, 1, rounding);
    rig_free(&r);
}

static void a_full_layout_is_full(void **state) {
    struct rig r;
    float layout[5 * 5];
    (void)state;
    for (int i = 0; i < 25; i++) layout[i] = 1;
    for (int masked = 0; masked < 2; masked++) {
        make(&r, "blocksparse", masked ? &causal : &square, "block=32", NULL);
        r.subject.tensors[0] = (struct attn_view){layout, 0, 0, 5};
        expect_full(&r, masked ? &causal : &square, 1, rounding);
        rig_free(&r);
    }
}

static void an_open_window_is_full(void **state) {
    struct rig r;
    (void)state;
    for (int masked = 0; masked < 2; masked++) {
        make(&r, "longformer", masked ? &causal : &square, "window=150", NULL);
        expect_full(&r, masked ? &causal : &square, 1, rounding);
        rig_free(&r);
        make(&r, "sink", masked ? &causal : &square, "window=1", "tokens=150", NULL);
        expect_full(&r, masked ? &causal : &square, 1, rounding);
        rig_free(&r);
        make(&r, "sink", masked ? &causal : &square, "window=150", NULL);
        expect_full(&r, masked ? &causal : &square, 1, rounding);
        rig_free(&r);
        make(&r, "longformer", masked ? &causal : &square, "window=1", "globals=150", NULL);
        expect_full(&r, masked ? &causal : &square, 1, rounding);
        rig_free(&r);
    }
}

/* Without sinks it is the window, to the last bit. */
static void a_window_without_sinks(void **state) {
    struct rig window, sink;
    (void)state;
    make(&window, "local", &causal, "window=20", NULL);
    make(&sink, "sink", &causal, "window=20", "tokens=0", NULL);
    rig_run(&window, 0x11), rig_run(&sink, 0x11);
    float *a = rig_output(&window), *b = rig_output(&sink);
    assert_memory_equal(a, b, rig_elements(&sink) * sizeof *a);
    free(a), free(b);
    rig_free(&window), rig_free(&sink);
}

/* ---- global tokens ------------------------------------------------------------------------------- */

static double largest_difference(const float *x, const double *y, int n) {
    double worst = 0;
    for (int i = 0; i < n; i++) worst = fmax(worst, fabs((double)x[i] - y[i]));
    return worst;
}

/* With tensors of their own, rows of global tokens are softmax attention over those; other rows read q, k and v
   alone. A marked token is as global as a leading one. */
static void global_rows_use_their_own_projections(void **state) {
    enum { LENGTH = 40, D = 6 };
    const struct trial t = {.batch = 1, .heads = 1, .nq = LENGTH, .nk = LENGTH, .dk = D, .threads = 2};
    float own[3][LENGTH * D], marks[LENGTH] = {0};
    double want[D], before[D];
    struct rig r, plain;
    (void)state;
    for (int x = 0; x < 3; x++) attn_random_normal(9, (uint64_t)x, 0, LENGTH * D, own[x]);
    marks[17] = 1;
    make(&r, "longformer", &t, "window=3", "globals=2", NULL);
    make(&plain, "longformer", &t, "window=3", "globals=2", NULL);
    for (int x = 0; x < 3; x++) r.subject.tensors[x] = (struct attn_view){own[x], 0, 0, D};
    r.subject.tensors[3] = plain.subject.tensors[3] = (struct attn_view){marks, 0, 0, 1};
    struct attn_call global = r.subject.call;
    global.q = r.subject.tensors[0];
    global.k = r.subject.tensors[1];
    global.v = r.subject.tensors[2];
    rig_run(&r, 0x11);
    float *got = rig_output(&r);
    for (int i = 0; i < LENGTH; i++) {
        int is_global = i < 2 || i == 17;
        attn_softmax_rows(&global, 0, 0, &i, 1, NULL, want, NULL, NULL);
        plain.subject.variant->reference(&plain.subject.call, 0, 0, &i, 1, NULL, NULL, before);
        double error = largest_difference(got + i * D, is_global ? want : before, D);
        if (error > 1e-6) fail_msg("row %d is off by %.3g", i, error);
    }
    free(got);
    rig_free(&r), rig_free(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_as_drawn),      cmocka_unit_test(a_stride_beyond_n_is_full),
        cmocka_unit_test(a_full_layout_is_full),  cmocka_unit_test(an_open_window_is_full),
        cmocka_unit_test(a_window_without_sinks), cmocka_unit_test(global_rows_use_their_own_projections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
