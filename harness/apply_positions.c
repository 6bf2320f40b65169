/* apply_positions.c -- `attnbench apply --positions`. */
#include "apply_positions.h"

#include <stdlib.h>
#include <string.h>

#include "problem.h"
#include "text.h"

/* ---- what the options say ----------------------------------------------------------------------- */

/* The options that belong to one kind alone. */
static void verify_options(const struct apply_options *o) {
    const struct {
        const char *file, *option, *kind;
    } all[] = {{o->position_ids, "--position-ids", "rope"},
               {o->rope_cos, "--rope-cos", "rope"},
               {o->rope_sin, "--rope-sin", "rope"},
               {o->slopes, "--slopes", "alibi"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].file && !positions_are(o->positions, all[i].kind))
            die(EXIT_USAGE, "%s: it belongs to --positions %s", all[i].option, all[i].kind);
    if (!o->rope_cos != !o->rope_sin)
        die(EXIT_USAGE, "--rope-%s alone: give --rope-cos and --rope-sin together",
            o->rope_cos ? "cos" : "sin");
    if (o->bias && positions_bias_kind(o->positions) != ATTN_BIAS_NONE)
        die(EXIT_USAGE, "--bias and --positions %s are two biases; one is taken: add them in its file",
            doc_str(o->positions, "kind", ""));
}

/* ---- files -------------------------------------------------------------------------------------- */

/* Rows of q and of k that have positions of their own must be as many. */
static void require_one_axis(const struct tensor_load *t, const struct attn_problem *p, int fresh) {
    if (p->nq != fresh)
        tensor_load_refuse(t, "it says where the rows of q and of k stand, and they are %d and %d", p->nq,
                           fresh);
}

/* [n] or [batch, n]. */
static void open_ids(struct tensor_load *t, const char *file, const struct attn_problem *p, int fresh) {
    tensor_load_open(t, "--position-ids", file, "position_ids");
    tensor_load_require(t, TENSOR_INTEGERS, "integers are needed");
    require_one_axis(t, p, fresh);
    const int *shape = t->info.shape;
    if (t->info.rank > 2 || shape[3] != fresh || (shape[2] != 1 && shape[2] != p->batch))
        tensor_load_refuse(t, "shape %s; [%d] or [%d, %d], a position for each row of q and k, is needed",
                           t->shape, fresh, p->batch, fresh);
}

/* [positions, dims / 2], or [batch, n, dims / 2] for the rows as they come. */
static void open_cache(struct tensor_load *t, const char *option, const char *file, const char *name,
                       const struct attn_problem *p, int fresh, int by_row) {
    tensor_load_open(t, option, file, name);
    tensor_load_require(t, TENSOR_FLOATS, "F32, F16, BF16 or F64 is needed");
    const int *shape = t->info.shape;
    if (t->info.rank == 2) return;
    if (t->info.rank != 3)
        tensor_load_refuse(t, "shape %s; [positions, dims/2] or [batch, n, dims/2] is needed", t->shape);
    if (by_row)
        tensor_load_refuse(t, "shape %s has its rows in order already; leave out --position-ids", t->shape);
    require_one_axis(t, p, fresh);
    if (shape[2] != fresh || (shape[1] != 1 && shape[1] != p->batch))
        tensor_load_refuse(t, "shape %s; [%d, %d, dims/2] is needed here", t->shape, p->batch, fresh);
}

static void open_caches(struct apply_positions *a, const struct apply_options *o,
                        const struct attn_problem *p, int fresh) {
    open_cache(&a->cosine, "--rope-cos", o->rope_cos, "cos_cache", p, fresh, o->position_ids != NULL);
    open_cache(&a->sine, "--rope-sin", o->rope_sin, "sin_cache", p, fresh, o->position_ids != NULL);
    if (memcmp(a->cosine.info.shape, a->sine.info.shape, sizeof a->sine.info.shape) ||
        a->cosine.info.rank != a->sine.info.rank)
        tensor_load_refuse(&a->sine, "shape %s, and --rope-cos has %s", a->sine.shape, a->cosine.shape);
    int pairs = a->cosine.info.shape[3], dims = doc_int(a->kind, "dims", 0);
    if (2 * pairs > p->dk || (dims && dims != 2 * pairs))
        tensor_load_refuse(&a->cosine, "shape %s turns %d coordinates; %s = %d", a->cosine.shape, 2 * pairs,
                           dims ? "dims" : "dk", dims ? dims : p->dk);
}

static void open_slopes(struct tensor_load *t, const char *file, const struct attn_problem *p) {
    tensor_load_open(t, "--slopes", file, "slopes");
    tensor_load_require(t, TENSOR_FLOATS, "F32, F16, BF16 or F64 is needed");
    if (t->info.rank != 1 || t->info.shape[3] != p->heads)
        tensor_load_refuse(t, "shape %s; [%d], one slope for each head of q, is needed", t->shape, p->heads);
}

void apply_positions_open(struct apply_positions *a, const struct apply_options *o, struct attn_problem *p,
                          int past) {
    int fresh = p->nk - past;
    *a = (struct apply_positions){.kind = o->positions};
    verify_options(o);
    if (o->position_ids) open_ids(&a->ids, o->position_ids, p, fresh);
    if (o->rope_cos) open_caches(a, o, p, fresh);
    if (o->slopes) open_slopes(&a->slopes, o->slopes, p);
    if (positions_bias_kind(o->positions) != ATTN_BIAS_NONE) p->bias = positions_bias_kind(o->positions);
}

void apply_positions_verify(const struct apply_positions *a, const struct attn_problem *p,
                            const struct attn_variant *v) {
    struct attn_error error;
    if (positions_accept(a->kind, p, v, 0, &error))
        die(EXIT_USAGE, "--positions %s: %s", doc_str(a->kind, "kind", ""), error.text);
}

/* ---- rotary ------------------------------------------------------------------------------------- */

/* The cosines and sines of a row at `position`: computed, or from a cache. */
static void fill_row(struct apply_positions *a, const struct attn_rope *r, double position, float *cosine,
                     float *sine) {
    size_t pairs = (size_t)r->dims / 2;
    double at = position + doc_num(a->kind, "first", 0);
    if (!a->cosine.option) {
        if (!(fabs(at) <= PROBLEM_LENGTH_MAX))
            die(EXIT_USAGE, "--positions rope: position %.0f; up to %d in magnitude are taken", at,
                PROBLEM_LENGTH_MAX);
        attn_rope_table(doc_num(a->kind, "base", 10000), r->dims, (int)at, 1, cosine, sine, 1);
        return;
    }
    int rows = a->cosine.info.shape[2];
    if (!(at >= 0 && at < rows))
        tensor_load_refuse(&a->cosine, "shape %s has no row for position %.0f", a->cosine.shape, at);
    memcpy(cosine, a->cosines + (size_t)at * pairs, pairs * sizeof *cosine);
    memcpy(sine, a->sines + (size_t)at * pairs, pairs * sizeof *sine);
}

/* Tables for n rows of each item: where row t of item b stands is ids[b or 0][t], else starts[b] + t. */
static void fill_tables(struct apply_positions *a, struct attn_rope *r, int items, int n, const double *ids,
                        int id_items, const int *starts) {
    size_t pairs = (size_t)r->dims / 2, count = (size_t)items * (size_t)n * pairs;
    block_free(&a->tables);
    if (block_make(&a->tables, 2 * count * sizeof(float)))
        die(EXIT_USAGE, "no memory for %s of cosines and sines",
            show_bytes(2.0 * (double)count * sizeof(float)));
    float *cosine = (float *)a->tables.data, *sine = cosine + count;
    *r = (struct attn_rope){r->style, r->dims, cosine, sine, (ptrdiff_t)n * (ptrdiff_t)pairs};
    for (int b = 0; b < items; b++)
        for (int t = 0; t < n; t++, cosine += pairs, sine += pairs)
            fill_row(a, r,
                     ids ? ids[(size_t)(id_items > 1 ? b : 0) * (size_t)n + (size_t)t]
                         : (double)starts[b] + t,
                     cosine, sine);
}

/* Turns n rows of every head into `to`, which has the strides of x, and lets x stand there. */
static void turn_rows(const struct attn_rope *r, const struct attn_problem *p, int heads, int n,
                      struct attn_view *x, struct block *to) {
    size_t bytes = (size_t)p->batch * (size_t)heads * (size_t)n * (size_t)p->dk * sizeof(float);
    if (block_make(to, bytes)) die(EXIT_USAGE, "no memory for %s of turned rows", show_bytes((double)bytes));
    struct attn_output out = {(float *)to->data, x->batch, x->head, x->row};
    attn_rope_turn(r, p->batch, heads, n, p->dk, x, &out, p->threads);
    block_read_only(to);
    x->data = (const float *)to->data;
}

/* A cache of [batch, n, dims / 2] is a table as it stands. */
static void take_rows(struct apply_positions *a, struct attn_rope *r) {
    const int *shape = a->cosine.info.shape;
    r->cosine = a->cosines, r->sine = a->sines;
    r->batch = shape[1] > 1 ? (ptrdiff_t)shape[2] * shape[3] : 0;
}

void apply_positions_turn(struct apply_positions *a, const struct attn_problem *p, const int *key_lengths,
                          int past, struct attn_view *q, struct attn_view *k) {
    if (!positions_are(a->kind, "rope")) return;
    int fresh = p->nk - past, *starts = xmalloc((size_t)p->batch * sizeof *starts);
    struct attn_rope r = positions_rope(a->kind, p);
    double *ids = a->ids.option ? tensor_load_doubles(&a->ids) : NULL;
    if (a->cosine.option) {
        r.dims = 2 * a->cosine.info.shape[3];
        a->cosines = tensor_load_floats(&a->cosine);
        a->sines = tensor_load_floats(&a->sine);
    }
    if (a->cosine.info.rank == 3) take_rows(a, &r);
    for (int b = 0; b < p->batch; b++) starts[b] = attn_offset(p, key_lengths ? key_lengths[b] : p->nk);
    if (a->cosine.info.rank != 3) fill_tables(a, &r, p->batch, p->nq, ids, a->ids.info.shape[2], starts);
    turn_rows(&r, p, p->heads, p->nq, q, &a->q);
    for (int b = 0; b < p->batch; b++) starts[b] = past;
    if (a->cosine.info.rank != 3) fill_tables(a, &r, p->batch, fresh, ids, a->ids.info.shape[2], starts);
    turn_rows(&r, p, p->kv_heads, fresh, k, &a->k);
    free(starts), free(ids);
}

/* ---- biases ------------------------------------------------------------------------------------- */

void apply_positions_bias(struct apply_positions *a, const struct attn_problem *p, struct attn_bias *bias) {
    size_t count = positions_bias_count(a->kind, p);
    if (count == 0) return;
    if (block_make(&a->bias, count * sizeof(float))) die(EXIT_USAGE, "no memory for the bias of positions");
    *bias = positions_bias(a->kind, p, (float *)a->bias.data);
    if (a->slopes.option) bias->values = tensor_load_floats(&a->slopes);
}

void apply_positions_free(struct apply_positions *a) {
    struct tensor_load *loads[] = {&a->ids, &a->cosine, &a->sine, &a->slopes};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) tensor_load_free(loads[i]);
    block_free(&a->tables), block_free(&a->bias), block_free(&a->q), block_free(&a->k);
}
