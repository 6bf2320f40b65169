/* check_pairs.c -- two calls that differ in what must not matter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "check_parts.h"
#include "problem.h"
#include "tensors.h"

/* The other trial gives the bits of `base` where that is promised, else it keeps its definition. `words`, taken over,
   say how the two differ. */
static void expect_same(const float *base, const struct trial *other, const void *params, unsigned promised,
                        const char *promise, char *words) {
    struct rig x;
    float *got = check_output(&x, other, params);
    if (got && (checked->variant->caps & promised))
        expect(check_same_bits(base, got, rig_elements(&x)), promise, "%s", words);
    else if (got) check_definition(&x);
    if (got) check_tear_down(&x);
    free(got), free(words);
}

/* The same again, other numbers of threads, then every instruction set. */
void check_threads(const struct trial *t, const void *params) {
    struct rig r;
    float *base = check_output(&r, t, params);
    if (!base) return;
    check_call(&r, PATTERN_A);
    float *again = rig_output(&r);
    expect(check_same_bits(base, again, rig_elements(&r)) || !check_judged(), "repeatable",
           "the same call gives another output");
    for (int threads = 2; threads <= 3; threads++) {
        struct trial other = *t;
        other.threads = threads;
        expect_same(base, &other, params, ATTN_CAP_SAME_BITS, "same_bits",
                    format("%d threads give other bits than %d", threads, t->threads));
    }
    for (int isa = 1; isa < attn_isa_count(); isa++) {
        struct trial other = *t;
        other.isa = isa;
        if (attn_isa_usable(isa))
            expect_same(base, &other, params, ATTN_CAP_SAME_BITS_ISA, "same_bits_isa",
                        format("%s gives other bits than %s", attn_isa_name(isa), attn_isa_name(t->isa)));
    }
    free(base), free(again);
    check_tear_down(&r);
}

/* ---- NaN where nobody may look ------------------------------------------------------------------ */

/* `spoil` puts NaN into the inputs and says how many elements of the output, from the first on, it may not change. */
static void expect_unmoved(const struct trial *t, const void *params, size_t (*spoil)(struct rig *),
                           const char *promise, const char *what) {
    struct rig r;
    float *base = check_output(&r, t, params);
    if (!base) return;
    size_t n = spoil(&r);
    check_call(&r, PATTERN_A);
    float *got = rig_output(&r);
    expect(check_same_bits(base, got, n), promise, "%s", what);
    free(base), free(got);
    check_tear_down(&r);
}

static size_t spoil_padding(struct rig *r) {
    for (int b = 0; b < r->trial.batch; b++) rig_spoil_keys(r, b, r->key_lengths[b]);
    return rig_elements(r);
}

void check_padding(const struct trial *t, const void *params) {
    if (t->lengths)
        expect_unmoved(t, params, spoil_padding, "masked_nan",
                       "NaN in keys and values beyond the key length changes the output");
}

/* The rig's biases mask key nk / 3 in every row. */
static size_t spoil_masked(struct rig *r) {
    int j = r->trial.nk / 3;
    for (int b = 0; b < r->trial.batch; b++)
        for (int h = 0; h < r->trial.kv_heads; h++) {
            float *k = rig_row(&r->inputs.k, b, h, j), *v = rig_row(&r->inputs.v, b, h, j);
            for (int d = 0; d < r->trial.dk; d++) k[d] = NAN;
            for (int d = 0; d < r->trial.dv; d++) v[d] = NAN;
        }
    return rig_elements(r);
}

void check_masked(const struct trial *t, const void *params) {
    if (t->bias == ATTN_BIAS_DENSE || t->bias == ATTN_BIAS_BOOLEAN)
        expect_unmoved(t, params, spoil_masked, "masked_nan",
                       "NaN in a key and value that the bias masks changes the output");
}

static size_t spoil_items(struct rig *r) {
    for (int b = 1; b < r->trial.batch; b++) rig_spoil_keys(r, b, 0);
    return rig_elements(r) / (size_t)r->trial.batch;
}

void check_items(const struct trial *t, const void *params) {
    expect_unmoved(t, params, spoil_items, "batch_independence",
                   "keys and values of other batch items change the output of item 0");
}

static size_t spoil_heads(struct rig *r) {
    rig_spoil_heads(r);
    return (size_t)(r->trial.heads / r->trial.kv_heads) * (size_t)r->trial.nq * (size_t)r->trial.dv;
}

void check_heads(const struct trial *t, const void *params) {
    expect_unmoved(t, params, spoil_heads, "head_independence",
                   "queries, keys and values of other heads change the output of the first");
}

/* Keys and values of item 0 from `from` on become others. */
static void move_keys(struct rig *r, int from) {
    for (int h = 0; h < r->trial.kv_heads; h++)
        for (int j = from; j < r->trial.nk; j++) {
            float *k = rig_row(&r->inputs.k, 0, h, j), *v = rig_row(&r->inputs.v, 0, h, j);
            for (int d = 0; d < r->trial.dk; d++) k[d] += 1;
            for (int d = 0; d < r->trial.dv; d++) v[d] += 1;
        }
}

/* How far the first `rows` rows of item 0 are from those of `base`. */
static double distance_of_first(const struct rig *r, const float *base, const float *got, int rows) {
    size_t dv = (size_t)r->trial.dv, count = (size_t)rows * dv, heads = (size_t)r->trial.heads;
    double *want = xmalloc(heads * count * sizeof *want);
    float *first = xmalloc(heads * count * sizeof *first);
    for (size_t h = 0; h < heads; h++)
        for (size_t x = 0; x < count; x++) {
            want[h * count + x] = (double)base[h * (size_t)r->trial.nq * dv + x];
            first[h * count + x] = got[h * (size_t)r->trial.nq * dv + x];
        }
    double far = accuracy_distance(first, want, heads * (size_t)rows, dv).rel_fro;
    free(want), free(first);
    return far;
}

/* A transform over all positions rounds earlier rows anew when later keys are others; no more than that. */
static void expect_only_rounding(struct rig *r, const float *base, int rows, int seen) {
    double bound = accuracy_bound(checked->variant->kind, 0);
    move_keys(r, seen);
    check_call(r, PATTERN_A);
    float *got = rig_output(r);
    double far = distance_of_first(r, base, got, rows);
    expect(far <= bound, "causality",
           "keys and values from %d on change query rows up to %d by %.3g, more than by rounding, %.3g", seen,
           rows - 1, far, bound);
    free(got);
}

/* Keys after row i change no row up to i of item 0: not a bit of it, even where they are NaN. */
void check_future(const struct trial *t, const void *params) {
    struct rig r;
    float *base = check_output(&r, t, params), *got;
    if (!base) return;
    if (checked->variant->caps & ATTN_CAP_TRANSFORM) {
        int i = t->nq / 2;
        expect_only_rounding(&r, base, i + 1, attn_visible(&r.problem, attn_keys(&r.subject.call, 0), i));
    } else if (t->mask != ATTN_MASK_NONE) {
        int i = t->nq / 2, seen = attn_visible(&r.problem, attn_keys(&r.subject.call, 0), i), held = 1;
        size_t row = (size_t)r.trial.dv * sizeof *base, head = (size_t)t->nq * row;
        rig_spoil_keys(&r, 0, seen);
        check_call(&r, PATTERN_A);
        got = rig_output(&r);
        for (int h = 0; h < t->heads; h++)
            held &= !memcmp((char *)base + (size_t)h * head, (char *)got + (size_t)h * head,
                            (size_t)(i + 1) * row);
        expect(held, "causality", "keys and values from %d on change query rows up to %d", seen, i);
        free(got);
    }
    free(base);
    check_tear_down(&r);
}

/* ---- heads that share keys ---------------------------------------------------------------------- */

static void repeat_heads(const struct attn_view *from, int kv_heads, struct attn_view *to, int heads,
                         int batch, int n, int d) {
    for (int b = 0; b < batch; b++)
        for (int h = 0; h < heads; h++)
            for (int j = 0; j < n; j++)
                memcpy(rig_row(to, b, h, j), attn_row(from, b, h / (heads / kv_heads), j),
                       (size_t)d * sizeof(float));
}

/* Grouped heads are the same as key heads written out once for each query head of their group. */
void check_grouped(const struct trial *t, const void *params) {
    struct rig r, x;
    struct trial single = *t;
    if (!t->kv_heads || t->kv_heads == t->heads || tensors_count(checked->variant)) return;
    if (checked->variant->caps & ATTN_CAP_RANDOM) return; /* each key head may draw its own */
    float *base = check_output(&r, t, params);
    if (!base) return;
    single.kv_heads = 0;
    if (check_set_up(&x, &single, params) == 0) {
        repeat_heads(&r.inputs.k, t->kv_heads, &x.inputs.k, t->heads, t->batch, t->nk, r.trial.dk);
        repeat_heads(&r.inputs.v, t->kv_heads, &x.inputs.v, t->heads, t->batch, t->nk, r.trial.dv);
        check_call(&x, PATTERN_A);
        double *want = xmalloc(rig_elements(&x) * sizeof *want);
        float *got = rig_output(&x);
        for (size_t i = 0; i < rig_elements(&x); i++) want[i] = (double)got[i];
        struct distance d =
            accuracy_distance(base, want, rig_elements(&x) / (size_t)r.trial.dv, (size_t)r.trial.dv);
        double bound =
            2 * accuracy_bound(checked->variant->kind, 0); /* two roundings; logits are small here */
        expect(
            d.rel_fro <= bound, "grouped_heads",
            "key heads written out once for each query head give an output that differs by %.3g, bound %.3g",
            d.rel_fro, bound);
        free(want), free(got);
        check_tear_down(&x);
    }
    free(base);
    check_tear_down(&r);
}

/* ---- carried state ------------------------------------------------------------------------------ */

static int carries(const struct attn_variant *v) {
    for (const struct attn_tensor *x = v->tensors; x && x->name; x++)
        if (x->role == ATTN_CARRY) return 1;
    return 0;
}

/* Rows from .. to - 1 of every input and of the output: the same arrays, a shorter problem. `views` of tensors over
   positions move as well. */
static void restrict_rows(struct subject *s, struct attn_problem *p, const struct attn_call *whole,
                          struct attn_view *views, int from, int to) {
    *p = *whole->problem;
    p->nq = p->nk = to - from;
    s->call.problem = p;
    s->call.q.data = whole->q.data + from * whole->q.row;
    s->call.k.data = whole->k.data + from * whole->k.row;
    s->call.v.data = whole->v.data + from * whole->v.row;
    s->call.o.data = whole->o.data + from * whole->o.row;
    for (size_t x = 0; x < tensors_count(checked->variant); x++)
        if (views[x].data && tensors_over_positions(&checked->variant->tensors[x]))
            views[x].data = whole->tensors[x].data + from * whole->tensors[x].row;
}

/* A sequence in two calls, state carried between them, equals the sequence in one. */
void check_carry(const struct trial *t, const void *params) {
    struct rig r;
    struct block state[TENSORS_MAX] = {{0}};
    struct attn_output carried[TENSORS_MAX] = {{0}};
    struct attn_view views[TENSORS_MAX] = {{0}};
    struct attn_problem part;
    struct attn_error error;
    if (!carries(checked->variant) || t->nq != t->nk || t->nk < 3) return;
    float *base = check_output(&r, t, params);
    if (!base) return;
    struct attn_call whole = r.subject.call;
    memcpy(views, r.subject.tensors, sizeof views);
    for (size_t x = 0; x < tensors_count(checked->variant); x++) {
        struct tensor_shape shape;
        if (checked->variant->tensors[x].role != ATTN_CARRY ||
            tensors_shape(checked->variant, &checked->variant->tensors[x], &r.problem, params, &shape,
                          &error))
            continue;
        if (block_make(&state[x], shape.count * sizeof(float))) die(EXIT_USAGE, "no memory for a test");
        carried[x] = tensors_output(&shape, (float *)state[x].data);
        views[x] = tensors_view(&shape, (const float *)state[x].data);
    }
    r.subject.call.carried = carried;
    restrict_rows(&r.subject, &part, &whole, views, 0, t->nk / 3);
    check_call(&r, PATTERN_A);
    float *early = rig_output(&r);
    r.subject.call.carried = NULL;
    r.subject.call.tensors = views;
    restrict_rows(&r.subject, &part, &whole, views, t->nk / 3, t->nk);
    check_call(&r, PATTERN_A); /* wipes the early rows */
    float *got = rig_output(&r);
    double *want = xmalloc(rig_elements(&r) * sizeof *want);
    for (size_t row = 0; row < rig_elements(&r) / (size_t)r.trial.dv; row++) {
        int is_early = (int)(row % (size_t)t->nq) < t->nk / 3;
        for (size_t d = row * (size_t)r.trial.dv; d < (row + 1) * (size_t)r.trial.dv; d++) {
            want[d] = (double)base[d];
            if (is_early) got[d] = early[d];
        }
    }
    struct distance d =
        accuracy_distance(got, want, rig_elements(&r) / (size_t)r.trial.dv, (size_t)r.trial.dv);
    expect(d.rel_fro <= 1e-5, "carry", "a sequence in two calls differs from one call by %.3g, bound 1e-5",
           d.rel_fro);
    for (int x = 0; x < TENSORS_MAX; x++) block_free(&state[x]);
    free(base), free(early), free(got), free(want);
    check_tear_down(&r);
}
