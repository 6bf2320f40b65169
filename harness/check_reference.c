/*
 * check_reference.c -- the definition itself. A reference() that shares a mistake with forward() agrees with it
 * and is still wrong; so it is held to what no definition of its kind may break.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_parts.h"

enum { ROWS = 7 }; /* of each head, spread over its queries */

struct rows { /* of one head, from reference() and from exact softmax */
    int n, i[ROWS];
    double *w, *out, *judge_w, *judge;
};

static struct rows rows_make(const struct trial *t) {
    size_t nk = ROWS * (size_t)t->nk * sizeof(double), dv = ROWS * (size_t)t->dv * sizeof(double);
    struct rows x = {.w = xmalloc(nk), .out = xmalloc(dv), .judge_w = xmalloc(nk), .judge = xmalloc(dv)};
    for (int i = 0; i < t->nq; i += 1 + t->nq / (ROWS - 1)) x.i[x.n++] = i;
    return x;
}

static void rows_free(struct rows *x) { free(x->w), free(x->out), free(x->judge_w), free(x->judge); }

/* The definition of these rows, into `out`. */
static void define(struct rig *r, int b, int h, const struct rows *x, double *out) {
    checked->variant->reference(&r->subject.call, b, h, x->i, x->n, NULL, NULL, out);
}

static double distance(const double *x, const double *y, int n) {
    double worst = 0;
    for (int d = 0; d < n; d++)
        worst = isnan(x[d]) || isnan(y[d]) ? (double)INFINITY : fmax(worst, fabs(x[d] - y[d]));
    return worst;
}

/* Weights over the keys that it chose are those of softmax, but for a factor; and they sum to one. */
static void expect_softmax_of_a_subset(int nk, const double *w, const double *judge) {
    double sum = 0, low = (double)INFINITY, high = 0;
    int beyond = -1;
    for (int j = 0; j < nk; j++) {
        sum += w[j];
        if (w[j] != 0 && judge[j] == 0) beyond = j;
        if (w[j] < 1e-30 || judge[j] < 1e-30) continue;
        low = fmin(low, w[j] / judge[j]);
        high = fmax(high, w[j] / judge[j]);
    }
    expect(beyond < 0, "reference", "its definition gives weight to key %d, which is masked", beyond);
    expect(sum == 0 || fabs(sum - 1) < 1e-9, "reference",
           "the weights of its definition sum to %.9g, not to 1", sum);
    expect(high <= low * (1 + 1e-6) || high == 0, "reference",
           "the weights of its definition are no softmax of the logits: their ratios to it run from %.6g to "
           "%.6g",
           low, high);
}

static void shift_values(struct rig *r, int b, int h, int visible, float by) {
    for (int j = 0; j < visible; j++) {
        float *v = rig_row(&r->inputs.v, b, attn_kv_head(&r->problem, h), j);
        for (int d = 0; d < r->trial.dv; d++) v[d] += by;
    }
}

/* Values that are one larger make every row one larger that sees a key, where weights sum to one. */
static void expect_shifted(struct rig *r, const struct rows *x, int b, int h) {
    int dv = r->trial.dv, keys = attn_keys(&r->subject.call, b);
    double *after = xmalloc((size_t)x->n * (size_t)dv * sizeof *after), worst = 0, change = 1;
    shift_values(r, b, h, keys, 1);
    define(r, b, h, x, after);
    shift_values(r, b, h, keys, -1);
    for (int e = 0; e < x->n * dv; e++) {
        int blind = x->out[e / dv * dv] == 0 && after[e / dv * dv] == 0; /* a row that sees nothing */
        double off = fabs(after[e] - x->out[e] - !blind);
        if (off > worst) worst = off, change = after[e] - x->out[e];
    }
    expect(worst < 1e-5, "reference", "values that are all one larger make its definition %.6g larger",
           change);
    free(after);
}

/* What is masked or belongs to others reaches no row of the definition, even as NaN. */
static void expect_untouched(struct rig *r) {
    const struct trial *t = &r->trial;
    struct rows x = rows_make(t);
    x.i[0] = t->nq / 2;
    x.n = 1;
    int visible = attn_visible(&r->problem, attn_keys(&r->subject.call, 0), x.i[0]);
    define(r, 0, 0, &x, x.out);
    rig_spoil_keys(r, 0, visible);
    define(r, 0, 0, &x, x.judge);
    expect(distance(x.out, x.judge, t->dv) == 0, "reference",
           "NaN in keys and values that are masked for row %d reaches its definition", x.i[0]);
    for (int b = 1; b < t->batch; b++) rig_spoil_keys(r, b, 0);
    rig_spoil_heads(r);
    define(r, 0, 0, &x, x.judge);
    expect(distance(x.out, x.judge, t->dv) == 0, "reference",
           "NaN in other batch items and heads reaches the definition of the first");
    rows_free(&x);
}

static void expect_of_kind(struct rig *r, struct rows *x, int b, int h) {
    const struct attn_variant *v = checked->variant;
    const struct trial *t = &r->trial;
    int weights = v->kind == ATTN_SUBSET_SOFTMAX && (v->caps & ATTN_CAP_WEIGHTS);
    v->reference(&r->subject.call, b, h, x->i, x->n, weights ? x->w : NULL, NULL, x->out);
    attn_softmax_rows(&r->subject.call, b, h, x->i, x->n, x->judge_w, x->judge, NULL, NULL);
    double far = distance(x->out, x->judge, x->n * t->dv);
    if (v->kind == ATTN_EXACT)
        expect(far < 1e-9, "reference",
               "it is declared exact, and its definition is off softmax attention by %.3g", far);
    for (int i = 0; i < x->n && weights; i++)
        expect_softmax_of_a_subset(t->nk, x->w + (size_t)i * (size_t)t->nk,
                                   x->judge_w + (size_t)i * (size_t)t->nk);
    expect_shifted(r, x, b, h);
}

void check_reference(const struct trial *t, const void *params) {
    const enum attn_kind kind = checked->variant->kind;
    struct rig r;
    if (!check_judged() || check_set_up(&r, t, params)) return;
    struct rows x = rows_make(&r.trial);
    int softmax = kind == ATTN_EXACT || kind == ATTN_SUBSET_SOFTMAX;
    for (int b = 0; softmax && b < t->batch; b++)
        for (int h = 0; h < t->heads; h++) expect_of_kind(&r, &x, b, h);
    expect_untouched(&r);
    rows_free(&x);
    check_tear_down(&r);
}

static void swap_rows(const struct attn_view *x, int b, int h, int i, int j, int d) {
    float *one = rig_row(x, b, h, i), *other = rig_row(x, b, h, j);
    for (int e = 0; e < d; e++) {
        float y = one[e];
        one[e] = other[e];
        other[e] = y;
    }
}

/* Without mask and bias, keys may change places together with their values. */
void check_order(const struct trial *t, const void *params) {
    const struct attn_variant *v = checked->variant;
    struct rig r;
    if (!check_judged() || t->mask != ATTN_MASK_NONE || t->bias != ATTN_BIAS_NONE || t->lengths) return;
    if (v->kind != ATTN_EXACT && !(v->caps & ATTN_CAP_ANY_ORDER)) return;
    if (check_set_up(&r, t, params)) return;
    struct rows x = rows_make(&r.trial);
    t = &r.trial;
    define(&r, 0, 0, &x, x.out);
    for (int j = 0; j < t->nk / 2; j++) {
        swap_rows(&r.inputs.k, 0, 0, j, t->nk - 1 - j, t->dk);
        swap_rows(&r.inputs.v, 0, 0, j, t->nk - 1 - j, t->dv);
    }
    define(&r, 0, 0, &x, x.judge);
    double far = distance(x.out, x.judge, x.n * t->dv);
    expect(far < 1e-9, "any_order", "keys that change places with their values change its definition by %.3g",
           far);
    rows_free(&x);
    check_tear_down(&r);
}
