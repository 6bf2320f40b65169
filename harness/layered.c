/* layered.c -- the layer of a point: its sizes, what it reads and its weights. */
#include "layered.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_draw.h"
#include "tensor_file.h"
#include "tensor_source.h"
#include "text.h"

const char *const layered_names[LAYERED_TENSORS] = {"wq", "wk", "wv", "wo", "bq",
                                                    "bk", "bv", "bo", "x",  "context"};
static const double BIAS_DEVIATION = 0.1;

int layered_stands_in(const struct doc *input) {
    return strcmp(doc_str(input, "family", "gauss"), "gauss") != 0;
}

int layered_sizes(const struct doc *point, const struct attn_problem *p, struct layered *l) {
    const struct doc *layer = doc_get(point, "layer");
    *l = (struct layered){.layer.struct_size = sizeof l->layer};
    if (!layer) return 0;
    l->layer.problem = p;
    l->layer.d_model = doc_int(layer, "d_model", 1);
    l->layer.d_context = doc_int(layer, "d_context", l->layer.d_model);
    l->layer.is_cross = doc_flag(layer, "cross");
    l->has_bias = doc_flag(layer, "bias");
    l->is_transposed = doc_flag(layer, "transposed");
    l->stands_in = layered_stands_in(doc_get(point, "input"));
    return 1;
}

/* Rows and columns of one of the tensors; a bias has one row, x and the context have those of one item. */
static void size_of(const struct layered *l, int t, int size[2]) {
    const struct attn_problem *p = l->layer.problem;
    const int in[] = {l->layer.d_model, l->layer.d_context, l->layer.d_context, p->heads * p->dv},
              out[] = {p->heads * p->dk, p->kv_heads * p->dk, p->kv_heads * p->dv, l->layer.d_model};
    size[0] = t < LAYERED_WEIGHTS ? in[t] : t == LAYERED_X ? p->nq : t == LAYERED_CONTEXT ? p->nk : 1;
    size[1] = t == LAYERED_X ? l->layer.d_model : t == LAYERED_CONTEXT ? l->layer.d_context : out[t % 4];
}

int layered_has(const struct layered *l, int t) {
    return t < LAYERED_WEIGHTS || t == LAYERED_X || (t == LAYERED_CONTEXT ? l->layer.is_cross : l->has_bias);
}

static struct attn_linear *linear_of(struct layered *l, int t) {
    struct attn_linear *const all[] = {&l->layer.q, &l->layer.k, &l->layer.v, &l->layer.output};
    return all[t % 4];
}

/* ---- where things are ---------------------------------------------------------------------------- */

static size_t input_floats(const struct layered *l, int is_context) {
    const struct attn_problem *p = l->layer.problem;
    if (is_context) return (size_t)p->batch * (size_t)p->nk * (size_t)l->layer.d_context;
    return (size_t)p->batch * (size_t)p->nq * (size_t)l->layer.d_model;
}

/* The next `count` floats; only counted where `base` is NULL. */
static float *take(char *base, size_t *at, size_t count) {
    float *x = base ? (float *)(base + *at) : NULL;
    *at += (count * sizeof *x + ATTN_ALIGN - 1) / ATTN_ALIGN * ATTN_ALIGN;
    return x;
}

static size_t place(struct layered *l, char *base) {
    const struct attn_problem *p = l->layer.problem;
    ptrdiff_t d = l->layer.d_model, dc = l->layer.d_context;
    size_t at = 0;
    l->x = (struct attn_view){take(base, &at, input_floats(l, 0)), p->nq * d, 0, d};
    l->context = l->x;
    if (l->layer.is_cross)
        l->context = (struct attn_view){take(base, &at, input_floats(l, 1)), p->nk * dc, 0, dc};
    for (int t = 0; t < LAYERED_X && layered_has(l, t); t++) {
        int size[2];
        size_of(l, t, size);
        float *x = take(base, &at, (size_t)size[0] * (size_t)size[1]);
        if (t < LAYERED_WEIGHTS) linear_of(l, t)->weight = x, linear_of(l, t)->row = size[1];
        else linear_of(l, t)->bias = x;
    }
    return at;
}

size_t layered_bytes(const struct layered *l) {
    struct layered copy = *l;
    return place(&copy, NULL);
}

void layered_place(struct layered *l, char *base) { place(l, base); }

double layered_input_bytes(const struct layered *l) {
    return sizeof(float) * (double)(input_floats(l, 0) + (l->layer.is_cross ? input_floats(l, 1) : 0));
}

double layered_output_bytes(const struct layered *l) { return sizeof(float) * (double)input_floats(l, 0); }

/* ---- files --------------------------------------------------------------------------------------- */

struct source { /* a tensor of the layer in a file */
    char *path, *name;
    struct tensor_info info;
    int items, rows, columns; /* that are taken from it */
};

static int is_input(int t) { return t >= LAYERED_X; }
static int is_bias(int t) { return t >= LAYERED_WEIGHTS && t < LAYERED_X; }

/* "'wq' is [512, 768]; it has to be [768, 512] here": what a file has, and what it should have. */
static void explain(const struct layered *l, int t, const char *file, const struct source *s,
                    struct attn_error *error) {
    static const char turned[] = ", out and in",
                      plain[] = ", in and out; of files that hold [out, in] say transposed = true";
    char got[64] = "", *expected = is_bias(t)    ? format("[%d]", s->columns)
                                   : is_input(t) ? format("[%d, n, %d]", s->items, s->columns)
                                                 : format("[%d, %d]", s->rows, s->columns);
    for (int d = 4 - s->info.rank; d < 4; d++) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%d", used ? ", " : "", s->info.shape[d]);
    }
    snprintf(error->text, sizeof error->text, "%.200s: '%s' is [%s]; it has to be %s here%s", file,
             layered_names[t], got, expected,
             t >= LAYERED_WEIGHTS ? ""
             : l->is_transposed   ? turned
                                  : plain);
    free(expected);
}

/* -1 and the reason; 1 where it has too few rows. */
static int open_source(const struct layered *l, int t, const char *file, struct source *s,
                       struct attn_error *error) {
    int size[2], is_turned = t < LAYERED_WEIGHTS && l->is_transposed;
    tensor_source_split(file, layered_names[t], &s->path, &s->name);
    if (tensor_file_open(s->path, s->name, &s->info, error)) return -1;
    size_of(l, t, size);
    const int *got = s->info.shape;
    s->items = is_input(t) ? l->layer.problem->batch : 1;
    s->rows = size[is_turned];
    s->columns = size[!is_turned];
    int fits =
        got[0] == 1 && got[1] == s->items && got[3] == s->columns && (!is_bias(t) || s->info.rank == 1);
    if (!fits || (!is_input(t) && got[2] != s->rows)) {
        explain(l, t, file, s, error);
        return -1;
    }
    if (got[2] >= s->rows) return 0;
    snprintf(error->text, sizeof error->text, "%.200s: '%s' has %d rows, and %d are asked for", file,
             layered_names[t], got[2], s->rows);
    return 1;
}

static void close_source(struct source *s) { free(s->path), free(s->name); }

/* The rows that are taken, item by item, as they stand in the file. */
static int read_source(const struct source *s, float *to, struct attn_error *error) {
    size_t item = (size_t)s->info.shape[2] * (size_t)s->columns, count = (size_t)s->rows * (size_t)s->columns;
    for (size_t b = 0; b < (size_t)s->items; b++)
        if (tensor_file_read(s->path, &s->info, b * item, count, to + b * count, error)) return -1;
    return 0;
}

static size_t count_of(const struct source *s) {
    return (size_t)s->items * (size_t)s->rows * (size_t)s->columns;
}

int layered_check(const struct layered *l, int t, const char *file, struct attn_error *error) {
    struct source s;
    int failed = open_source(l, t, file, &s, error);
    if (!failed) {
        float *x = xmalloc(count_of(&s) * sizeof *x);
        failed = read_source(&s, x, error);
        for (size_t i = 0; i < count_of(&s) && !failed; i++)
            if (!isfinite(x[i])) {
                snprintf(error->text, sizeof error->text,
                         "%.200s: '%s' is not finite in float at element %zu", file, layered_names[t], i);
                failed = -1;
            }
        free(x);
    }
    close_source(&s);
    return failed;
}

/* ---- values -------------------------------------------------------------------------------------- */

static int fill_from_file(const struct layered *l, int t, const char *file, float *to,
                          struct attn_error *error) {
    struct source s;
    int failed = open_source(l, t, file, &s, error) || read_source(&s, to, error);
    if (!failed && t < LAYERED_WEIGHTS && l->is_transposed) {
        float *x = xmalloc(count_of(&s) * sizeof *x);
        memcpy(x, to, count_of(&s) * sizeof *x);
        for (int i = 0; i < s.rows; i++)
            for (int j = 0; j < s.columns; j++)
                to[(size_t)j * (size_t)s.rows + (size_t)i] = x[(size_t)i * (size_t)s.columns + (size_t)j];
        free(x);
    }
    close_source(&s);
    return failed ? -1 : 0;
}

static void draw(const struct doc *point, const struct layered *l, int t, float *to) {
    uint64_t seed = l->layer.problem->seed, stream = fingerprint(layered_names[t]) | 16;
    double deviation = BIAS_DEVIATION;
    int size[2];
    size_of(l, t, size);
    size_t count = (size_t)size[0] * (size_t)size[1];
    if (t >= LAYERED_X) {
        deviation = 1;
        stream = t == LAYERED_X ? STREAM_X : STREAM_CONTEXT;
        count *= (size_t)l->layer.problem->batch;
    }
    if (t < LAYERED_WEIGHTS) deviation = 1 / sqrt(size[0]);
    if (t < 2 && !l->stands_in) deviation *= sqrt(doc_num(point, "input.s", 1));
    draw_normal(seed, stream, count, 0, deviation, to);
}

int layered_fill(const struct doc *point, struct layered *l, struct attn_error *error) {
    for (int t = 0; t < LAYERED_TENSORS; t++) {
        if (!layered_has(l, t)) continue;
        const char *file = doc_str(doc_get(point, "layer.tensors"), layered_names[t], NULL);
        const float *to = t == LAYERED_X         ? l->x.data
                          : t == LAYERED_CONTEXT ? l->context.data
                          : t < LAYERED_WEIGHTS  ? linear_of(l, t)->weight
                                                 : linear_of(l, t)->bias;
        if (!file) draw(point, l, t, (float *)to);
        else if (fill_from_file(l, t, file, (float *)to, error)) return -1;
    }
    return 0;
}
