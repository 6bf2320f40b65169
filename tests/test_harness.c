/* test_harness.c -- the parts of the harness: text, documents, statistics, tensors, registry. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "accuracy.h"
#include "block.h"
#include "budget.h"
#include "doc.h"
#include "draft.h"
#include "machine.h"
#include "params.h"
#include "progress.h"
#include "registry.h"
#include "rotation.h"
#include "row.h"
#include "stats.h"
#include "stopwatch.h"
#include "tensor_file.h"
#include "tensor_write.h"
#include "tensors.h"
#include "text.h"

/* ---- text and documents ------------------------------------------------------------------------- */

static void sizes_and_times(void **state) {
    (void)state;
    assert_true(parse_bytes("512") == 512 && parse_bytes("2K") == 2048 &&
                parse_bytes("1.5G") == 1.5 * 0x1p30);
    assert_true(parse_bytes("3MiB") == 3 * 0x1p20 && parse_bytes("") == -1 && parse_bytes("-1") == -1 &&
                parse_bytes("2X") == -1);
    assert_true(parse_seconds("250ms") == 0.25 && parse_seconds("5m") == 300 && parse_seconds("2") == 2 &&
                parse_seconds("1d") == -1);
    assert_string_equal(show_bytes(1536), "1.5 KiB");
    assert_string_equal(show_seconds(0.00123), "1.23 ms");
}

static void nearest_names(void **state) {
    static const char *const names[] = {"flash", "full", "local", "linear"};
    (void)state;
    assert_string_equal(nearest("flahs", names, 4), "flash");
    assert_string_equal(nearest("Linear", names, 4), "linear");
    assert_null(nearest("zebra", names, 4));
    char *all = suggestion("zebra", names, 4);
    assert_string_equal(all, "allowed: flash, full, local, linear");
    free(all);
}

static void documents_keep_numbers(void **state) {
    char why[200];
    (void)state;
    struct doc *d = doc_object();
    doc_put_num(d, "a.b.c", 0.1);
    doc_put_num(d, "a.n", 1e15);
    doc_put_num(d, "nan", (double)NAN);
    char *text = doc_text(d, 0);
    struct doc *again = doc_parse(text, strlen(text), why);
    assert_true(doc_num(again, "a.b.c", 0) == 0.1 && doc_num(again, "a.n", 0) == 1e15);
    assert_false(doc_is_number(doc_get(again, "nan")));
    assert_null(doc_parse("{\"a\": 1", 7, why));
    assert_non_null(strstr(why, "line 1"));
    doc_free(d), doc_free(again), free(text);
}

/* ---- statistics --------------------------------------------------------------------------------- */

static void order_statistics(void **state) {
    const double x[] = {5, 1, 4, 2, 3, 100};
    (void)state;
    assert_true(stats_median(x, 6) == 3.5 && stats_median(x, 5) == 3);
    assert_true(stats_mad(x, 5) == 1 && stats_min(x, 6) == 1 && stats_max(x, 6) == 100);
    assert_true(stats_quantile(x, 5, 0.25) == 2);
    assert_true(isnan(stats_median(x, 0)));
    assert_float_equal(stats_range_confidence(6), 0.96875, 0);
}

/* The range of six medians holds the true median as often as it says: 10000 runs on seeded noise. */
static void the_interval_covers(void **state) {
    enum { RUNS = 10000, N = 6 };
    int covered = 0;
    (void)state;
    for (int r = 0; r < RUNS; r++) {
        float noise[N];
        double x[N];
        attn_random_normal(11, 1, (uint64_t)r * N, N, noise);
        for (int i = 0; i < N; i++) x[i] = exp((double)noise[i]); /* skewed, median 1 */
        covered += stats_min(x, N) <= 1 && 1 <= stats_max(x, N);
    }
    double rate = (double)covered / RUNS, sigma = sqrt(0.96875 * 0.03125 / RUNS);
    assert_true(fabs(rate - 0.96875) < 5 * sigma);
}

static struct doc *list(const double *x, size_t n) {
    struct doc *d = doc_array();
    for (size_t i = 0; i < n; i++) doc_add(d, doc_number(x[i]));
    return d;
}

/* The samples of a process; disturbed are those above `clean`. */
static struct doc *samples_of(const double *x, size_t n, double clean) {
    struct doc *d = doc_object(), *disturbed = doc_array();
    for (size_t i = 0; i < n; i++) doc_add(disturbed, doc_number(x[i] > clean));
    doc_put(d, "ns", list(x, n));
    doc_put(d, "disturbed", disturbed);
    return d;
}

/* Two undisturbed samples stand for a process, or a third of all that it has. */
static void medians_of_processes(void **state) {
    (void)state;
    const struct {
        double x[5];
        size_t n;
        double clean, median;
    } cases[] = {
        {{1, 2, 3}, 3, 9, 2},         {{1, 2, 3}, 3, 2, 1.5},    {{1, 2, 3}, 3, 1, 1}, {{1, 2, 3}, 3, 0, 2},
        {{5, 4, 3, 2, 1}, 5, 2, 1.5}, {{1, 2, 3, 4}, 4, 1, 2.5}, {{7}, 1, 1, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct doc *d = samples_of(cases[i].x, cases[i].n, cases[i].clean);
        assert_float_equal(row_process_median(d), cases[i].median, 0);
        doc_free(d);
    }
}

/* Half of the processes may show anything; and a neighbour who is there at times is no drift. */
static void a_sentinel_tells_drift(void **state) {
    (void)state;
    const double steady[] = {10, 5, 10, 9, 10, 5, 10, 10, 6}, slows[] = {10, 10, 5, 10, 9, 5, 9, 9, 5},
                 few[] = {10, 1};
    for (int drifting = 0; drifting <= 4; drifting++) {
        struct doc *row = doc_object(), *processes = doc_array();
        doc_put(row, "flags", doc_array());
        for (int r = 0; r < 4; r++) doc_add(processes, list(r < drifting ? slows : steady, 9));
        row_sentinel(row, processes);
        assert_int_equal(doc_has_word(doc_get(row, "flags"), "drift"), drifting > 2);
        assert_float_equal(doc_num(row, "time.sentinel.first", 0), 10, 0);
        assert_float_equal(doc_num(row, "time.sentinel.last", 0),
                           drifting > 2    ? 9
                           : drifting == 2 ? 9.5
                                           : 10,
                           0);
        assert_float_equal(doc_num(row, "time.sentinel.min", 0), 5, 0);
        doc_free(row), doc_free(processes);
    }
    struct doc *row = doc_object(), *processes = doc_array();
    doc_put(row, "flags", doc_array());
    doc_add(processes, list(few, 2));
    row_sentinel(row, processes);
    assert_false(doc_has_word(doc_get(row, "flags"), "drift"));
    doc_free(row), doc_free(processes);
}

/* Memory that grows while calls are timed; nothing where the kernel does not say, or nobody asked. */
static void memory_that_grows_late(void **state) {
    (void)state;
    const struct {
        double state, grown;
        int flagged;
    } cases[] = {
        {0, 1 << 20, 0}, {0, 32 << 20, 1}, {32 << 20, 32 << 20, 0}, {32 << 20, 64 << 20, 1}, {0, -1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct doc *row = doc_object();
        doc_put(row, "flags", doc_array());
        row_grown(row, cases[i].grown);
        assert_null(doc_get(row, "memory"));
        doc_put_num(row, "memory.state_bytes", cases[i].state);
        row_grown(row, cases[i].grown);
        assert_float_equal(doc_num(row, "memory.timed_hwm_bytes", -1), cases[i].grown, 0);
        assert_int_equal(doc_has_word(doc_get(row, "flags"), "undeclared_memory"), cases[i].flagged);
        doc_free(row);
    }
}

static void rows_of_times(void **state) {
    const double a[] = {10, 12, 11}, b[] = {20, 90, 22};
    struct doc *point = doc_object(), *replicates = doc_array();
    (void)state;
    doc_put_str(point, "id", "x/b1h1n8d4/none/gauss,s=1/t1/s1");
    doc_put_num(point, "cost.flops", 3200);
    doc_put_num(point, "cost.bytes", 1600);
    doc_add(replicates, samples_of(a, 3, 99));
    doc_add(replicates, samples_of(b, 3, 22));
    struct doc *row = row_begin(point, "attnbench run x.lua");
    row_timed(row, replicates, 5, 0);
    row_disturbed(row, 1);
    assert_true(doc_num(row, "time.median_ns", 0) == 16 && doc_num(row, "time.min_ns", 0) == 10);
    assert_true(doc_as_num(doc_at(doc_get(row, "time.ci_ns"), 0)) == 11 &&
                doc_as_num(doc_at(doc_get(row, "time.ci_ns"), 1)) == 21);
    assert_true(doc_num(row, "time.disturbed.kept", 0) == 1 &&
                doc_as_num(doc_at(doc_get(row, "time.disturbed.samples"), 0)) == 4);
    assert_false(doc_has_word(doc_get(row, "flags"), "disturbed"));
    assert_int_equal(doc_len(doc_get(row, "time.samples_ns")), 6);
    assert_string_equal(doc_as_str(doc_at(doc_get(row, "flags"), 0)), "interval_below_95_percent");
    row_ceilings(row, 400e9, 200e9); /* 8 ns of arithmetic, 8 ns of traffic, 16 ns taken */
    assert_float_equal(doc_num(row, "gflops", 0), 200, 1e-9);
    assert_float_equal(doc_num(row, "peak_fraction", 0), 0.5, 1e-9);
    assert_float_equal(doc_num(row, "roofline_fraction", 0), 0.5, 1e-9);
    assert_string_equal(
        doc_str(row, "repro", ""),
        "attnbench run x.lua --filter '^x/b1h1n8d4/none/gauss,s=1/t1/s1$' -o results/repro --overwrite");
    doc_free(row), doc_free(point), doc_free(replicates);
}

/* ---- accuracy ----------------------------------------------------------------------------------- */

static void distances(void **state) {
    const float got[] = {1, 0, 0, 2};
    const double want[] = {1, 0, 0, 1}, mean[] = {0, 0, 0, 0};
    (void)state;
    struct distance d = accuracy_distance(got, want, 2, 2);
    assert_float_equal(d.rel_fro, sqrt(0.5), 1e-12);
    assert_float_equal(d.max_abs, 1, 0);
    assert_int_equal(d.max_at, 3);
    assert_float_equal(d.cosine_mean, 1, 1e-12);
    assert_float_equal(accuracy_skill(got, want, mean, 4), 0.5, 1e-12);
    const float broken[] = {NAN, 0, 0, 1};
    assert_true(isinf(accuracy_distance(broken, want, 2, 2).rel_fro));
    const float none[] = {0, 0, 0, 0};
    assert_true(accuracy_distance(none, mean, 2, 2).rel_fro == 0);
    assert_true(accuracy_bound(ATTN_EXACT, 40) == 4e-6 && accuracy_bound(ATTN_DIFFERENT, 1) == 1e-5);
    assert_true(accuracy_bound_hard(ATTN_EXACT, 1e4, 1e-3) == 2e-3);
    assert_true(accuracy_bound_hard(ATTN_EXACT, 1e4, 0) ==
                2e-6); /* one key has all the weight: no error at all */
    assert_true(accuracy_bound_hard(ATTN_EXACT, 1e4, (double)INFINITY) == 1e-2);
    assert_true(accuracy_bound_hard(ATTN_DIFFERENT, 40, 1e-3) == 2e-5);
    const float near[] = {1, 0, 0, 1 + 0x1p-20f}; /* where the mean is the answer there is nothing to gain */
    assert_true(isinf(accuracy_skill(near, want, want, 4)) &&
                accuracy_skill(broken + 1, want + 1, want + 1, 3) == 1);
}

/* ---- the registry -------------------------------------------------------------------------------- */

static void incomplete_variants_are_refused(void **state) {
    struct attn_variant v = *registry_find("local");
    struct attn_param table[] = {v.params[0], {0}};
    struct attn_error error;
    (void)state;
    assert_int_equal(registry_verify(&v, &error), 0);
#define REFUSED(field, value, word)                        \
    do {                                                   \
        v = *registry_find("local");                       \
        v.field = value;                                   \
        assert_int_equal(registry_verify(&v, &error), -1); \
        assert_non_null(strstr(error.text, word));         \
    } while (0)
    REFUSED(magic, 1, "magic");
    REFUSED(abi, 99, "ABI 99");
    REFUSED(struct_size, 8, "bytes");
    REFUSED(name, "Local", "lower case");
    REFUSED(brief, NULL, "brief");
    REFUSED(forward, NULL, "forward()");
    REFUSED(reference, NULL, "reference()");
    REFUSED(caps, 0, "neither");
    REFUSED(params_size, 1, "outside params_size");
#undef REFUSED
    v = *registry_find("local");
    v.params = table;
    table[0].preset = -5;
    assert_int_equal(registry_verify(&v, &error), -1);
    assert_non_null(strstr(error.text, "outside its range"));
}

static void parameters_follow_their_table(void **state) {
    const struct attn_variant *v = registry_find("local");
    void *params = params_defaults(v);
    struct attn_error error;
    struct doc *good = doc_number(7), *half = doc_number(7.5), *low = doc_number(-2), *word = doc_string("x");
    (void)state;
    assert_int_equal(params_set(params, params_find(v, "window"), good, &error), 0);
    assert_int_equal(params_set(params, params_find(v, "window"), half, &error), -1);
    assert_string_equal(error.text, "window = 7.5: allowed is a whole number from 0 to 1073741824");
    assert_int_equal(params_set(params, params_find(v, "left"), low, &error), -1);
    assert_int_equal(params_set(params, params_find(v, "left"), word, &error), -1);
    char *label = params_label(v, params);
    assert_string_equal(label, "window=7");
    struct doc *d = params_doc(v, params);
    void *again = params_from_doc(v, d);
    assert_memory_equal(params, again, v->params_size);
    free(label), free(params), free(again);
    doc_free(d), doc_free(good), doc_free(half), doc_free(low), doc_free(word);
}

static void tensor_shapes(void **state) {
    static const struct attn_tensor table = {"s", ATTN_WEIGHT, "b hk window dv", NULL, 2, "dk", ""};
    const struct attn_variant *v = registry_find("local");
    struct attn_problem p = {.struct_size = sizeof p,
                             .batch = 2,
                             .heads = 6,
                             .kv_heads = 3,
                             .nq = 5,
                             .nk = 7,
                             .dk = 4,
                             .dv = 8,
                             .seed = 1};
    struct attn_tensor wrong = table;
    void *params = params_defaults(v);
    struct tensor_shape shape, other;
    struct attn_error error;
    (void)state;
    assert_int_equal(tensors_shape(v, &table, &p, params, &shape, &error), 0);
    assert_int_equal(shape.count, 2 * 3 * 256 * 8);
    struct attn_view view = tensors_view(&shape, NULL);
    assert_true(view.batch == 3 * 256 * 8 && view.head == 256 * 8 && view.row == 8);
    wrong.shape = "b colour";
    assert_int_equal(tensors_shape(v, &wrong, &p, params, &other, &error), -1);
    assert_non_null(strstr(error.text, "'colour'"));
    wrong.shape = "2*colour";
    assert_int_equal(tensors_shape(v, &wrong, &p, params, &other, &error), -1);
    wrong.shape = "2*window nk/dk";
    assert_int_equal(tensors_shape(v, &wrong, &p, params, &other, &error), 0);
    assert_true(other.rank == 2 && other.size[0] == 512 && other.size[1] == 2);
    float x[1000];
    double square = 0;
    assert_float_equal(shape.deviation, 1, 1e-12); /* 2 / sqrt(dk), dk = 4 */
    shape.count = 1000;
    tensors_generate(&table, &p, &shape, x);
    for (int i = 0; i < 1000; i++) square += (double)x[i] * (double)x[i];
    assert_float_equal(sqrt(square / 1000), 1, 0.1);
    free(params);
}

/* ---- memory -------------------------------------------------------------------------------------- */

static void blocks_know_their_extent(void **state) {
    struct block b;
    (void)state;
    assert_int_equal(block_make(&b, 1000), 0);
    assert_true((uintptr_t)b.data % 64 == 0);
    block_fill(&b, 0xa5);
    assert_int_equal(block_extent(&b, 0xa5), 0);
    b.data[700] = 1;
    assert_int_equal(block_extent(&b, 0xa5), 701);
    assert_true(block_slack_intact(&b));
    b.data[1000] = 1; /* into the slack */
    assert_false(block_slack_intact(&b));
    block_free(&b);
    assert_int_equal(block_make(&b, 0), 0);
    block_free(&b);
}

/* A freed block is handed out again as it was to whom it fits, writable, with a slack of its own; never more is kept. */
static void blocks_are_recycled(void **state) {
    struct block a, b, c;
    (void)state;
    block_recycle(64 << 10);
    assert_int_equal(block_make(&a, 10000), 0);
    block_fill(&a, 1);
    block_read_only(&a);
    char *map = a.map;
    block_free(&a);
    assert_int_equal(block_make(&b, 20000), 0);
    assert_ptr_not_equal(b.map, map);
    assert_int_equal(block_make(&a, 9999), 0);
    assert_ptr_equal(a.map, map);
    assert_int_equal(a.data[5000], 1);
    assert_true(block_slack_intact(&a));
    block_fill(&a, 2);
    block_free(&a);
    assert_int_equal(block_make(&c, 40000), 0);
    block_free(&c); /* in place of a */
    assert_int_equal(block_make(&a, 10000), 0);
    assert_int_equal(a.data[5000], 0);
    block_free(&a), block_free(&b);
    block_recycle(0);
    assert_int_equal(block_make(&a, 10000), 0);
    assert_int_equal(a.data[5000], 0);
    block_free(&a);
}

/* Copies are as good as the inputs, many enough for the last cache, and tensors that are an input's alias move along. */
static void calls_go_round_the_copies(void **state) {
    enum { N = 8, D = 4 };
    static float q[N * D], k[N * D], v[N * D], o[N * D], weights[N];
    struct attn_problem p = {.batch = 1, .heads = 1, .kv_heads = 1, .nq = N, .nk = N, .dk = D, .dv = D};
    struct attn_call call = {.problem = &p, .q.data = q, .k.data = k, .v.data = v, .o.data = o};
    struct subject s = {.call = call};
    struct rotation r;
    struct rotating x;
    (void)state;
    for (int i = 0; i < N * D; i++) q[i] = (float)i, k[i] = (float)(100 + i), v[i] = (float)(200 + i);
    s.tensors[0].data = weights;
    s.tensors[1].data = k;
    assert_int_equal(rotation_make(&r, &call), 0);
    assert_true((double)r.copies * N * D * 4 * sizeof(float) <= rotation_bytes(4.0 * N * D * sizeof(float)));
    assert_true((double)r.copies * (double)r.stride > 2 * machine_last_cache());
    rotating_begin(&x, &r, &call, &s);
    rotating_next(&x);
    const float *first = s.call.q.data, *before = NULL;
    for (int i = 0; i < r.copies; i++, rotating_next(&x)) {
        assert_memory_equal(s.call.q.data, q, sizeof q);
        assert_memory_equal(s.call.k.data, k, sizeof k);
        assert_memory_equal(s.call.v.data, v, sizeof v);
        assert_ptr_equal(s.tensors[0].data, weights);
        assert_ptr_equal(s.tensors[1].data, s.call.k.data);
        assert_ptr_not_equal(s.call.o.data, o);
        assert_ptr_not_equal(s.call.q.data, before);
        before = s.call.q.data;
    }
    assert_ptr_equal(s.call.q.data, first);
    rotation_free(&r);
}

/* ---- budgets ------------------------------------------------------------------------------------- */

static void budgets_are_shared(void **state) {
    struct budget b = {.most = 10, .replicates = 6, .aside = 0.5};
    double calls[] = {0.001, (double)NAN, 0.2, 2}, sum = 0;
    (void)state;
    assert_float_equal(budget_share(&b, calls, 4, 1000), 10, 0); /* enough for all */
    double share = budget_share(&b, calls, 4, 48);
    for (int i = 0; i < 4; i++) sum += budget_seconds(&b, calls[i], share);
    assert_float_equal(sum, 48, 1e-6);
    assert_true(share > 2 && share < 10);
    /* the first has all its samples after 6 times 20 blocks, and the others have what it leaves */
    assert_float_equal(budget_seconds(&b, 0.001, share), 0.5 + 3 * 0.001 + 6 * 20 * (0.01 + 2 * 0.001), 1e-9);
    assert_float_equal(budget_timed(&b, 0.001, share), 6 * 20 * 0.012, 1e-9);
    assert_float_equal(budget_timed(&b, (double)NAN, share), share, 0);
    assert_float_equal(2 * share, 48 - 4 * 0.5 - 3 * (0.001 + 0.2 + 2) - 6 * 20 * 0.012 - 6 * 2 * 2, 1e-6);
    assert_float_equal(budget_seconds(&b, 2, share), 0.5 + 3 * 2 + 6 * 2 * 2,
                       1e-9);                                    /* a long call takes what it takes */
    assert_float_equal(budget_share(&b, calls, 4, 20), 0, 1e-6); /* and leaves nothing */
}

/* ---- random numbers -------------------------------------------------------------------- */

static void random_values_depend_on_their_index_alone(void **state) {
    float whole[1001], part[500];
    double mean = 0, square = 0;
    (void)state;
    attn_random_normal(7, 3, 0, 1001, whole);
    attn_random_normal(7, 3, 333, 500, part); /* odd start */
    assert_memory_equal(whole + 333, part, sizeof part);
    attn_random_normal(8, 3, 333, 500, part);
    assert_memory_not_equal(whole + 333, part, sizeof part);
    for (int i = 0; i < 1001; i++)
        mean += (double)whole[i] / 1001, square += (double)whole[i] * (double)whole[i] / 1001;
    assert_true(fabs(mean) < 5 / sqrt(1001) && fabs(square - 1) < 5 * sqrt(2.0 / 1001));
}

/* ---- tensor files --------------------------------------------------------------------------------- */

static char *temporary(const char *ending) {
    return format("/tmp/attnbench-test-%ld%s", (long)getpid(), ending);
}

static void put(const char *path, const void *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void safetensors_of_every_type(void **state) {
    /* 1, -2, 0.5 and the smallest subnormal half as f16; 1, -2 as bf16, f32 and f64 */
    static const unsigned char data[] = {
        0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38, 0x01, 0x00, 0x80, 0x3f, 0x00, 0xc0, 0, 0, 0x80, 0x3f, 0, 0,
        0,    0xc0, 0,    0,    0,    0,    0,    0,    0xf0, 0x3f, 0,    0,    0, 0, 0,    0,    0, 0xc0};
    const char *header =
        "{\"__metadata__\":{\"a\":\"b\"},\"h\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[8,12]},"
        "\"f\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[12,20]},"
        "\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[20,36]},"
        "\"i\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"o\":{\"dtype\":\"F32\",\"shape\":[99],\"data_offsets\":[0,8]}}";
    static const char *const names[] = {"h", "b", "f", "d"};
    struct text file = {0};
    char length[8] = {0}, *path = temporary(".safetensors");
    struct tensor_info t;
    struct attn_error error;
    double whole[2];
    float x[4];
    (void)state;
    length[0] = (char)(strlen(header) & 255);
    length[1] = (char)(strlen(header) >> 8);
    text_append(&file, length, 8);
    text_append(&file, header, strlen(header));
    text_append(&file, (const char *)data, sizeof data);
    put(path, file.s, file.length);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tensor_file_open(path, names[i], &t, &error), 0);
        assert_int_equal(tensor_file_read(path, &t, 0, i ? 2 : 4, x, &error), 0);
        assert_true(x[0] == 1 && x[1] == -2);
        if (i == 0)
            assert_true(x[2] == 0.5f && x[3] == 0x1p-24f && t.shape[0] == 1 && t.shape[2] == 2 &&
                        t.shape[3] == 2);
    }
    assert_int_equal(tensor_file_read(path, &t, 1, 1, x, &error), 0);
    assert_true(x[0] == -2);
    assert_int_equal(tensor_file_open(path, "zz", &t, &error), -1);
    assert_non_null(strstr(error.text, "no tensor 'zz'; it has: h, b, f, d"));
    assert_int_equal(tensor_file_open(path, "i", &t, &error), -1);
    assert_non_null(strstr(error.text, "I32"));
    assert_int_equal(tensor_file_open_any(path, "i", &t, &error), 0);
    assert_int_equal(tensor_kind(t.type), TENSOR_INTEGERS);
    assert_int_equal(tensor_file_read_double(path, &t, 0, 2, whole, &error), 0);
    assert_true(whole[0] == (int32_t)0xc0003c00 && whole[1] == 0x00013800);
    assert_int_equal(tensor_file_open(path, "o", &t, &error), -1);
    assert_non_null(strstr(error.text, "cut short"));
    for (size_t cut = 0; cut < file.length; cut += 7) { /* every prefix is refused or read, never worse */
        put(path, file.s, cut);
        if (!tensor_file_open(path, "d", &t, &error)) fail_msg("a file cut at %zu was accepted", cut);
    }
    unlink(path);
    free(path), free(file.s);
}

static void npy_files(void **state) {
    char file[128 + 8] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
    char *path = temporary(".npy");
    const float values_in[] = {3, 4};
    struct tensor_info t;
    struct attn_error error;
    float x[2];
    (void)state;
    for (size_t i = strlen(file + 10) + 10; i < 128; i++) file[i] = ' ';
    file[127] = '\n';
    memcpy(file + 128, values_in, sizeof values_in);
    put(path, file, sizeof file);
    assert_int_equal(tensor_file_open(path, "", &t, &error), 0);
    assert_int_equal(t.rank, 2);
    assert_int_equal(tensor_file_read(path, &t, 0, 2, x, &error), 0);
    assert_true(x[0] == 3 && x[1] == 4);
    char *order = strstr(file + 10, "False");
    memcpy(order, "True ", 5);
    put(path, file, sizeof file);
    assert_int_equal(tensor_file_open(path, "", &t, &error), -1);
    assert_non_null(strstr(error.text, "ascontiguousarray"));
    memcpy(order, "False", 5);
    put(path, file, sizeof file - 1);
    assert_int_equal(tensor_file_open(path, "", &t, &error), -1);
    assert_non_null(strstr(error.text, "cut short"));
    put(path, "hello", 5);
    assert_int_equal(tensor_file_open(path, "", &t, &error), -1);
    assert_non_null(strstr(error.text, "not a .npy file"));
    unlink(path);
    assert_int_equal(tensor_file_open(path, "", &t, &error), -1);
    assert_non_null(strstr(error.text, "No such file"));
    free(path);
}

/* Integers and booleans, which are no floats: as they are, or refused. */
static void npy_of_integers(void **state) {
    static const struct {
        const char *descr;
        enum tensor_kind kind;
        unsigned char bytes[16];
        double first, second;
    } files[] = {
        {"|b1", TENSOR_BOOLEANS, {0, 1}, 0, 1},
        {"|u1", TENSOR_INTEGERS, {255, 7}, 255, 7},
        {"|i1", TENSOR_INTEGERS, {255, 7}, -1, 7},
        {"<i2", TENSOR_INTEGERS, {0xfe, 0xff, 1, 2}, -2, 513},
        {"<i4", TENSOR_INTEGERS, {0xfd, 0xff, 0xff, 0xff, 5}, -3, 5},
        {"<i8",
         TENSOR_INTEGERS,
         {1, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
         16777217,
         -1},
    };
    char *path = temporary(".npy");
    struct tensor_info t;
    struct attn_error error;
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char file[128 + 16] = "\x93NUMPY\x01\x00\x76\x00";
        double x[2];
        snprintf(file + 10, 118, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }%60s",
                 files[i].descr, "\n");
        memcpy(file + 128, files[i].bytes, 16);
        put(path, file, sizeof file);
        assert_int_equal(tensor_file_open(path, "", &t, &error), -1);
        assert_non_null(strstr(error.text, tensor_type_name(t.type)));
        assert_int_equal(tensor_file_open_any(path, "", &t, &error), 0);
        assert_int_equal(tensor_kind(t.type), files[i].kind);
        assert_int_equal(tensor_file_read_double(path, &t, 0, 2, x, &error), 0);
        assert_true(x[0] == files[i].first && x[1] == files[i].second);
    }
    unlink(path);
    free(path);
}

/* What is written is read back, bit by bit, and its data start on a boundary of 64 bytes. */
static void npy_written(void **state) {
    const float values[] = {0, -0.0f, 1.5f, -INFINITY, 1e-42f, 3, 4, 5, 6, 7, 8, 9};
    static const int shapes[][4] = {{12}, {3, 4}, {1, 3, 4}, {2, 1, 3, 2}};
    char *path = temporary(".npy");
    struct tensor_info t;
    struct attn_error error;
    float got[12];
    (void)state;
    for (int rank = 1; rank <= 4; rank++) {
        assert_int_equal(tensor_write_npy(path, rank, shapes[rank - 1], values, &error), 0);
        assert_int_equal(tensor_file_open(path, "", &t, &error), 0);
        assert_int_equal(t.rank, rank);
        assert_int_equal(t.offset % 64, 0);
        assert_memory_equal(t.shape + 4 - rank, shapes[rank - 1], (size_t)rank * sizeof(int));
        assert_int_equal(tensor_file_read(path, &t, 0, 12, got, &error), 0);
        assert_memory_equal(got, values, sizeof values);
    }
    unlink(path);
    free(path);
    assert_int_equal(tensor_write_npy("/nowhere/x.npy", 1, shapes[0], values, &error), -1);
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(tensor_write_npy("/dev/full", 1, shapes[0], values, &error), -1);
    assert_non_null(strstr(error.text, "No space"));
}

/* A draft takes its target's name, or goes; the target is as before until then. */
static void drafts(void **state) {
    char *target = temporary(".out"), *text;
    struct draft one, other;
    struct attn_error error;
    (void)state;
    put(target, "old", 3);
    assert_int_equal(draft_open(&one, target, &error), 0);
    assert_int_equal(draft_open(&other, target, &error), 0); /* a draft in the way is stepped around */
    assert_string_not_equal(one.path, other.path);
    put(one.path, "new", 3);
    char *gone = xstrdup(other.path);
    draft_discard(&other);
    draft_discard(&other);
    assert_int_equal(access(gone, F_OK), -1);
    text = read_file(target, NULL);
    assert_string_equal(text, "old");
    free(text);
    assert_int_equal(draft_keep(&one, &error), 0);
    text = read_file(target, NULL);
    assert_string_equal(text, "new");
    unlink(target);
    assert_int_equal(draft_open(&one, "/nowhere/x", &error), -1);
    assert_non_null(strstr(error.text, "make its folder first"));
    assert_int_equal(draft_open(&one, "/dev/null", &error), -1);
    assert_non_null(strstr(error.text, "no regular file"));
    free(text), free(gone), free(target);
}

/* ---- the machine ---------------------------------------------------------------------------------- */

/* A file below the root, with the folders that it is in. */
static void plant(const char *root, const char *path, const char *text) {
    char *whole = format("%s%s", root, path);
    for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(whole, 0700);
    }
    put(whole, text, strlen(text));
    free(whole);
}

/* Limits of either version of control groups hold, at any level; the rest of the machine is one with 8 GB free. */
static void limits_of_control_groups(void **state) {
    static const char v1[] = "9:name=systemd:/\n4:memory:/a/b\n1:cpu,cpuacct:/a/b\n0::/a/b\n",
                      v2[] = "0::/a/b\n", host[] = "4:memory:/docker/1\n1:cpu:/docker/1\n0::/docker/1\n";
    static const struct {
        const char *groups, *files[4][2];
        int cores;
        double free_bytes;
    } cases[] = {
        {v1, {{NULL}}, 0, 8e9},
        {v1, {{"cpu/a/b/cpu.cfs_quota_us", "-1"}, {"cpu/a/b/cpu.cfs_period_us", "100000"}}, 0, 8e9},
        {v1, {{"cpu/a/b/cpu.cfs_quota_us", "50000"}, {"cpu/a/b/cpu.cfs_period_us", "100000"}}, 1, 8e9},
        {v1, {{"cpu/a/cpu.cfs_quota_us", "100000"}, {"cpu/a/cpu.cfs_period_us", "100000"}}, 1, 8e9},
        {host, {{"cpu/cpu.cfs_quota_us", "100000"}, {"cpu/cpu.cfs_period_us", "100000"}}, 1, 8e9},
        {v1, {{"memory/a/memory.limit_in_bytes", "9223372036854771712"}}, 0, 8e9},
        {v1, {{"memory/a/memory.limit_in_bytes", "3000000000"}}, 0, 3e9},
        {v1,
         {{"memory/a/b/memory.limit_in_bytes", "3000000000"},
          {"memory/a/b/memory.usage_in_bytes", "1000000000"},
          {"memory/a/b/memory.stat", "cache 5\ninactive_file 1\ntotal_inactive_file 500000000\n"}},
         0,
         2.5e9},
        {host, {{"memory/memory.limit_in_bytes", "1000"}, {"memory/memory.usage_in_bytes", "2000"}}, 0, 0},
        {v2, {{"a/cpu.max", "100000 100000"}, {"a/b/cpu.max", "max 100000"}}, 1, 8e9},
        {v2,
         {{"a/b/memory.max", "max"}, {"a/memory.max", "3000000000"}, {"a/memory.current", "1000000000"}},
         0,
         2e9},
    };
    int all = machine_cores();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char root[] = "/tmp/attnbench-root-XXXXXX";
        assert_non_null(mkdtemp(root));
        plant(root, "/proc/self/cgroup", cases[i].groups);
        plant(root, "/proc/meminfo", "MemTotal: 9765625 kB\nMemAvailable:    7812500 kB\n");
        for (int k = 0; k < 4 && cases[i].files[k][0]; k++) {
            char *path = format("/sys/fs/cgroup/%s", cases[i].files[k][0]);
            plant(root, path, cases[i].files[k][1]);
            free(path);
        }
        machine_root = root;
        int cores = machine_cores();
        double bytes = machine_free_memory();
        machine_root = "";
        char *away = format("rm -r %s", root);
        assert_int_equal(system(away), 0);
        free(away);
        if (cases[i].cores && all > 1) assert_int_equal(cores, cases[i].cores);
        assert_true(bytes == cases[i].free_bytes);
    }
}

/* ---- the clock ------------------------------------------------------------------------------------ */

static int64_t fake_now;
static int64_t fake_clock(void) { return fake_now += 25; }

static int64_t standing_now;
static int64_t standing_clock(void) { return standing_now; }

/* What a line on stderr, of whatever kind, says now. */
static char *progress_said(void) {
    char *path = temporary(".err"), *text;
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), err = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(file, STDERR_FILENO);
    progress_line("x");
    fflush(stderr);
    dup2(err, STDERR_FILENO);
    close(err), close(file);
    text = read_file(path, NULL);
    unlink(path);
    free(path);
    return text;
}

/* Time left runs down between two steps, and what was done before the start tells no speed. */
static void time_left_runs_down(void **state) {
    static const struct {
        int64_t seconds;
        size_t done, past;
        const char *said;
    } steps[] = {
        {0, 0, 5, "[5/15] x\n"},
        {10, 0, 0, "[5/15] x\n"},
        {0, 1, 0, "[6/15] x  (90 s left)\n"},
        {30, 0, 0, "[6/15] x  (60 s left)\n"},
        {0, 3, 0, "[9/15] x  (60 s left)\n"},
        {100, 0, 0, "[9/15] x\n"},
        {0, 6, 0, "[15/15] x\n"},
    };
    stopwatch_fn real = stopwatch;
    (void)state;
    stopwatch = standing_clock;
    standing_now = 1000000000;
    progress_start(15, 30);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        standing_now += steps[i].seconds * 1000000000;
        if (steps[i].past) progress_past(steps[i].past, 2.0 * (double)steps[i].past);
        if (steps[i].done) progress_done(steps[i].done, 2.0 * (double)steps[i].done);
        char *said = progress_said();
        assert_string_equal(said, steps[i].said);
        free(said);
    }
    stopwatch = real;
}

static void the_clock_can_be_replaced(void **state) {
    stopwatch_fn real = stopwatch;
    (void)state;
    stopwatch = fake_clock;
    assert_int_equal(stopwatch_overhead(), 25);
    stopwatch = real;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_times),
        cmocka_unit_test(nearest_names),
        cmocka_unit_test(documents_keep_numbers),
        cmocka_unit_test(order_statistics),
        cmocka_unit_test(the_interval_covers),
        cmocka_unit_test(medians_of_processes),
        cmocka_unit_test(a_sentinel_tells_drift),
        cmocka_unit_test(memory_that_grows_late),
        cmocka_unit_test(rows_of_times),
        cmocka_unit_test(distances),
        cmocka_unit_test(incomplete_variants_are_refused),
        cmocka_unit_test(parameters_follow_their_table),
        cmocka_unit_test(tensor_shapes),
        cmocka_unit_test(blocks_know_their_extent),
        cmocka_unit_test(blocks_are_recycled),
        cmocka_unit_test(calls_go_round_the_copies),
        cmocka_unit_test(budgets_are_shared),
        cmocka_unit_test(random_values_depend_on_their_index_alone),
        cmocka_unit_test(safetensors_of_every_type),
        cmocka_unit_test(npy_files),
        cmocka_unit_test(npy_of_integers),
        cmocka_unit_test(npy_written),
        cmocka_unit_test(drafts),
        cmocka_unit_test(limits_of_control_groups),
        cmocka_unit_test(time_left_runs_down),
        cmocka_unit_test(the_clock_can_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
