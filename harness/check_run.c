/* check_run.c -- one call of forward(), held to the definition and to what stands in the table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "check_parts.h"
#include "problem.h"

/* Of long problems every so-manieth row, from another one each time, so that in the end all are seen. Definitions
   that are no softmax over keys take longer, and are not asked which pairs they weigh. */
static int step_of(const struct trial *t) {
    const enum attn_kind kind = checked->variant->kind;
    int rows = kind == ATTN_EXACT || kind == ATTN_SUBSET_SOFTMAX ? 24 : 12;
    return t->nq <= 2 * rows ? 1 : t->nq / rows;
}
static int first_of(const struct trial *t) { return (int)(checked_rows % (unsigned)step_of(t)); }

/* What reference() says of those rows. */
struct verdict {
    double *out, *weights, *outside; /* weights [rows][nk] and outside [rows], NULL where it gives none */
    size_t rows;
};

static struct verdict ask(struct rig *r, int with_weights) {
    int step = step_of(&r->trial), first = first_of(&r->trial);
    struct verdict x = {.rows = rig_rows(r, first, step)};
    if (with_weights) {
        x.weights = xmalloc(x.rows * (size_t)r->trial.nk * sizeof *x.weights);
        x.outside = xmalloc(x.rows * sizeof *x.outside);
        memset(x.outside, 0, x.rows * sizeof *x.outside);
    }
    x.out = rig_definition(r, first, step, x.weights, x.outside);
    return x;
}

/* Moves every element to the next float, up or down. */
static void nudge(struct block *b, uint64_t stream) {
    float *x = (float *)b->data;
    for (size_t i = 0; i < b->bytes / sizeof *x; i++)
        x[i] = nextafterf(x[i], attn_random_index(1, stream, i, 2) ? INFINITY : -INFINITY);
}

static void nudge_inputs(struct rig *r) { nudge(&r->q, 0), nudge(&r->k, 1), nudge(&r->v, 2); }

static void clear_values(struct rig *r) { memset(r->v.data, 0, r->v.bytes); }

/* What the definition says of other inputs: those that `change` makes of the rig's, which come back after that. */
static double *definition_after(struct rig *r, void (*change)(struct rig *)) {
    struct block *const inputs[] = {&r->q, &r->k, &r->v};
    void *kept[3];
    for (int i = 0; i < 3; i++)
        kept[i] = memcpy(xmalloc(inputs[i]->bytes), inputs[i]->data, inputs[i]->bytes);
    change(r);
    double *out = rig_definition(r, first_of(&r->trial), step_of(&r->trial), NULL, NULL);
    for (int i = 0; i < 3; i++) memcpy(inputs[i]->data, kept[i], inputs[i]->bytes), free(kept[i]);
    return out;
}

/* How far the definition itself moves when q, k and v do so: what no computation in float can be held to. It is large
   where a denominator is a difference of large sums, as with few signed features. */
static double conditioning(struct rig *r, const struct verdict *x) {
    double *moved = definition_after(r, nudge_inputs), change = 0, size = 0;
    for (size_t i = 0; i < x->rows * (size_t)r->trial.dv; i++) {
        change += (moved[i] - x->out[i]) * (moved[i] - x->out[i]);
        size += x->out[i] * x->out[i];
    }
    free(moved);
    return sqrt(change / size);
}

static void expect_definition(struct rig *r, const struct verdict *x) {
    enum attn_kind kind = checked->variant->kind;
    double bound = accuracy_bound(kind, 0);
    float *got = rig_output_rows(r, first_of(&r->trial), step_of(&r->trial));
    struct distance d = accuracy_distance(got, x->out, x->rows, (size_t)r->trial.dv);
    if (!(d.rel_fro <= bound)) bound = accuracy_bound(kind, rig_max_logit(r)); /* which takes longer */
    int is_of_weights = kind == ATTN_EXACT || kind == ATTN_SUBSET_SOFTMAX;
    if (!is_of_weights && !(d.rel_fro <= bound)) /* features and sums are rounded, not q, k and v alone */
        bound = fmax(bound, 16 * conditioning(r, x));
    expect(d.rel_fro <= bound, "definition", "the output misses its own definition by %.3g, bound %.3g",
           d.rel_fro, bound);
    free(got);
}

void check_definition(struct rig *r) {
    struct verdict x = ask(r, 0);
    expect_definition(r, &x);
    free(x.out);
}

/* What of the output comes from elsewhere than the caller's values: all of it where these are 0. NULL: nothing does. */
static double *from_outside(struct rig *r, const struct verdict *x) {
    int any = 0;
    for (size_t row = 0; row < x->rows; row++) any |= x->outside[row] != 0;
    return any ? definition_after(r, clear_values) : NULL;
}

/* The weights that reference() gives must make its output: sum_j w_ij v_j, and what comes from outside. */
static void expect_weights(struct rig *r, const struct verdict *x) {
    const struct trial *t = &r->trial;
    double *elsewhere = from_outside(r, x);
    size_t each = x->rows / ((size_t)t->batch * (size_t)t->heads);
    double *sums = xmalloc((size_t)t->dv * sizeof *sums), worst = 0;
    for (size_t row = 0; row < x->rows; row++) {
        int b = (int)(row / each) / t->heads, h = (int)(row / each) % t->heads;
        const double *w = x->weights + row * (size_t)t->nk, *out = x->out + row * (size_t)t->dv;
        for (int d = 0; d < t->dv; d++) sums[d] = elsewhere ? elsewhere[row * (size_t)t->dv + (size_t)d] : 0;
        for (int j = 0; j < t->nk; j++) {
            const float *v = attn_row(&r->inputs.v, b, attn_kv_head(&r->problem, h), j);
            for (int d = 0; d < t->dv && w[j] != 0; d++) sums[d] += w[j] * (double)v[d];
        }
        for (int d = 0; d < t->dv; d++) worst = fmax(worst, fabs(sums[d] - out[d]));
    }
    expect(worst < 1e-9, "weights", "the weights of reference() miss its output by %.3g", worst);
    free(sums), free(elsewhere);
}

static void expect_lse(struct rig *r) {
    const struct trial *t = &r->trial;
    double *out = xmalloc((size_t)t->dv * sizeof *out), lse, worst = 0;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->heads; h++)
            for (int i = first_of(t); i < t->nq; i += step_of(t)) {
                double got = (double)((float *)r->lse.data)[((ptrdiff_t)b * t->heads + h) * t->nq + i];
                attn_softmax_rows(&r->subject.call, b, h, &i, 1, NULL, out, &lse, NULL);
                if (isinf(lse) || isinf(got) || isnan(got)) worst = lse == got ? worst : (double)INFINITY;
                else worst = fmax(worst, fabs(lse - got) / fmax(1, fabs(lse)));
            }
    expect(worst <= 2e-6, "lse",
           "it misses the log of the sum of exp(logit) over the visible keys by %.3g relative, bound 2e-6",
           worst);
    free(out);
}

/* Useful operations, but for those of a search, against the pairs that reference() weighs; needs all rows. A search
   goes over visible pairs, and by their scores alone. */
static void expect_pairs(const struct rig *r, const struct verdict *x, const struct attn_cost *cost) {
    const struct trial *t = &r->trial;
    double pairs = 0, visible = 0;
    for (size_t i = 0; i < x->rows * (size_t)t->nk; i++) pairs += x->weights[i] != 0;
    for (int i = 0; i < t->nq; i++) visible += attn_visible(&r->problem, t->nk, i);
    double want = pairs * 2 * (t->dk + t->dv), got = cost->flops - cost->search,
           most = ((double)t->batch * t->heads * visible - pairs) * 2 * t->dk;
    expect(fabs(got - want) <= 1e-9 * want, "cost",
           "cost() counts %.0f operations; the weights of reference() need %.0f", got, want);
    expect(cost->search >= 0 && cost->search <= most * (1 + 1e-9), "cost",
           "cost() counts %.0f operations of a search; the scores of all further visible pairs need %.0f",
           cost->search, most);
}

/* At least the output is written, at most everything that the call is given is read once. */
static void expect_bytes(struct rig *r, const struct attn_cost *cost) {
    const struct trial *t = &r->trial;
    double alias = sizeof(float) * (double)t->batch * t->heads * (t->nq + t->nk) * (t->dk + t->dv),
           least = problem_output_bytes(&r->problem),
           most = least + problem_input_bytes(&r->problem) + (double)r->subject.need.state;
    for (size_t i = 0; i < tensors_count(checked->variant); i++)
        most += (double)r->subject.data[i].bytes + alias; /* a tensor may be q, k or v once more */
    expect(cost->bytes >= least && cost->bytes <= most, "cost",
           "cost() counts %.0f bytes of traffic; the output alone has %.0f, everything together %.0f",
           cost->bytes, least, most);
}

static void expect_cost(struct rig *r, const struct verdict *x) {
    const enum attn_kind kind = checked->variant->kind;
    struct attn_cost cost = {.struct_size = sizeof cost};
    if (r->trial.lengths || r->trial.bias) return;
    checked->variant->cost(&r->problem, r->subject.params, r->subject.tensors, &cost);
    if ((kind == ATTN_EXACT || kind == ATTN_SUBSET_SOFTMAX) && x->weights && step_of(&r->trial) == 1)
        expect_pairs(r, x, &cost);
    if (kind != ATTN_CONTROL) expect_bytes(r, &cost);
}

void check_run(const struct trial *t, const void *params) {
    const unsigned caps = checked->variant->caps;
    struct rig r;
    float *first = check_output(&r, t, params);
    if (!first) return;
    if (check_judged()) {
        size_t n = rig_elements(&r);
        check_call(&r, PATTERN_A);
        float *again = rig_output(&r);
        expect(check_same_bits(first, again, n), "repeatable", "the same call gives another output");
        check_call(&r, PATTERN_B);
        float *other = rig_output(&r);
        expect(!check_same_bits(first, again, n) || check_same_bits(again, other, n), "uninitialised_scratch",
               "the output depends on what scratch or output held before");
        free(again), free(other);
        struct verdict x = ask(&r, (caps & ATTN_CAP_WEIGHTS) != 0);
        expect_definition(&r, &x);
        if (x.weights) expect_weights(&r, &x);
        if (caps & ATTN_CAP_LSE) expect_lse(&r);
        expect_cost(&r, &x);
        free(x.out), free(x.weights), free(x.outside);
    }
    free(first);
    check_tear_down(&r);
}
