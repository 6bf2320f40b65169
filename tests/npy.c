/*
 * npy.c -- makes, changes and compares .npy files for the shell tests.
 *
 *   npy normal FILE SHAPE SEED        f32, standard normal; SHAPE is "2,3,4,8"
 *   npy integers FILE I...            i64 [n]
 *   npy booleans FILE SHAPE BITS      |b1, "110..." repeated
 *   npy bits FILE SHAPE BITS          f32 of zeros and ones, "110..." repeated
 *   npy put FILE INDEX VALUE          sets one element of an f32 file ("nan", "-inf")
 *   npy rows IN OUT FROM TO           rows FROM .. TO - 1 of [batch, heads, n, d]
 *   npy tokens IN OUT                 [batch, heads, n, d] to [batch, n, heads*d]
 *   npy softmax IN OUT                of each row; -inf gives 0, and a row of nothing else zeros
 *   npy close GOT WANT BOUND          same shape, infinities at the same places, relative Frobenius distance
 *                                     of the rest at most BOUND
 *   npy sums FILE BOUND               every row sums to 1 within BOUND
 *   npy cases FILE                    the names of the cases of a cases.json
 *
 * Exit code 1: not close, not 1. 2: anything else that is wrong.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "doc.h"
#include "tensor_file.h"
#include "tensor_write.h"
#include "text.h"

struct array {
    int rank, shape[4];
    size_t count;
    double *x;
};

static size_t product(int rank, const int *shape) {
    size_t n = 1;
    for (int i = 0; i < rank; i++) n *= (size_t)shape[i];
    return n;
}

static struct array load(const char *path) {
    struct tensor_info t;
    struct attn_error error;
    if (tensor_file_open_any(path, "", &t, &error)) die(EXIT_USAGE, "%s", error.text);
    struct array a = {.rank = t.rank};
    memcpy(a.shape, t.shape + 4 - t.rank, (size_t)t.rank * sizeof *a.shape);
    a.count = product(a.rank, a.shape);
    a.x = xmalloc(a.count * sizeof *a.x);
    if (tensor_file_read_double(path, &t, 0, a.count, a.x, &error)) die(EXIT_USAGE, "%s", error.text);
    return a;
}

static int save_floats(const char *path, int rank, const int *shape, const float *x) {
    struct attn_error error;
    if (tensor_write_npy(path, rank, shape, x, &error)) die(EXIT_USAGE, "%s: %s", path, error.text);
    return 0;
}

/* Writes the array and frees its elements. */
static int save(const char *path, struct array *a) {
    float *x = xmalloc(a->count * sizeof *x);
    for (size_t i = 0; i < a->count; i++) x[i] = (float)a->x[i];
    int result = save_floats(path, a->rank, a->shape, x);
    free(x), free(a->x);
    return result;
}

static int parse_shape(const char *word, int *shape) {
    int rank = 0;
    for (char *end; rank < 4; word = end + 1) {
        shape[rank++] = (int)strtol(word, &end, 10);
        if (*end != ',') break;
    }
    return rank;
}

/* A file of another type than f32, from its bytes. */
static int save_raw(const char *path, const char *type, int rank, const int *shape, const void *data,
                    size_t bytes) {
    struct text head = {0};
    FILE *f = fopen(path, "wb");
    if (!f) die(EXIT_USAGE, "cannot write %s", path);
    text_add(&head, "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
    for (int i = 0; i < rank; i++) text_add(&head, "%d, ", shape[i]);
    text_add(&head, "), }");
    int failed = fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f) != 10 ||
                 fprintf(f, "%-117s\n", head.s) != 118 || fwrite(data, 1, bytes, f) != bytes;
    free(head.s);
    return fclose(f) || failed ? EXIT_USAGE : 0;
}

static int normal(char **w) {
    int shape[4], rank = parse_shape(w[1], shape);
    size_t n = product(rank, shape);
    float *x = xmalloc(n * sizeof *x);
    attn_random_normal((uint64_t)atol(w[2]), 99, 0, n, x);
    int result = save_floats(w[0], rank, shape, x);
    free(x);
    return result;
}

static int integers(char **w) {
    int64_t x[64];
    int n = 0;
    for (; w[n + 1] && n < 64; n++) x[n] = atol(w[n + 1]);
    return save_raw(w[0], "<i8", 1, &n, x, (size_t)n * sizeof *x);
}

static int booleans(char **w) {
    int shape[4], rank = parse_shape(w[1], shape);
    size_t n = product(rank, shape), period = strlen(w[2]);
    char *x = xmalloc(n);
    for (size_t i = 0; i < n; i++) x[i] = w[2][i % period] == '1';
    int result = save_raw(w[0], "|b1", rank, shape, x, n);
    free(x);
    return result;
}

static int bits(char **w) {
    int shape[4], rank = parse_shape(w[1], shape);
    size_t n = product(rank, shape), period = strlen(w[2]);
    float *x = xmalloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = w[2][i % period] == '1';
    int result = save_floats(w[0], rank, shape, x);
    free(x);
    return result;
}

static int put(char **w) {
    struct array a = load(w[0]);
    a.x[atol(w[1])] = strtod(w[2], NULL);
    return save(w[0], &a);
}

static int rows(char **w) {
    struct array a = load(w[0]), out = a;
    int from = atoi(w[2]), to = atoi(w[3]), n = a.shape[2];
    size_t d = (size_t)a.shape[3], heads = a.count / d / (size_t)n;
    out.shape[2] = to - from;
    out.count = product(4, out.shape);
    for (size_t h = 0, at = 0; h < heads; h++)
        for (int i = from; i < to; i++, at += d)
            memmove(a.x + at, a.x + (h * (size_t)n + (size_t)i) * d, d * sizeof *a.x);
    return save(w[1], &out);
}

static int tokens(char **w) {
    struct array a = load(w[0]), out = {3, {a.shape[0], a.shape[2], a.shape[1] * a.shape[3]}, a.count, NULL};
    size_t at = 0, h = (size_t)a.shape[1], n = (size_t)a.shape[2], d = (size_t)a.shape[3];
    out.x = xmalloc(a.count * sizeof *out.x);
    for (size_t b = 0; b < (size_t)a.shape[0]; b++)
        for (size_t i = 0; i < n; i++)
            for (size_t g = 0; g < h; g++, at += d)
                memcpy(out.x + at, a.x + ((b * h + g) * n + i) * d, d * sizeof *a.x);
    free(a.x);
    return save(w[1], &out);
}

static int softmax(char **w) {
    struct array a = load(w[0]);
    size_t columns = (size_t)a.shape[a.rank - 1];
    for (double *x = a.x; x < a.x + a.count; x += columns) {
        double top = -INFINITY, sum = 0;
        for (size_t j = 0; j < columns; j++) top = fmax(top, x[j]);
        for (size_t j = 0; j < columns; j++) sum += x[j] = x[j] == -INFINITY ? 0 : exp(x[j] - top);
        for (size_t j = 0; j < columns; j++) x[j] /= sum > 0 ? sum : 1;
    }
    return save(w[1], &a);
}

static int close_to(char **w) {
    struct array got = load(w[0]), want = load(w[1]);
    if (got.rank != want.rank || memcmp(got.shape, want.shape, (size_t)got.rank * sizeof *got.shape)) {
        printf("%s and %s differ in shape\n", w[0], w[1]);
        return 1;
    }
    float *x = xmalloc(got.count * sizeof *x);
    for (size_t i = 0; i < got.count; i++) {
        if (isinf(want.x[i]) && got.x[i] == want.x[i]) got.x[i] = want.x[i] = 0;
        x[i] = (float)got.x[i];
    }
    size_t columns = (size_t)got.shape[got.rank - 1];
    struct distance d = accuracy_distance(x, want.x, got.count / columns, columns);
    free(x), free(got.x), free(want.x);
    printf("relative distance %.3g, largest difference %.3g, %d not finite\n", d.rel_fro, d.max_abs, d.bad);
    return !(d.bad == 0 && d.rel_fro <= strtod(w[2], NULL));
}

static int sums(char **w) {
    struct array a = load(w[0]);
    size_t columns = (size_t)a.shape[a.rank - 1];
    double worst = 0;
    for (size_t r = 0; r < a.count / columns; r++) {
        double sum = 0;
        for (size_t j = 0; j < columns; j++) sum += a.x[r * columns + j];
        if (!(fabs(sum - 1) <= worst)) worst = fabs(sum - 1); /* a NaN stays */
    }
    free(a.x);
    printf("sums of rows miss 1 by up to %.3g\n", worst);
    return !(worst <= strtod(w[1], NULL));
}

static int cases(char **w) {
    size_t n;
    char why[200], *text = read_file(w[0], &n);
    struct doc *all = text ? doc_parse(text, n, why) : NULL;
    const struct doc *list = doc_get(all, "cases");
    for (size_t i = 0; i < doc_len(list); i++) puts(doc_str(doc_at(list, i), "name", ""));
    int result = doc_len(list) ? 0 : EXIT_USAGE;
    doc_free(all);
    free(text);
    return result;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int least, most; /* words behind it */
        int (*run)(char **);
    } all[] = {{"normal", 3, 3, normal},     {"integers", 2, 65, integers},
               {"booleans", 3, 3, booleans}, {"bits", 3, 3, bits},
               {"put", 3, 3, put},           {"rows", 4, 4, rows},
               {"tokens", 2, 2, tokens},     {"softmax", 2, 2, softmax},
               {"close", 3, 3, close_to},    {"sums", 2, 2, sums},
               {"cases", 1, 1, cases}};
    for (size_t i = 0; argc > 1 && i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i].name, argv[1]) && argc - 2 >= all[i].least && argc - 2 <= all[i].most)
            return all[i].run(argv + 2);
    die(EXIT_USAGE, "npy: the comment on top of npy.c tells what it takes");
}
