/*
 * test_blocks.c -- patterns of blocks: which keys a row of BigBird has and how they are drawn, rules against layouts
 * that are spelt out, and the axes of runs under them.
 */
#include "bench.h"
#include "blocks.h"
#include "parts.h"
#include "tensors.h"

/* ---- bigbird: the keys of each row ----------------------------------------------------------------- */

enum { BLOCK = 8, BLOCKS = 13, HEADS = 4, RANDOM = 3 };

/* The last block has but 3 tokens. */
static const struct trial sequence = {.batch = 1, .heads = HEADS, .nq = 99, .nk = 99, .dk = 4, .threads = 2};

static int tokens_of(int block) { return block == BLOCKS - 1 ? 3 : BLOCK; }

/* How many keys row i sees, by its weights. */
static int seen(struct rig *r, int h, int i) {
    double *weights = malloc((size_t)r->trial.nk * sizeof *weights), out[64];
    int count = 0;
    r->subject.variant->reference(&r->subject.call, 0, h, &i, 1, weights, NULL, out);
    for (int j = 0; j < r->trial.nk; j++) count += weights[j] > 0;
    free(weights);
    return count;
}

/* Every inner row: two global blocks, three of the window, three others, none of them twice, in no head short. */
static void rows_have_their_blocks(void **state) {
    struct rig r;
    (void)state;
    make(&r, "bigbird", &sequence, "block=8", NULL);
    const int *drawn = r.subject.call.state;
    for (int h = 0; h < HEADS; h++)
        for (int row = 0; row < BLOCKS; row++) {
            const int *own = drawn + (h * BLOCKS + row) * RANDOM;
            int keys = 0, is_there[BLOCKS] = {0};
            if (row == 0 || row == BLOCKS - 1) {
                for (int d = 0; d < RANDOM; d++) assert_int_equal(own[d], -1);
                assert_int_equal(seen(&r, h, row * BLOCK), sequence.nk);
                continue;
            }
            is_there[0] = is_there[BLOCKS - 1] = is_there[row - 1] = is_there[row] = is_there[row + 1] = 1;
            for (int d = 0; d < RANDOM; d++) {
                assert_in_range(own[d], 1, BLOCKS - 2);
                if (is_there[own[d]]++) fail_msg("head %d, row %d has block %d twice", h, row, own[d]);
                assert_true(d == 0 || own[d] > own[d - 1]);
            }
            for (int block = 0; block < BLOCKS; block++) keys += is_there[block] * tokens_of(block);
            assert_int_equal(seen(&r, h, row * BLOCK), keys);
            assert_int_equal(seen(&r, h, row * BLOCK + BLOCK - 1), keys);
        }
    rig_free(&r);
}

/* Where fewer blocks are left than are to be drawn, all of them are taken: that is full attention. */
static void all_that_is_left_is_drawn(void **state) {
    const struct trial t = {.batch = 2, .heads = 3, .nq = 150, .nk = 150, .dk = 8, .threads = 2};
    struct rig r;
    (void)state;
    make(&r, "bigbird", &t, "block=8", "random_blocks=30", NULL);
    expect_full(&r, &t, 1, 1e-6); /* rounding alone */
    rig_free(&r);
    make(&r, "bigbird", &t, "block=8", "random_blocks=0", "window_blocks=39", NULL);
    expect_full(&r, &t, 1, 1e-6);
    rig_free(&r);
    make(&r, "bigbird", &t, "block=8", "random_blocks=0", "global_blocks=19", NULL);
    expect_full(&r, &t, 1, 1e-6);
    rig_free(&r);
    make(&r, "bigbird", &t, "mode=etc", "global_tokens=150", NULL);
    expect_full(&r, &t, 1, 1e-6);
    rig_free(&r);
}

/* The ends of the range are drawn as often as chance has it, and so is its first half; nothing of the window is. */
static void every_block_is_as_likely(void **state) {
    enum { ROWS = 400, EACH = 2, MANY = 40 };
    const struct blocks x = {.size = 1, .window = 1, .first = 1, .last = 1, .random = EACH};
    int *drawn = malloc(blocks_drawn(&x, MANY, ROWS) * sizeof *drawn), row = 200, near = 0, far = 0;
    double expected = (double)EACH / (ROWS - 2 - 3), count = 0, sigma;
    (void)state;
    blocks_draw(&x, MANY, ROWS, 7, drawn);
    for (int h = 0; h < MANY; h++)
        for (int r = 1; r < ROWS - 1; r++)
            for (int d = 0; d < EACH; d++) {
                int block = drawn[(h * ROWS + r) * EACH + d];
                if (abs(block - r) <= 1) fail_msg("row %d drew block %d of its window", r, block);
                near += block == 1 && r > 2;
                far += block == ROWS - 2 && r < ROWS - 3;
                count += block < row && r > row + 1;
            }
    /* The ends of the range, over 40 heads and 396 rows; 5 sigma of a count. */
    sigma = sqrt(MANY * 396 * expected);
    if (fabs(near - MANY * 396 * expected) > 5 * sigma || fabs(far - MANY * 396 * expected) > 5 * sigma)
        fail_msg("block 1 is drawn %d times, the last but one %d, expected %.0f", near, far,
                 MANY * 396 * expected);
    /* Rows 202 .. 398 draw from 1 .. 199 of them half the time: 199 of 395. */
    double share = count / (MANY * 197.0 * EACH), half = 199.0 / 395;
    if (fabs(share - half) > 5 * sqrt(half * (1 - half) / (MANY * 197.0 * EACH)))
        fail_msg("the first half is drawn with a share of %.4f, not %.4f", share, half);
    free(drawn);
}

static void draws_follow_the_seed(void **state) {
    const struct blocks x = {.size = 8, .window = 1, .first = 1, .last = 1, .random = RANDOM};
    int a[2 * HEADS * BLOCKS * RANDOM], b[2 * HEADS * BLOCKS * RANDOM];
    (void)state;
    blocks_draw(&x, HEADS, 99, 3, a);
    blocks_draw(&x, 2 * HEADS, 99, 3, b);
    assert_memory_equal(a, b, HEADS * BLOCKS * RANDOM * sizeof *a); /* whatever other heads there are */
    blocks_draw(&x, HEADS, 99, 4, b);
    assert_memory_not_equal(a, b, HEADS * BLOCKS * RANDOM * sizeof *a);
    assert_memory_not_equal(a, a + BLOCKS * RANDOM, BLOCKS * RANDOM * sizeof *a); /* heads draw apart */
    for (int isa = 1; isa < attn_isa_count(); isa++)
        for (int threads = 1; threads < 4; threads++) {
            struct trial t = sequence;
            struct rig one, other;
            if (!attn_isa_usable(isa)) continue;
            t.threads = threads, t.isa = isa;
            make(&one, "bigbird", &sequence, "block=8", NULL);
            make(&other, "bigbird", &t, "block=8", NULL);
            assert_memory_equal(one.subject.call.state, other.subject.call.state, one.subject.need.state);
            rig_free(&one), rig_free(&other);
        }
}

static void random_keys_bounds_the_draw(void **state) {
    struct rig r;
    int most = 0;
    (void)state;
    make(&r, "bigbird", &sequence, "block=8", "random_keys=48", NULL);
    const int *drawn = r.subject.call.state;
    for (int x = 0; x < HEADS * BLOCKS * RANDOM; x++) most = max_int(most, drawn[x]);
    assert_int_equal(most, 48 / BLOCK - 1);
    rig_free(&r);
}

static void an_even_window_is_refused(void **state) {
    static const char *const names[] = {"bigbird", "blocksparse"};
    (void)state;
    for (int x = 0; x < 2; x++) {
        const struct attn_variant *v = registry_find(names[x]);
        struct attn_problem p = {
            .struct_size = sizeof p, .batch = 1, .heads = 1, .kv_heads = 1, .nq = 9, .nk = 9};
        struct attn_error error;
        void *params = params_defaults(v);
        struct doc *two = doc_number(2), *local = doc_string("local");
        assert_int_equal(v->check(&p, params, &error), 0);
        assert_int_equal(params_set(params, params_find(v, "window_blocks"), two, &error), 0);
        if (x == 1) assert_int_equal(params_set(params, params_find(v, "pattern"), local, &error), 0);
        assert_int_equal(v->check(&p, params, &error), -1);
        assert_non_null(strstr(error.text, "odd"));
        doc_free(two), doc_free(local), free(params);
    }
}

/* ---- rules against layouts ------------------------------------------------------------------------- */

enum { SIZE = 8, MOST = 16 };

struct rule {
    const char *settings[5];
    void (*fill)(int h, int n, float to[MOST][MOST]);
    enum attn_mask mask;
};

static void window(int reach, int n, float to[MOST][MOST]) {
    for (int row = 0; row < n; row++)
        for (int c = max_int(0, row - reach); c <= min_int(n - 1, row + reach); c++) to[row][c] = 1;
}

static void fill_local(int h, int n, float to[MOST][MOST]) {
    (void)h;
    window(2, n, to);
}

static void fill_longformer(int h, int n, float to[MOST][MOST]) {
    (void)h;
    window(1, n, to);
    for (int g = 0; g < 2; g++)
        for (int x = 0; x < n; x++) to[g][x] = to[x][g] = 1;
}

/* As DeepSpeed fills its layout: stretches first, then bars at every stretch's end, counted backwards for later heads. */
static void fill_fixed(int h, int n, float to[MOST][MOST], int stretch, int globals, int turns,
                       int horizontal) {
    int first = stretch - (1 + h % turns) * globals, whole = n - n % stretch, starts[MOST], count = 0;
    for (int begin = 0; begin < n; begin += stretch)
        for (int row = begin; row < min_int(begin + stretch, n); row++)
            for (int c = begin; c < min_int(begin + stretch, n); c++) to[row][c] = 1;
    for (int at = first; at < whole; at += stretch) starts[count++] = at;
    if (whole < n) starts[count++] = max_int(min_int(whole + first, n - globals), 0);
    for (int s = 0; s < count; s++)
        for (int g = starts[s]; g < starts[s] + globals; g++)
            for (int x = 0; x < n; x++) {
                to[x][g] = 1;
                if (horizontal) to[g][x] = 1;
            }
}

static void fill_fixed_default(int h, int n, float to[MOST][MOST]) { fill_fixed(h, n, to, 4, 1, 1, 0); }
static void fill_fixed_turns(int h, int n, float to[MOST][MOST]) { fill_fixed(h, n, to, 6, 2, 3, 0); }
static void fill_fixed_horizontal(int h, int n, float to[MOST][MOST]) { fill_fixed(h, n, to, 4, 2, 2, 1); }

/* To the last bit: a rule takes the way of its layout. */
static void rules_are_their_layouts(void **state) {
    static const struct rule rules[] = {
        {{"pattern=local", "window_blocks=5"}, fill_local, ATTN_MASK_NONE},
        {{"pattern=longformer", "global_blocks=2"}, fill_longformer, ATTN_MASK_NONE},
        {{"pattern=longformer", "global_blocks=2"}, fill_longformer, ATTN_MASK_CAUSAL},
        {{"pattern=bigbird", "random_blocks=0", "global_blocks=2"}, fill_longformer, ATTN_MASK_NONE},
        {{"pattern=fixed"}, fill_fixed_default, ATTN_MASK_NONE},
        {{"pattern=fixed"}, fill_fixed_default, ATTN_MASK_CAUSAL},
        {{"pattern=fixed", "local_blocks=6", "global_blocks=2", "global_turns=3"},
         fill_fixed_turns,
         ATTN_MASK_NONE},
        {{"pattern=fixed", "horizontal=yes", "global_blocks=2", "global_turns=2"},
         fill_fixed_horizontal,
         ATTN_MASK_NONE},
    };
    static const int lengths[] = {MOST * SIZE, MOST * SIZE - 3, 9 * SIZE, 13 * SIZE + 1, 5};
    (void)state;
    for (size_t x = 0; x < sizeof rules / sizeof *rules; x++)
        for (int l = 0; l < 5; l++) {
            const struct rule *rule = &rules[x];
            struct trial t = {.batch = 2,
                              .heads = 4,
                              .kv_heads = 2,
                              .nq = lengths[l],
                              .nk = lengths[l],
                              .dk = 8,
                              .mask = rule->mask,
                              .threads = 2};
            static float layout[4][MOST][MOST];
            struct rig by_rule, by_layout;
            int n = ceil_div(t.nk, SIZE);
            memset(layout, 0, sizeof layout);
            for (int h = 0; h < t.heads; h++) rule->fill(h, n, layout[h]);
            make(&by_rule, "blocksparse", &t, "block=8", rule->settings[0], rule->settings[1],
                 rule->settings[2], rule->settings[3], NULL);
            make(&by_layout, "blocksparse", &t, "block=8", NULL);
            by_layout.subject.tensors[0] = (struct attn_view){layout[0][0], 0, MOST * MOST, MOST};
            rig_run(&by_rule, 0x11), rig_run(&by_layout, 0x22);
            float *a = rig_output(&by_rule), *b = rig_output(&by_layout);
            if (memcmp(a, b, rig_elements(&by_rule) * sizeof *a))
                fail_msg("%s, n = %d, differs from its layout", rule->settings[0], t.nk);
            free(a), free(b);
            rig_free(&by_rule), rig_free(&by_layout);
        }
}

/* With blocks of one, a window of blocks is a window of keys. */
static void blocks_of_one_are_keys(void **state) {
    const struct trial t = {.batch = 1, .heads = 2, .nq = 70, .nk = 70, .dk = 8, .threads = 2};
    struct rig window, blocks;
    (void)state;
    make(&window, "local", &t, "window=6", NULL);
    make(&blocks, "blocksparse", &t, "pattern=local", "block=1", "window_blocks=13", NULL);
    rig_run(&window, 0x11), rig_run(&blocks, 0x11);
    float *a = rig_output(&window), *b = rig_output(&blocks);
    for (size_t x = 0; x < rig_elements(&window); x++) assert_float_equal(a[x], b[x], 1e-6); /* rounding */
    free(a), free(b);
    rig_free(&window), rig_free(&blocks);
}

/* A layout of n^2 / block^2 values is there for the pattern that reads it alone. */
static void rules_have_no_layout(void **state) {
    const struct attn_variant *v = registry_find("blocksparse");
    const struct trial t = {.batch = 1, .heads = 2, .nq = 70, .nk = 70, .dk = 8, .threads = 2};
    struct attn_tensor wrong = v->tensors[0];
    struct tensor_shape shape;
    struct attn_error error;
    struct rig with, without;
    (void)state;
    make(&with, "blocksparse", &t, NULL);
    make(&without, "blocksparse", &t, "pattern=fixed", NULL);
    assert_non_null(with.subject.tensors[0].data);
    assert_null(without.subject.tensors[0].data);
    assert_int_equal(tensors_shape(v, &wrong, &without.problem, without.subject.params, &shape, &error), 0);
    assert_true(shape.absent && shape.count == 0);
    const int sizes[] = {1, 2, 2};
    assert_int_equal(tensors_stored(&wrong, &shape, 3, sizes, &shape, &error), -1);
    assert_non_null(strstr(error.text, "not there"));
    static const char *const bad[] = {"h nq if colour=red",
                                      "h nq if pattern=red",
                                      "h nq if block=1",
                                      "h nq if x",
                                      "h nq if pattern!=red",
                                      "h nq if pattern!fixed",
                                      "h nq if pattern=layout and block=1"};
    for (int x = 0; x < 7; x++) {
        wrong.shape = bad[x];
        assert_int_equal(tensors_shape(v, &wrong, &with.problem, with.subject.params, &shape, &error), -1);
    }
    static const struct {
        const char *shape;
        int with, without; /* absent where pattern = layout, where it is fixed */
    } conditions[] = {{"h nq if pattern!=layout", 1, 0},
                      {"h nq if pattern!=layout and pattern!=fixed", 1, 1},
                      {"h nq if pattern!=local and horizontal=no", 0, 0},
                      {"h nq if horizontal=no and pattern=fixed", 1, 0}};
    for (int x = 0; x < 4; x++) {
        wrong.shape = conditions[x].shape;
        assert_int_equal(tensors_shape(v, &wrong, &with.problem, with.subject.params, &shape, &error), 0);
        assert_int_equal(shape.absent, conditions[x].with);
        assert_int_equal(tensors_shape(v, &wrong, &without.problem, without.subject.params, &shape, &error),
                         0);
        assert_int_equal(shape.absent, conditions[x].without);
    }
    rig_free(&with), rig_free(&without);
}

/* Is the tensor there by default, and with another choice? */
static void tensors_that_no_mode_reads(void **state) {
    static const struct trial t = {
        .batch = 1, .heads = 2, .nq = 70, .nk = 70, .dk = 8, .threads = 2, .mask = ATTN_MASK_CAUSAL};
    static const struct {
        const char *variant, *tensor, *choice;
        int by_default, then;
    } each[] = {
        {"linformer", "e", "projection=mean_pool", 1, 0},
        {"linformer", "f", "sharing=key_value", 1, 0},
        {"linformer", "e", "sharing=none", 1, 0},
        {"linformer", "e_heads", "sharing=none", 0, 1},
        {"linformer", "f_heads", "sharing=none", 0, 1},
        {"linformer", "kernel_f_heads", "sharing=none", 0, 0},
        {"linformer", "kernel_e", "projection=conv", 0, 1},
        {"linformer", "kernel_f", "projection=conv", 0, 1},
        {"rfa", "gate", "gate=sigmoid", 0, 1},
        {"deltanet", "gate", "gate=log", 0, 1},
        {"hyena", "w_out_first", "form=paper", 0, 1},
        {"hyena", "bias", "form=paper", 1, 0},
        {"hyena", "short_v", "short_conv=off", 1, 0},
        {"hyena", "short_bias_v", "short_conv=off", 1, 0},
        {"memory", "gate", "combine=joint", 1, 0},
    };
    (void)state;
    for (size_t x = 0; x < sizeof each / sizeof *each; x++) {
        struct trial own = t;
        struct rig r;
        if (!strcmp(each[x].variant, "linformer")) own.mask = ATTN_MASK_NONE;
        for (int then = 0; then < 2; then++) {
            make(&r, each[x].variant, &own, then ? each[x].choice : NULL, NULL);
            size_t at = tensors_find(r.subject.variant, each[x].tensor);
            int there = r.subject.tensors[at].data != NULL;
            if (there != (then ? each[x].then : each[x].by_default))
                fail_msg("%s, %s: %s is%s there", each[x].variant, then ? each[x].choice : "by default",
                         each[x].tensor, there ? "" : " not");
            rig_free(&r);
        }
    }
}

/* What a rule needs beside the tiles grows with n / block at most, at any length. */
static void memory_of_rules(void **state) {
    static const char *const names[] = {"local", "longformer", "bigbird", "fixed"};
    const struct attn_variant *v = registry_find("blocksparse");
    (void)state;
    for (int x = 0; x < 4; x++) {
        struct attn_problem p = {
            .struct_size = sizeof p, .batch = 1, .heads = 8, .kv_heads = 8, .dk = 64, .dv = 64, .threads = 2};
        struct attn_need need[3];
        struct attn_error error;
        void *params = params_defaults(v);
        struct doc *word = doc_string(names[x]);
        assert_int_equal(params_set(params, params_find(v, "pattern"), word, &error), 0);
        for (int l = 0; l < 3; l++) {
            p.nq = p.nk = 1 << (14 + 2 * l);
            v->size(&p, params, &need[l]);
        }
        double first = (double)(need[1].state + need[1].scratch) - (double)(need[0].state + need[0].scratch),
               second = (double)(need[2].state + need[2].scratch) - (double)(need[1].state + need[1].scratch);
        if (second > 4.01 * first) fail_msg("%s: %.0f bytes more, then %.0f", names[x], first, second);
        if (first > 8e6) fail_msg("%s takes %.0f bytes more for 49152 tokens more", names[x], first);
        doc_free(word), free(params);
    }
}

/* ---- runs ---------------------------------------------------------------------------------------- */

static void runs_are_joined(void **state) {
    enum { COUNT = 12, KEYS = 64 };
    (void)state;
    for (uint64_t trial = 0; trial < 500; trial++) {
        struct pattern_run runs[COUNT];
        int wanted[KEYS + 1] = {0}, n = 0, keys = 0;
        for (int x = 0; x < COUNT; x++) {
            runs[x].first = (int)attn_random_index(trial, 1, (uint64_t)x, KEYS);
            runs[x].end = min_int(KEYS, runs[x].first + (int)attn_random_index(trial, 2, (uint64_t)x, 6));
            for (int j = runs[x].first; j < runs[x].end; j++) wanted[j] = 1;
        }
        n = pattern_join_runs(runs, COUNT);
        for (int x = 0; x < n; x++) {
            assert_true(runs[x].first < runs[x].end);
            assert_true(x == 0 || runs[x].first > runs[x - 1].end); /* apart: a key stands between them */
            runs[x].at = keys;
            keys += runs[x].end - runs[x].first;
        }
        const struct pattern_axis axis = {.runs = runs, .nruns = n, .count = keys};
        for (int j = 0, o = 0; j <= KEYS; j++) {
            assert_int_equal(pattern_below(&axis, j), o);
            if (!wanted[j]) continue;
            assert_int_equal(pattern_row(&axis, o), j);
            int end = pattern_stretch(&axis, o, keys);
            for (int x = o; x < end; x++) assert_int_equal(wanted[j + x - o], 1);
            assert_true(end == keys || !wanted[j + end - o]);
            o++;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_their_blocks),
        cmocka_unit_test(all_that_is_left_is_drawn),
        cmocka_unit_test(every_block_is_as_likely),
        cmocka_unit_test(draws_follow_the_seed),
        cmocka_unit_test(random_keys_bounds_the_draw),
        cmocka_unit_test(an_even_window_is_refused),
        cmocka_unit_test(rules_are_their_layouts),
        cmocka_unit_test(blocks_of_one_are_keys),
        cmocka_unit_test(rules_have_no_layout),
        cmocka_unit_test(tensors_that_no_mode_reads),
        cmocka_unit_test(memory_of_rules),
        cmocka_unit_test(runs_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
