/*
 * layer.c -- the multi-head layer around an operator.
 *
 * Both projections are products of the kernels over weights that set-up has packed into panels. On the way in, each head
 * of Q, K and V is a panel of its own columns, so that the product is written head by head, [n][dk], where the operator
 * reads it, and no pass transposes anything. On the way out, the product of each head with its rows of Wo is added to y,
 * which has begun with the bias. Threads take blocks of rows with one head, or with one panel of y.
 */
#include "layer.h"

#include <string.h>

#include "kernels/kern.h"
#include "parts.h"

enum {
    ROWS = 96,  /* of x or o that go together: with a slice of weights they fit a private cache */
    DEPTH = 256 /* of the sum at a time */
};

/* ---- where things are ---------------------------------------------------------------------------- */

struct head { /* a head of Q, K or V */
    const struct attn_linear *linear;
    int first, width; /* its columns */
    int depth;        /* rows of its weight */
    size_t at;        /* of its panels, in floats from the start of the state */
};

static size_t padded(const struct kern *kern, int width) {
    return (size_t)ceil_div(width, kern->nr) * (size_t)kern->nr;
}

static int heads_of(const struct attn_problem *p) { return p->heads + 2 * p->kv_heads; }

/* Heads of Q come first, then those of K and V. */
static struct head head_at(const struct attn_layer *l, const struct kern *kern, int t) {
    const struct attn_problem *p = l->problem;
    int k = t - p->heads, v = k - p->kv_heads;
    size_t q_size = (size_t)l->d_model * padded(kern, p->dk),
           k_size = (size_t)l->d_context * padded(kern, p->dk);
    if (k < 0) return (struct head){&l->q, t * p->dk, p->dk, l->d_model, (size_t)t * q_size};
    size_t at = (size_t)p->heads * q_size;
    if (v < 0) return (struct head){&l->k, k * p->dk, p->dk, l->d_context, at + (size_t)k * k_size};
    at += (size_t)p->kv_heads * k_size;
    return (struct head){&l->v, v * p->dv, p->dv, l->d_context,
                         at + (size_t)v * (size_t)l->d_context * padded(kern, p->dv)};
}

/* Where the panels of the output projection begin, in floats: behind the last head of V, on a cache line. */
static size_t output_at(const struct attn_layer *l, const struct kern *kern) {
    struct head last = head_at(l, kern, heads_of(l->problem) - 1);
    return floats(last.at + (size_t)last.depth * padded(kern, last.width)) / sizeof(float);
}

void attn_layer_size(const struct attn_layer *l, struct attn_need *in, struct attn_need *out) {
    const struct attn_problem *p = l->problem;
    const struct kern *kern = kern_find(p->isa);
    size_t queries = (size_t)p->batch * (size_t)p->heads * (size_t)p->nq,
           keys = (size_t)p->batch * (size_t)p->kv_heads * (size_t)p->nk;
    in->state = output_at(l, kern) * sizeof(float);
    in->scratch =
        floats(queries * (size_t)p->dk) + floats(keys * (size_t)p->dk) + floats(keys * (size_t)p->dv);
    out->state = floats((size_t)p->heads * (size_t)p->dv * padded(kern, l->d_model));
    out->scratch = floats(queries * (size_t)p->dv);
}

void attn_layer_call(const struct attn_layer *l, void *scratch, struct attn_call *c) {
    const struct attn_problem *p = l->problem;
    char *at = scratch;
    ptrdiff_t q = (ptrdiff_t)p->nq * p->dk, k = (ptrdiff_t)p->nk * p->dk, v = (ptrdiff_t)p->nk * p->dv,
              o = (ptrdiff_t)p->nq * p->dv;
    size_t heads = (size_t)p->batch * (size_t)p->heads, kv_heads = (size_t)p->batch * (size_t)p->kv_heads;
    c->q = (struct attn_view){cut(&at, heads * (size_t)q * sizeof(float)), p->heads * q, q, p->dk};
    c->k = (struct attn_view){cut(&at, kv_heads * (size_t)k * sizeof(float)), p->kv_heads * k, k, p->dk};
    c->v = (struct attn_view){cut(&at, kv_heads * (size_t)v * sizeof(float)), p->kv_heads * v, v, p->dv};
    c->o = (struct attn_output){cut(&at, heads * (size_t)o * sizeof(float)), p->heads * o, o, p->dv};
}

/* ---- set-up -------------------------------------------------------------------------------------- */

/* w[depth][width] into panels [ceil(width / nr)][depth][nr]; columns beyond are 0. */
static void pack_panels(int depth, int width, int nr, const float *w, ptrdiff_t row, float *to) {
    for (int j = 0; j < width; j += nr)
        for (int i = 0; i < depth; i++, to += nr) {
            int n = min_int(nr, width - j);
            memcpy(to, w + i * row + j, (size_t)n * sizeof *to);
            memset(to + n, 0, (size_t)(nr - n) * sizeof *to);
        }
}

void attn_layer_create(const struct attn_layer *l, void *state) {
    const struct attn_problem *p = l->problem;
    const struct kern *kern = kern_find(p->isa);
    float *panels = state;
    for (int t = 0; t < heads_of(p); t++) {
        struct head x = head_at(l, kern, t);
        pack_panels(x.depth, x.width, kern->nr, x.linear->weight + x.first, x.linear->row, panels + x.at);
    }
    pack_panels(p->heads * p->dv, l->d_model, kern->nr, l->output.weight, l->output.row,
                panels + output_at(l, kern));
}

/* ---- projections --------------------------------------------------------------------------------- */

/* c[rows][width] begins with the bias; 0 where there is none, and the product has to begin it. */
static int begin(const float *bias, int rows, int width, float *c, ptrdiff_t ldc) {
    for (int r = 0; bias && r < rows; r++) memcpy(c + r * ldc, bias, (size_t)width * sizeof *c);
    return bias != NULL;
}

/* Blocks of about equal length. */
struct blocks {
    int count, rows;
};

static struct blocks blocks_of(const struct kern *kern, int n) {
    int count = ceil_div(n, ROWS), rows = ceil_div(ceil_div(n, count), kern->mr) * kern->mr;
    return (struct blocks){ceil_div(n, rows), rows};
}

/* Heads `from` .. `to` - 1 for all n rows of x. */
static void project_heads(const struct attn_layer *l, const void *state, const struct attn_view *x, int n,
                          int from, int to, float *const *outputs) {
    const struct attn_problem *p = l->problem;
    const struct kern *kern = kern_find(p->isa);
    const struct blocks blocks = blocks_of(kern, n);
    int heads = to - from;
#pragma omp parallel for num_threads(p->threads)
    for (int t = 0; t < p->batch * blocks.count * heads; t++) {
        struct head head = head_at(l, kern, from + t % heads);
        int b = t / heads / blocks.count, i = t / heads % blocks.count * blocks.rows;
        int rows = min_int(blocks.rows, n - i), width = head.width;
        int own = head.linear == &l->q ? p->heads : p->kv_heads;
        float *c = outputs[head.linear == &l->q   ? 0
                           : head.linear == &l->k ? 1
                                                  : 2] +
                   ((ptrdiff_t)(b * own + head.first / width) * n + i) * width;
        const float *panels = (const float *)state + head.at, *a = attn_row(x, b, 0, i);
        int add = begin(head.linear->bias ? head.linear->bias + head.first : NULL, rows, width, c, width);
        for (int k = 0; k < head.depth; k += DEPTH, add = 1)
            kern->mul(rows, width, min_int(DEPTH, head.depth - k), 1.0f, a + k, x->row, 1,
                      panels + (ptrdiff_t)k * kern->nr, kern->nr, (ptrdiff_t)kern->nr * head.depth, add, c,
                      width);
    }
}

void attn_layer_in(const struct attn_layer *l, const void *state, const struct attn_view *x,
                   const struct attn_view *context, const struct attn_call *c) {
    const struct attn_problem *p = l->problem;
    float *outputs[] = {(float *)c->q.data, (float *)c->k.data, (float *)c->v.data};
    int queries = l->is_cross ? p->heads : heads_of(p);
    project_heads(l, state, x, p->nq, 0, queries, outputs);
    if (l->is_cross) project_heads(l, state, context, p->nk, p->heads, heads_of(p), outputs);
}

void attn_layer_out(const struct attn_layer *l, const void *state, const struct attn_call *c,
                    const struct attn_output *y) {
    const struct attn_problem *p = l->problem;
    const struct kern *kern = kern_find(p->isa);
    const struct blocks blocks = blocks_of(kern, p->nq);
    const float *panels = (const float *)state + output_at(l, kern);
    const struct attn_view o = {c->o.data, c->o.batch, c->o.head, c->o.row};
    int columns = ceil_div(l->d_model, kern->nr), depth = p->heads * p->dv;
#pragma omp parallel for num_threads(p->threads)
    for (int t = 0; t < p->batch * blocks.count * columns; t++) {
        int b = t / columns / blocks.count, i = t / columns % blocks.count * blocks.rows,
            j = t % columns * kern->nr;
        int rows = min_int(blocks.rows, p->nq - i), width = min_int(kern->nr, l->d_model - j);
        float *to = attn_out_row(y, b, 0, i) + j;
        const float *panel = panels + (ptrdiff_t)j * depth;
        int add = begin(l->output.bias ? l->output.bias + j : NULL, rows, width, to, y->row);
        for (int h = 0; h < p->heads; h++, add = 1)
            kern->mul(rows, width, p->dv, 1.0f, attn_row(&o, b, h, i), o.row, 1,
                      panel + (ptrdiff_t)h * p->dv * kern->nr, kern->nr, (ptrdiff_t)kern->nr * depth, add, to,
                      y->row);
    }
}

double attn_layer_in_flops(const struct attn_layer *l) {
    const struct attn_problem *p = l->problem;
    return 2.0 * p->batch *
           ((double)p->nq * l->d_model * p->heads * p->dk +
            (double)p->nk * l->d_context * p->kv_heads * (p->dk + p->dv));
}

double attn_layer_out_flops(const struct attn_layer *l) {
    const struct attn_problem *p = l->problem;
    return 2.0 * p->batch * (double)p->nq * p->heads * p->dv * l->d_model;
}

/* ---- the definition ------------------------------------------------------------------------------ */

/* out[j] = bias[first + j] + sum over i of x[i] weight[i][first + j] */
static void begin_define(const struct attn_linear *w, int first, int width, double *out, double *largest) {
    for (int j = 0; j < width; j++) {
        out[j] = w->bias ? (double)w->bias[first + j] : 0;
        if (largest) largest[j] = fabs(out[j]);
    }
}

static void add_define(const struct attn_linear *w, int i, double x, int first, int width, double *out,
                       double *largest) {
    const float *row = w->weight + i * w->row + first;
    for (int j = 0; j < width; j++) {
        out[j] += x * (double)row[j];
        if (largest) largest[j] = fmax(largest[j], fabs(out[j]));
    }
}

void attn_layer_define_in(const struct attn_layer *l, enum attn_projection which, const struct attn_view *x,
                          int b, int h, int i, double *out, double *largest) {
    const struct attn_linear *w = which == ATTN_PROJECTION_Q   ? &l->q
                                  : which == ATTN_PROJECTION_K ? &l->k
                                                               : &l->v;
    int width = which == ATTN_PROJECTION_V ? l->problem->dv : l->problem->dk;
    int depth = which == ATTN_PROJECTION_Q ? l->d_model : l->d_context;
    const float *row = attn_row(x, b, 0, i);
    begin_define(w, h * width, width, out, largest);
    for (int d = 0; d < depth; d++) add_define(w, d, (double)row[d], h * width, width, out, largest);
}

void attn_layer_define_out(const struct attn_layer *l, const double *o, double *out, double *largest) {
    int depth = l->problem->heads * l->problem->dv;
    begin_define(&l->output, 0, l->d_model, out, largest);
    for (int d = 0; d < depth; d++) add_define(&l->output, d, o[d], 0, l->d_model, out, largest);
}
