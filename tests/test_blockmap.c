/* test_blockmap.c -- maps of blocks as text, and as the tensors that workers see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "attn.h"
#include "blockmap.h"
#include "entry_tensors.h"
#include "registry.h"
#include "subject.h"
#include "tensor_source.h"
#include "tensor_write.h"
#include "tensors.h"
#include "text.h"

/* ---- text --------------------------------------------------------------------------------------- */

static void runs_can_be_read(void **state) {
    static const unsigned char map[3][6] = {{1, 0, 1, 1, 1, 0}, {0}, {1, 1, 1, 1, 1, 1}};
    (void)state;
    char *text = blockmap_encode(map[0], 3, 6);
    assert_string_equal(text, "0,2-4;;0-5");
    free(text);
}

/* Every second block of 100 would be 50 runs of two digits and a comma. */
static void what_has_many_runs_is_bits(void **state) {
    unsigned char map[2][101];
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 101; j++) map[i][j] = i ? j > 3 : j % 2 == 0;
    char *text = blockmap_encode(map[0], 2, 101);
    assert_string_equal(text, "xaaaaaaaaaaaaaaaaaaaaaaaaa8;4-100");
    free(text);
}

static void every_map_comes_back(void **state) {
    (void)state;
    for (uint32_t x = 0; x < 2000; x++) {
        size_t rows = 1 + attn_random_index(1, 1, x, 9), columns = 1 + attn_random_index(1, 2, x, 70),
               ones = 0;
        uint32_t share = attn_random_index(1, 3, x, 11); /* of ten; 10 is all of them */
        unsigned char map[9 * 70];
        float back[9 * 70 + 1];
        struct attn_error error;
        for (size_t i = 0; i < rows * columns; i++) ones += map[i] = attn_random_index(2, x, i, 10) < share;
        back[rows * columns] = 7;
        char *text = blockmap_encode(map, rows, columns);
        if (blockmap_decode(text, rows, columns, back, &error)) fail_msg("%s: %s", text, error.text);
        for (size_t i = 0; i < rows * columns; i++) {
            const float want = map[i] ? 1.0f : 0.0f;
            assert_memory_equal(&back[i], &want, sizeof want); /* no -0.0 */
        }
        assert_true(back[rows * columns] == 7 && (share || !ones));
        free(text);
    }
}

static void damage_is_refused(void **state) {
    static const char *const damaged[] = {
        "",         "0",         "0;1;2;3",   "0;1;2;",
        "0;1;9",    "0;1;12",    "0;1;2-9",   "0;1;-2",
        "0;1;2-",   "0;1;3-2",   "0;1;3-3",   "0;1;,2",
        "0;1;2,",   "0;1;4,2",   "0;1;2,3",   "0;1;2-4,4",
        "0;1;02",   "0;1;2 ",    "0;1;+2",    "0;1;x",
        "0;1;x80",  "0;1;x8000", "0;1;x8g0",  "0;1;x8A0",
        "0;1;x804", "0;1;2x800", "0;1;x800,", "0;1;99999999999999999999999",
        "0;1;2\n",  "x80;1;2",   "a;1;2",
    };
    struct attn_error error;
    float map[3 * 9];
    (void)state;
    assert_int_equal(blockmap_decode("0;;x808", 3, 9, map, &error), 0);
    assert_true(map[0] == 1 && map[18] == 1 && map[26] == 1 && map[1] == 0 && map[9] == 0);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        if (!blockmap_decode(damaged[i], 3, 9, map, &error)) fail_msg("'%s' was accepted", damaged[i]);
    assert_int_equal(blockmap_decode("0;1;9", 3, 9, map, &error), -1);
    assert_string_equal(error.text, "row 2 of a map of 3 x 9 blocks is damaged");
}

/* ---- tensors ------------------------------------------------------------------------------------ */

static const struct attn_problem problem = {.struct_size = sizeof problem,
                                            .batch = 2,
                                            .heads = 4,
                                            .kv_heads = 2,
                                            .nq = 200,
                                            .nk = 150,
                                            .dk = 8,
                                            .dv = 8,
                                            .scale = 1,
                                            .threads = 1,
                                            .seed = 1};

/* A planned point of blocksparse with its layout from the source. */
static struct doc *point_with(struct doc *source) {
    struct doc *point = doc_object();
    doc_put_str(point, "variant", "blocksparse");
    doc_put_num(point, "params.block", 32);
    doc_put_num(point, "shape.batch", problem.batch);
    doc_put_num(point, "shape.heads", problem.heads);
    doc_put_num(point, "shape.kv_heads", problem.kv_heads);
    doc_put_num(point, "shape.nq", problem.nq);
    doc_put_num(point, "shape.nk", problem.nk);
    doc_put_num(point, "shape.dk", problem.dk);
    doc_put_num(point, "shape.dv", problem.dv);
    doc_put_str(point, "mask", "none");
    doc_put_num(point, "logits.scale", 1);
    doc_put_num(point, "seed", 1);
    doc_put_num(point, "threads", 1);
    doc_put_str(point, "isa", "best");
    doc_put(point, "tensors.layout", source);
    return point;
}

/* What a worker makes of a map is what it reads from a file of the same zeros and ones: bits, strides, pages. */
static void a_map_is_the_tensor_of_a_file(void **state) {
    enum { ROWS = 7, COLUMNS = 5 };
    char *path = format("/tmp/attnbench-test-%ld.npy", (long)getpid());
    const struct attn_call inputs = {.struct_size = sizeof inputs};
    (void)state;
    for (int heads = 1; heads <= problem.heads; heads += problem.heads - 1) {
        const int sizes[3] = {heads, ROWS, COLUMNS};
        size_t count = (size_t)heads * ROWS * COLUMNS;
        unsigned char map[4 * ROWS * COLUMNS];
        float values[4 * ROWS * COLUMNS];
        struct subject a, b;
        struct attn_error error;
        for (size_t i = 0; i < count; i++) values[i] = map[i] = (unsigned char)attn_random_index(5, 1, i, 2);
        assert_int_equal(tensor_write_npy(path, 3, sizes, values, &error), 0);
        struct doc *file = point_with(doc_string(path)),
                   *plan = point_with(tensor_source_blocks(3, sizes, map));
        assert_int_equal(subject_make(&a, file, &inputs, &error), 0);
        assert_int_equal(subject_make(&b, plan, &inputs, &error), 0);
        assert_memory_equal(a.tensors[0].data, values, count * sizeof *values);
        assert_memory_equal(b.tensors[0].data, values, count * sizeof *values);
        assert_true(a.tensors[0].head == b.tensors[0].head && a.tensors[0].row == b.tensors[0].row);
        assert_int_equal(b.tensors[0].head, heads > 1 ? ROWS * COLUMNS : 0);
        assert_int_equal(a.data[0].bytes, b.data[0].bytes);
        subject_free(&a), subject_free(&b);
        doc_free(file), doc_free(plan);
    }
    unlink(path);
    free(path);
}

static void a_damaged_plan_is_refused(void **state) {
    static const unsigned char map[35] = {1};
    const int sizes[3] = {1, 7, 5}, others[3] = {1, 5, 7};
    const struct attn_call inputs = {.struct_size = sizeof inputs};
    struct subject s;
    struct attn_error error;
    (void)state;
    struct doc *point = point_with(tensor_source_blocks(3, sizes, map));
    assert_string_equal(doc_str(point, "tensors.layout.blocks", ""), "0;;;;;;");
    doc_put_str(point, "tensors.layout.blocks", "1;;;;;;"); /* another map, and a good one */
    assert_int_equal(subject_make(&s, point, &inputs, &error), -1);
    assert_string_equal(error.text, "'layout': the blocks do not fit their digest");
    subject_free(&s);
    doc_put(point, "tensors.layout", tensor_source_blocks(3, others, map));
    assert_int_equal(subject_make(&s, point, &inputs, &error), -1);
    assert_non_null(strstr(error.text, "'layout' is [h nq/block nk/block] = [4, 7, 5] here"));
    subject_free(&s);
    doc_free(point);
}

static void sources_tell_their_share(void **state) {
    static const unsigned char map[8] = {1, 0, 0, 0, 0, 0, 1, 0};
    const int sizes[3] = {2, 2, 2};
    (void)state;
    struct doc *source = tensor_source_blocks(3, sizes, map);
    assert_true(doc_num(source, "share", 0) == 0.25 && strlen(doc_str(source, "digest", "")) == 16);
    assert_int_equal(doc_len(doc_get(source, "sizes")), 3);
    doc_free(source);
}

/* ---- which tensors take a function ---------------------------------------------------------------- */

static void shapes_over_blocks(void **state) {
    static const struct {
        const char *shape;
        int is;
    } shapes[] = {{"h nq/block nk/block", 1},    {"nq/block nk/block", 1},
                  {"b hk nk/size nk/size", 1},   {"h nq/block nk/block if rule=none", 1},
                  {"h nq/block nk", 0},          {"nq/block", 0},
                  {"h nq/block nk/block dk", 0}, {"dk nq/block nk/block", 0},
                  {"nq/block h nk/block", 0},    {"hk dk dv", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct attn_tensor t = {"x", ATTN_WEIGHT, shapes[i].shape, NULL, 1, NULL, ""};
        if (tensors_over_blocks(&t) != shapes[i].is) fail_msg("[%s]", shapes[i].shape);
    }
}

/* A variant with two such tensors: `pattern` does not say which. */
static void a_pattern_names_one_tensor(void **state) {
    static const struct attn_tensor two[] = {
        {"first", ATTN_WEIGHT, "nq/block nk/block", NULL, 1, NULL, ""},
        {"e", ATTN_WEIGHT, "hk dk", NULL, 1, NULL, ""},
        {"second", ATTN_WEIGHT, "h nq/block nk/block", NULL, 1, NULL, ""},
        {0}};
    struct attn_variant v = *registry_find("blocksparse");
    struct text errors = {0};
    char *path = format("/tmp/attnbench-test-%ld.lua", (long)getpid());
    size_t count;
    (void)state;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("sweep { shape = { n = 64 },\n variants = { { \"blocksparse\", pattern = function() end } } }\n",
          f);
    fclose(f);
    struct reader r = {config_open(path, NULL, 0, &errors), &errors};
    assert_non_null(r.config);
    const struct doc *entry = doc_at(doc_get(config_sweep(r.config), "variants"), 0);
    assert_int_equal(entry_tensors_check(&r, path, &v, entry, "pattern"), 1);
    assert_int_equal(errors.length, 0);
    assert_int_equal(entry_tensors_check(&r, path, &v, entry, "block"), 0);
    v.tensors = two;
    assert_int_equal(tensors_find_over_blocks(&v, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(entry_tensors_check(&r, path, &v, entry, "pattern"), 1);
    assert_non_null(strstr(errors.s,
                           ".lua:2: variants: blocksparse has 2 tensors over blocks; name the one that is "
                           "meant: tensors = { first = function(i, j, nb) return i == j end }"));
    config_close(r.config);
    unlink(path);
    free(path), free(errors.s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_can_be_read),
        cmocka_unit_test(what_has_many_runs_is_bits),
        cmocka_unit_test(every_map_comes_back),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(a_map_is_the_tensor_of_a_file),
        cmocka_unit_test(a_damaged_plan_is_refused),
        cmocka_unit_test(sources_tell_their_share),
        cmocka_unit_test(shapes_over_blocks),
        cmocka_unit_test(a_pattern_names_one_tensor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
