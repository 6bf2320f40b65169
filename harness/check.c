/*
 * check.c -- the contract test.
 *
 * Every variant runs over the same trials: shapes that are no multiple of anything, every mask and shift,
 * key lengths down to none, every bias, strides with gaps, grouped heads. Each trial is held to the
 * definition in double; then come the promises that are about two runs: the same bits with another
 * content of scratch, another number of threads, NaN where nothing may be read, other heads and items.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "params.h"
#include "rig.h"
#include "text.h"

enum { SEED = 20, PATTERN_A = 0x7f, PATTERN_B = 0xc3, BROKEN_MAX = 16 };

static struct {
    const struct attn_variant *variant;
    int isa;
    void (*begin)(const char *);
    void (*fail)(const char *, const char *);
    const char *broken[BROKEN_MAX];
    size_t nbroken;
    long checks;
} now;

/* Counts a check; where it does not hold, reports the promise once. */
static void expect(int holds, const char *promise, const struct rig *r, const char *form, ...)
    __attribute__((format(printf, 4, 5)));
static void expect(int holds, const char *promise, const struct rig *r, const char *form, ...) {
    struct text detail = {0};
    char what[200];
    va_list args;
    now.checks++;
    if (holds) return;
    for (size_t i = 0; i < now.nbroken; i++)
        if (!strcmp(now.broken[i], promise)) return;
    if (now.nbroken < BROKEN_MAX) now.broken[now.nbroken++] = promise;
    va_start(args, form);
    vsnprintf(what, sizeof what, form, args);
    va_end(args);
    text_add(&detail, "%s; ", what);
    rig_describe(r, &detail);
    now.fail(promise, detail.s);
    free(detail.s);
}

/* A rig for the trial, announced; -1 where the variant refuses it. */
static int set_up(struct rig *r, const struct trial *t, const void *params, const char *what) {
    struct attn_error error;
    struct text text = {0};
    struct trial asked = *t;
    if (asked.isa == ATTN_ISA_BEST) asked.isa = now.isa;
    if (rig_make(r, now.variant, &asked, params, SEED, &error)) {
        rig_free(r);
        return -1;
    }
    text_add(&text, "%s: ", what);
    rig_describe(r, &text);
    now.begin(text.s);
    free(text.s);
    return 0;
}

static int judged(void) { return !(now.variant->caps & ATTN_CAP_NO_OUTPUT); }

static int same_bits(const float *x, const float *y, size_t n) { return memcmp(x, y, n * sizeof *x) == 0; }

/* ---- one run ----------------------------------------------------------------------------------- */

static void expect_definition(struct rig *r, const float *got) {
    double max_logit = 0, *want = rig_definition(r, &max_logit),
           bound = accuracy_bound(now.variant->kind, max_logit);
    struct distance d =
        accuracy_distance(got, want, rig_elements(r) / (size_t)r->trial.dv, (size_t)r->trial.dv);
    expect(d.rel_fro <= bound, "definition", r,
           "error %.3g from its own definition, bound %.3g (worst at element %zu)", d.rel_fro, bound,
           d.max_at);
    free(want);
}

/* The weights that reference() gives must make its output: sum_j w_ij v_j. */
static void expect_weights(struct rig *r) {
    const struct trial *t = &r->trial;
    const struct attn_variant *v = now.variant;
    double *w = xmalloc((size_t)t->nk * sizeof *w), *out = xmalloc((size_t)t->dv * sizeof *out), worst = 0;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->heads; h++)
            for (int i = 0; i < t->nq; i += 1 + t->nq / 5) {
                v->reference(&r->subject.call, b, h, &i, 1, w, NULL, out);
                for (int d = 0; d < t->dv; d++) {
                    double sum = 0;
                    for (int j = 0; j < t->nk; j++)
                        if (w[j] != 0)
                            sum +=
                                w[j] * (double)attn_row(&r->inputs.v, b, attn_kv_head(&r->problem, h), j)[d];
                    worst = fmax(worst, fabs(sum - out[d]));
                }
            }
    expect(worst < 1e-9, "weights", r, "the weights of reference() miss its output by %.3g", worst);
    free(w);
    free(out);
}

static void expect_lse(struct rig *r) {
    const struct trial *t = &r->trial;
    double *out = xmalloc((size_t)t->dv * sizeof *out), lse, worst = 0;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->heads; h++)
            for (int i = 0; i < t->nq; i++) {
                double got = (double)((float *)r->lse.data)[((ptrdiff_t)b * t->heads + h) * t->nq + i];
                attn_softmax_rows(&r->subject.call, b, h, &i, 1, NULL, out, &lse, NULL);
                if (isinf(lse) || isinf(got) || isnan(got)) worst = lse == got ? worst : (double)INFINITY;
                else worst = fmax(worst, fabs(lse - got) / fmax(1, fabs(lse)));
            }
    expect(worst <= 2e-6, "lse", r, "log-sum-exp misses by %.3g relative, bound 2e-6", worst);
    free(out);
}

/* Useful operations against the pairs that reference() weighs. */
static void expect_cost(struct rig *r) {
    const struct trial *t = &r->trial;
    struct attn_cost cost = {.struct_size = sizeof cost};
    double *w = xmalloc((size_t)t->nk * sizeof *w), *out = xmalloc((size_t)t->dv * sizeof *out), pairs = 0;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->heads; h++)
            for (int i = 0; i < t->nq; i++) {
                now.variant->reference(&r->subject.call, b, h, &i, 1, w, NULL, out);
                for (int j = 0; j < t->nk; j++) pairs += w[j] != 0;
            }
    now.variant->cost(&r->problem, r->subject.params, r->subject.tensors, &cost);
    double want = pairs * 2 * (t->dk + t->dv);
    expect(fabs(cost.flops - want) <= 1e-9 * want, "cost", r,
           "cost() counts %.0f operations; its weights need %.0f", cost.flops, want);
    free(w);
    free(out);
}

static void one_run(const struct trial *t, const void *params) {
    const unsigned caps = now.variant->caps;
    struct rig r;
    if (set_up(&r, t, params, "a run")) return;
    rig_run(&r, PATTERN_A);
    float *first = rig_output(&r);
    expect(rig_gaps_intact(&r, PATTERN_A), "writes_outside", &r, "something beside the output was written");
    if (judged()) {
        expect_definition(&r, first);
        if (caps & ATTN_CAP_LSE) expect_lse(&r);
        if (caps & ATTN_CAP_WEIGHTS) expect_weights(&r);
        if ((now.variant->kind == ATTN_EXACT || now.variant->kind == ATTN_SUBSET_SOFTMAX) && !t->lengths &&
            !t->bias)
            expect_cost(&r);
        rig_run(&r, PATTERN_B);
        float *second = rig_output(&r);
        expect(same_bits(first, second, rig_elements(&r)), "uninitialised_scratch", &r,
               "the output depends on what scratch or output held before");
        free(second);
    }
    free(first);
    rig_free(&r);
}

/* ---- two runs ---------------------------------------------------------------------------------- */

/* The output of a trial, or NULL where it is refused. */
static float *output_of(const struct trial *t, const void *params, const char *what, struct rig *r) {
    if (set_up(r, t, params, what)) return NULL;
    rig_run(r, PATTERN_A);
    return rig_output(r);
}

static void threads_and_isa(const struct trial *t, const void *params) {
    struct trial other = *t;
    struct rig r, x;
    float *base = output_of(t, params, "one thread", &r);
    if (!base) return;
    for (int threads = 2; threads <= 3; threads++) {
        other = *t;
        other.threads = threads;
        float *got = output_of(&other, params, "other threads", &x);
        if (!got) continue;
        if (now.variant->caps & ATTN_CAP_SAME_BITS)
            expect(same_bits(base, got, rig_elements(&r)), "same_bits", &x,
                   "%d threads give other bits than one", threads);
        else expect_definition(&x, got);
        free(got);
        rig_free(&x);
    }
    for (int isa = 1; isa < attn_isa_count(); isa++) {
        if (!attn_isa_usable(isa)) continue;
        other = *t;
        other.isa = isa;
        float *got = output_of(&other, params, "other instruction set", &x);
        if (!got) continue;
        if (now.variant->caps & ATTN_CAP_SAME_BITS_ISA)
            expect(same_bits(base, got, rig_elements(&r)), "same_bits_isa", &x, "%s gives other bits than %s",
                   attn_isa_name(isa), attn_isa_name(r.trial.isa));
        else expect_definition(&x, got);
        free(got);
        rig_free(&x);
    }
    free(base);
    rig_free(&r);
}

/* NaN in keys beyond the key length changes no bit. */
static void padding(const struct trial *t, const void *params) {
    struct rig r;
    float *base = output_of(t, params, "NaN in padded keys", &r), *got;
    if (!base) return;
    for (int b = 0; b < t->batch; b++) rig_spoil_keys(&r, b, r.key_lengths[b]);
    rig_run(&r, PATTERN_A);
    got = rig_output(&r);
    expect(same_bits(base, got, rig_elements(&r)), "masked_nan", &r,
           "NaN in keys beyond the key length changes the output");
    free(base), free(got);
    rig_free(&r);
}

/* NaN in a key that a bias masks in every row changes no bit. */
static void masked_by_bias(const struct trial *t, const void *params) {
    struct rig r;
    float *base = output_of(t, params, "NaN in a key masked by the bias", &r), *got;
    if (!base) return;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < r.trial.kv_heads; h++) {
            float *k = (float *)(uintptr_t)attn_row(&r.inputs.k, b, h, t->nk / 3),
                  *v = (float *)(uintptr_t)attn_row(&r.inputs.v, b, h, t->nk / 3);
            for (int d = 0; d < r.trial.dk; d++) k[d] = NAN;
            for (int d = 0; d < r.trial.dv; d++) v[d] = NAN;
        }
    rig_run(&r, PATTERN_A);
    got = rig_output(&r);
    expect(same_bits(base, got, rig_elements(&r)), "masked_nan", &r,
           "NaN in a key masked by the bias changes the output");
    free(base), free(got);
    rig_free(&r);
}

/* Keys after row i changes no row up to i: not a bit of it, even where they are NaN. */
static void causality(const struct trial *t, const void *params) {
    struct rig r;
    float *base = output_of(t, params, "NaN in future keys", &r), *got;
    if (!base) return;
    int i = t->nq / 2, b = 0, seen = attn_visible(&r.problem, attn_keys(&r.subject.call, b), i);
    size_t row = (size_t)r.trial.dv * sizeof *base, head = (size_t)t->nq * row;
    int held = 1;
    rig_spoil_keys(&r, b, seen);
    rig_run(&r, PATTERN_A);
    got = rig_output(&r);
    for (int h = 0; h < t->heads; h++)
        held &=
            !memcmp((char *)base + (size_t)h * head, (char *)got + (size_t)h * head, (size_t)(i + 1) * row);
    expect(held, "causality", &r, "keys from %d on change rows up to %d", seen, i);
    free(base), free(got);
    rig_free(&r);
}

/* Another batch item, even of NaN, changes no bit of the first. */
static void independence(const struct trial *t, const void *params) {
    struct rig r;
    float *base = output_of(t, params, "NaN in another batch item", &r), *got;
    if (!base) return;
    for (int b = 1; b < t->batch; b++) rig_spoil_keys(&r, b, 0);
    rig_run(&r, PATTERN_A);
    got = rig_output(&r);
    expect(same_bits(base, got, rig_elements(&r) / (size_t)t->batch), "batch_independence", &r,
           "keys of batch item 1 change the output of item 0");
    free(base), free(got);
    rig_free(&r);
}

/* ---- carried state ------------------------------------------------------------------------------ */

static int carries(const struct attn_variant *v) {
    for (const struct attn_tensor *x = v->tensors; x && x->name; x++)
        if (x->role == ATTN_CARRY) return 1;
    return 0;
}

/* Rows from .. to - 1 of every input and of the output: the same arrays, a shorter problem. */
static void restrict_rows(struct subject *s, struct attn_problem *p, const struct attn_call *whole, int from,
                          int to) {
    *p = *whole->problem;
    p->nq = p->nk = to - from;
    s->call.problem = p;
    s->call.q.data = whole->q.data + from * whole->q.row;
    s->call.k.data = whole->k.data + from * whole->k.row;
    s->call.v.data = whole->v.data + from * whole->v.row;
    s->call.o.data = whole->o.data + from * whole->o.row;
}

/* A sequence in two calls, state carried between them, equals the sequence in one. */
static void continuation(const struct trial *t, const void *params) {
    struct rig r;
    float *base = output_of(t, params, "state carried from call to call", &r);
    struct block state[TENSORS_MAX] = {{0}};
    struct attn_output carried[TENSORS_MAX] = {{0}};
    struct attn_view views[TENSORS_MAX] = {{0}};
    struct attn_problem part;
    struct attn_error error;
    if (!base) return;
    struct attn_call whole = r.subject.call;
    memcpy(views, r.subject.tensors, sizeof views);
    for (size_t x = 0; x < tensors_count(now.variant); x++) {
        struct tensor_shape shape;
        if (now.variant->tensors[x].role != ATTN_CARRY ||
            tensors_shape(now.variant, &now.variant->tensors[x], &r.problem, params, &shape, &error))
            continue;
        if (block_make(&state[x], shape.count * sizeof(float))) die(EXIT_USAGE, "no memory for a test");
        carried[x] = tensors_output(&shape, (float *)state[x].data);
        views[x] = tensors_view(&shape, (const float *)state[x].data);
    }
    r.subject.call.carried = carried;
    restrict_rows(&r.subject, &part, &whole, 0, t->nk / 3);
    rig_run(&r, PATTERN_A);
    float *early = rig_output(&r);
    r.subject.call.carried = NULL;
    r.subject.call.tensors = views;
    restrict_rows(&r.subject, &part, &whole, t->nk / 3, t->nk);
    rig_run(&r, PATTERN_A); /* wipes the early rows */
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
    expect(d.rel_fro <= 1e-5, "carry", &r, "two calls differ from one by %.3g, bound 1e-5", d.rel_fro);
    for (int x = 0; x < TENSORS_MAX; x++) block_free(&state[x]);
    free(base), free(early), free(got), free(want);
    rig_free(&r);
}

/* ---- the trials --------------------------------------------------------------------------------- */

static const struct trial shapes[] = {
    {.batch = 1, .heads = 1, .nq = 1, .nk = 1, .dk = 1},
    {.batch = 1, .heads = 2, .nq = 7, .nk = 7, .dk = 5},
    {.batch = 3, .heads = 2, .nq = 33, .nk = 33, .dk = 16},
    {.batch = 3, .heads = 4, .kv_heads = 2, .nq = 37, .nk = 37, .dk = 24, .dv = 40},
    {.batch = 1, .heads = 6, .kv_heads = 1, .nq = 1, .nk = 300, .dk = 17},
    {.batch = 1, .heads = 2, .nq = 19, .nk = 301, .dk = 8, .dv = 65},
    {.batch = 1, .heads = 1, .nq = 301, .nk = 19, .dk = 33},
    {.batch = 1, .heads = 3, .nq = 259, .nk = 259, .dk = 64},
    {.batch = 1, .heads = 1, .nq = 523, .nk = 523, .dk = 3, .dv = 2},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Feature number `extra` of a trial; odd ones are strided. */
static void add_feature(struct trial *t, int extra) {
    t->strided = extra % 2;
    t->lengths = extra == 2 || extra == 8 || extra == 9;
    if (extra == 3 || extra == 8) t->softcap = 2;
    if (extra >= 4 && extra <= 7) t->bias = (enum attn_bias_kind)(extra - 3);
    if (extra == 8) t->bias = ATTN_BIAS_DENSE;
    if (extra == 9) t->bias = ATTN_BIAS_ALIBI;
}

enum { FEATURES = 10 };

/* Every mask and shift, and every feature, over every shape. */
static void over_features(const void *params) {
    static const int shifts[] = {0, -3, 5, -400};
    for (int s = 0; s < SHAPES; s++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL_TOP_LEFT; mask++)
            for (int shift = 0; shift < (mask ? 4 : 1); shift++)
                for (int extra = 0; extra < (shift > 1 ? 3 : FEATURES);
                     extra++) { /* far shifts: plain forms only */
                    struct trial t = shapes[s];
                    t.mask = (enum attn_mask)mask;
                    t.shift = shifts[shift];
                    t.threads = 1 + (s + extra) % 3;
                    add_feature(&t, extra);
                    one_run(&t, params);
                }
}

/* A sample of the same, for every further value of a parameter. */
static void over_some_features(const void *params) {
    static const int some[] = {2, 3, 5, 7};
    for (int s = 0; s < 4; s++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++)
            for (int extra = s % 2; extra < FEATURES; extra += 4) {
                struct trial t = shapes[some[s]];
                t.mask = (enum attn_mask)mask;
                t.shift = mask && extra % 3 == 1 ? -2 : 0;
                t.threads = 1 + (s + extra) % 3;
                add_feature(&t, extra);
                one_run(&t, params);
            }
}

static void all_trials(const void *params) {
    const struct trial plain = {
        .batch = 3, .heads = 4, .kv_heads = 2, .nq = 131, .nk = 131, .dk = 20, .dv = 36, .threads = 1};
    const struct trial simple = {.batch = 3, .heads = 2, .nq = 131, .nk = 131, .dk = 20, .threads = 1};
    over_features(params);
    for (int which = 0; which < 2; which++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL_TOP_LEFT; mask++) {
            struct trial t = which ? simple : plain;
            t.mask = (enum attn_mask)mask;
            threads_and_isa(&t, params);
            if (!judged()) continue;
            independence(&t, params);
            if (mask) causality(&t, params);
            if (mask && carries(now.variant)) continuation(&t, params);
            t.lengths = 1;
            padding(&t, params);
            t.lengths = 0;
            for (int bias = ATTN_BIAS_DENSE; bias <= ATTN_BIAS_BOOLEAN; bias++) {
                t.bias = (enum attn_bias_kind)bias;
                masked_by_bias(&t, params);
            }
        }
}

/* The runs, and a carried state, with further values of parameters; nothing where they are refused. */
static void with_params(const void *params) {
    struct trial t = {.batch = 2, .heads = 4, .kv_heads = 2, .nq = 131, .nk = 131, .dk = 20, .dv = 36};
    over_some_features(params);
    if (!carries(now.variant)) return;
    t.mask = ATTN_MASK_CAUSAL;
    t.threads = 2;
    continuation(&t, params);
}

/* Every pair of choices that both differ from their defaults: some choices need another beside them. */
static void over_pairs_of_choices(void) {
    const struct attn_variant *v = now.variant;
    struct attn_error error;
    for (const struct attn_param *p = v->params; p && p->name; p++)
        for (const struct attn_param *q = p + 1; p->type == ATTN_CHOICE && q->name; q++)
            for (int i = 0; p->choices[i]; i++)
                for (int j = 0; q->type == ATTN_CHOICE && q->choices[j]; j++) {
                    if (i == (int)p->preset || j == (int)q->preset) continue;
                    void *params = params_defaults(v);
                    struct doc *first = doc_string(p->choices[i]), *second = doc_string(q->choices[j]);
                    if (!params_set(params, p, first, &error) && !params_set(params, q, second, &error))
                        with_params(params);
                    doc_free(first), doc_free(second);
                    free(params);
                }
}

/* The smallest, some middle and every other value of each parameter, one at a time, on the runs. */
static void over_params(void) {
    const struct attn_variant *v = now.variant;
    for (const struct attn_param *p = v->params; p && p->name; p++) {
        double values[8] = {p->min, p->min + 1, p->min + 4, fmin(p->max, 77)};
        int n = p->type == ATTN_INT ? 4 : p->type == ATTN_REAL ? 2 : 0;
        if (p->type == ATTN_REAL)
            values[1] = p->max < 1 ? p->max : 0.5 * (p->min + (p->max < 2 ? p->max : 2));
        for (; p->type == ATTN_CHOICE && p->choices[n] && n < 8; n++) values[n] = n;
        for (int i = 0; i < n; i++) {
            void *params = params_defaults(v);
            struct doc *value = p->type == ATTN_CHOICE ? doc_string(p->choices[i]) : doc_number(values[i]);
            struct attn_error error;
            if (values[i] != p->preset && !params_set(params, p, value, &error)) with_params(params);
            doc_free(value);
            free(params);
        }
    }
}

long check_variant(const struct attn_variant *v, int isa, void (*begin)(const char *),
                   void (*fail)(const char *, const char *)) {
    void *params = params_defaults(v);
    memset(&now, 0, sizeof now);
    now.variant = v;
    now.isa = isa;
    now.begin = begin;
    now.fail = fail;
    all_trials(params);
    over_params();
    over_pairs_of_choices();
    free(params);
    return now.checks;
}
