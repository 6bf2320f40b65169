/* layered.c -- the layer of a point: its sizes, what it reads and its weights. */
#include "layered.h"

#include <math.h>

#include "inputs_draw.h"
#include "tensor_source.h"
#include "text.h"

const char *const layered_names[LAYERED_TENSORS] = {"wq", "wk", "wv", "wo", "bq", "bk", "bv", "bo"};
static const char *const shapes[LAYERED_TENSORS] = {
    "d_model heads*dk", "d_context kv_heads*dk", "d_context kv_heads*dv", "heads*dv d_model",
    "heads*dk",         "kv_heads*dk",           "kv_heads*dv",           "d_model"};
static const double BIAS_DEVIATION = 0.1;

int layered_sizes(const struct doc *point, const struct attn_problem *p, struct layered *l) {
    const struct doc *layer = doc_get(point, "layer");
    *l = (struct layered){.layer.struct_size = sizeof l->layer};
    if (!layer) return 0;
    l->layer.problem = p;
    l->layer.d_model = doc_int(layer, "d_model", 1);
    l->layer.d_context = doc_int(layer, "d_context", l->layer.d_model);
    l->layer.is_cross = doc_flag(layer, "cross");
    l->has_bias = doc_flag(layer, "bias");
    return 1;
}

/* Rows and columns of one of the tensors; a bias has one row. */
static void size_of(const struct layered *l, int t, int size[2]) {
    const struct attn_problem *p = l->layer.problem;
    const int in[] = {l->layer.d_model, l->layer.d_context, l->layer.d_context, p->heads * p->dv},
              out[] = {p->heads * p->dk, p->kv_heads * p->dk, p->kv_heads * p->dv, l->layer.d_model};
    size[0] = t < 4 ? in[t] : 1;
    size[1] = out[t % 4];
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
    for (int t = 0; t < (l->has_bias ? LAYERED_TENSORS : 4); t++) {
        int size[2];
        size_of(l, t, size);
        float *x = take(base, &at, (size_t)size[0] * (size_t)size[1]);
        if (t < 4) linear_of(l, t)->weight = x, linear_of(l, t)->row = size[1];
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

/* ---- values -------------------------------------------------------------------------------------- */

static void want(const struct layered *l, int t, struct attn_tensor *table, struct tensor_shape *shape) {
    int size[2], is_bias = t >= 4;
    size_of(l, t, size);
    *table = (struct attn_tensor){.name = layered_names[t], .shape = shapes[t]};
    *shape = (struct tensor_shape){.rank = 2 - is_bias, .batch = -1, .head = -1};
    shape->size[0] = size[is_bias];
    shape->size[1] = is_bias ? 0 : size[1];
    shape->count = (size_t)size[0] * (size_t)size[1];
}

int layered_check(const struct layered *l, int t, const struct doc *source, struct attn_error *error) {
    struct attn_tensor table;
    struct tensor_shape shape, stored;
    want(l, t, &table, &shape);
    return tensor_source_open(source, &table, &shape, &stored, error);
}

static int fill_tensor(const struct doc *point, const struct layered *l, int t, float *to,
                       struct attn_error *error) {
    const struct doc *source = doc_get(doc_get(point, "layer.tensors"), layered_names[t]);
    struct attn_tensor table;
    struct tensor_shape shape, stored;
    int size[2];
    want(l, t, &table, &shape);
    if (source)
        return tensor_source_open(source, &table, &shape, &stored, error) ||
                       tensor_source_read(source, &table, &stored, to, error)
                   ? -1
                   : 0;
    size_of(l, t, size);
    double deviation = t < 4 ? 1 / sqrt(size[0]) : BIAS_DEVIATION;
    if (t < 2) deviation *= sqrt(doc_num(point, "input.s", 1));
    draw_normal(l->layer.problem->seed, fingerprint(layered_names[t]) | 16, shape.count, 0, deviation, to);
    return 0;
}

int layered_fill(const struct doc *point, struct layered *l, struct attn_error *error) {
    uint64_t seed = l->layer.problem->seed;
    draw_normal(seed, STREAM_X, input_floats(l, 0), 0, 1, (float *)l->x.data);
    if (l->layer.is_cross)
        draw_normal(seed, STREAM_CONTEXT, input_floats(l, 1), 0, 1, (float *)l->context.data);
    for (int t = 0; t < (l->has_bias ? LAYERED_TENSORS : 4); t++) {
        const float *to = t < 4 ? linear_of(l, t)->weight : linear_of(l, t)->bias;
        if (fill_tensor(point, l, t, (float *)to, error)) return -1;
    }
    return 0;
}
