/*
 * softmax.c -- exact softmax attention in double: the judge.
 *
 *   s_ij = cap(scale q_i . k_j) + bias_ij        cap(x) = softcap tanh(x / softcap)
 *   o_i  = sum_j exp(s_ij - max_j s_ij) v_j / sum_j exp(s_ij - max_j s_ij)     (visible j)
 *
 * Vaswani et al., "Attention is all you need", NIPS 2017, equation 1. Naive on purpose: one row at a
 * time, keys in order, three passes. A key that is masked (by the mask, the key length, or a bias of
 * -inf) is never read, so whatever stands there does no harm. A row without a visible key is zeros,
 * its lse -inf.
 */
#include "softmax.h"

#include <stdlib.h>

struct span {
    int lo, hi; /* keys lo .. hi - 1 */
};

static struct span window(const struct attn_call *c, const struct softmax_rule *rule, int b, int i) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b);
    long at = (long)i + attn_offset(p, keys);
    long lo = at - rule->left, hi = at + rule->right + 1, end = attn_visible(p, keys, i);
    if (lo < 0) lo = 0;
    if (hi > end) hi = end;
    return (struct span){(int)(lo < hi ? lo : hi), (int)hi};
}

static double dot(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const struct attn_problem *p = c->problem;
    const float *q_i = attn_row(&c->q, b, h, i), *k_j = attn_row(&c->k, b, attn_kv_head(p, h), j);
    double x = 0;
    (void)context;
    for (int d = 0; d < p->dk; d++) x += (double)q_i[d] * k_j[d];
    return x * p->scale;
}

/* The score of one pair as far as `stage` goes. */
static double score(const struct attn_call *c, const struct softmax_rule *rule, enum attn_stage stage, int b,
                    int h, int i, int j, double bias) {
    const double cap = c->problem->softcap;
    double x = (rule->score ? rule->score : dot)(c, b, h, i, j, rule->context);
    if (stage == ATTN_STAGE_LOGITS) return x;
    if (cap > 0) x = cap * tanh(x / cap);
    return stage == ATTN_STAGE_SOFTCAPPED ? x : x + bias;
}

/* s[j - lo] for the visible keys, -INFINITY where the bias masks; returns the largest. */
static double logits(const struct attn_call *c, const struct softmax_rule *rule, int b, int h, int i,
                     struct span w, double *s, double *magnitude) {
    const struct attn_problem *p = c->problem;
    int position = i + attn_offset(p, attn_keys(c, b));
    double top = -INFINITY;
    for (int j = w.lo; j < w.hi; j++) {
        double bias = attn_bias_at(c, b, h, i, j, position), x;
        s[j - w.lo] = -INFINITY;
        if (bias == -INFINITY || (rule->allowed && !rule->allowed(c, b, h, i, j, rule->context))) continue;
        x = score(c, rule, ATTN_STAGE_BIASED, b, h, i, j, bias);
        s[j - w.lo] = x;
        if (x > top) top = x;
        if (magnitude && fabs(x) > *magnitude) *magnitude = fabs(x);
    }
    return top;
}

void softmax_rows(const struct attn_call *c, const struct softmax_rule *rule, int b, int h, const int *rows,
                  int nrows, double *weights, double *out, double *lse, double *max_logit) {
    const struct attn_problem *p = c->problem;
    double *s = malloc((size_t)p->nk * sizeof *s);
    if (!s) abort();
    for (int r = 0; r < nrows; r++) {
        struct span w = window(c, rule, b, rows[r]);
        double top = logits(c, rule, b, h, rows[r], w, s, max_logit), l = 0;
        double *o = out + (size_t)r * (size_t)p->dv;
        for (int j = w.lo; j < w.hi; j++) {
            double *e = &s[j - w.lo];
            *e = *e == -INFINITY ? 0 : exp(*e - top);
            l += *e;
        }
        for (int d = 0; d < p->dv; d++) o[d] = 0;
        if (weights)
            for (int j = 0; j < p->nk; j++) weights[(size_t)r * (size_t)p->nk + (size_t)j] = 0;
        for (int j = w.lo; j < w.hi; j++) {
            const float *v_j = attn_row(&c->v, b, attn_kv_head(p, h), j);
            double e = s[j - w.lo];
            if (e == 0) continue; /* masked, or below any effect */
            if (weights) weights[(size_t)r * (size_t)p->nk + (size_t)j] = e / l;
            for (int d = 0; d < p->dv; d++) o[d] += e / l * v_j[d];
        }
        if (lse) lse[r] = l > 0 ? top + log(l) : -INFINITY;
    }
    free(s);
}

void attn_softmax_rows(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                       double *out, double *lse, double *max_logit) {
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN};
    softmax_rows(c, &rule, b, h, rows, nrows, weights, out, lse, max_logit);
}

static double shared_score(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const float *q_i = attn_row(&c->q, b, h, i), *q_j = attn_row(&c->q, b, h, j);
    double x = 0, square = 0;
    (void)context;
    for (int d = 0; d < c->problem->dk; d++) x += (double)q_i[d] * q_j[d], square += (double)q_j[d] * q_j[d];
    return square > 0 ? x / sqrt(square) : 0;
}

static int another(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    (void)c, (void)b, (void)h, (void)context;
    return i != j;
}

void attn_shared_rows(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *out, double *lse, double *max_logit) {
    const struct softmax_rule others = {SOFTMAX_OPEN, SOFTMAX_OPEN, another, shared_score, NULL},
                              itself = {0, 0, NULL, shared_score, NULL};
    for (int r = 0; r < nrows; r++) {
        double *w = weights ? weights + (size_t)r * (size_t)c->problem->nk : NULL,
               *o = out + (size_t)r * (size_t)c->problem->dv, own;
        softmax_rows(c, &others, b, h, &rows[r], 1, w, o, &own, max_logit);
        if (own == -INFINITY) softmax_rows(c, &itself, b, h, &rows[r], 1, w, o, &own, max_logit);
        if (lse) lse[r] = own;
    }
}

void attn_softmax_scores(const struct attn_call *c, enum attn_stage stage, int b, int h, int i,
                         double *scores) {
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN};
    const int nk = c->problem->nk;
    if (stage == ATTN_STAGE_BIASED) {
        struct span w = window(c, &rule, b, i);
        for (int j = 0; j < nk; j++) scores[j] = -INFINITY;
        logits(c, &rule, b, h, i, w, scores + w.lo, NULL);
        return;
    }
    for (int j = 0; j < nk; j++) scores[j] = score(c, &rule, stage, b, h, i, j, 0);
}

/* Is key a in front of key b, where the largest are wanted? */
static int precedes(const double *x, int a, int b) { return x[a] != x[b] ? x[a] > x[b] : a < b; }

/* key [n] is a heap again, the last of the chosen on top, but for that the top may have to go down. */
static void sink(int n, const double *x, int *key) {
    for (int at = 0, child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && precedes(x, key[child], key[child + 1])) child++;
        if (!precedes(x, key[at], key[child])) return;
        int moved = key[at];
        key[at] = key[child];
        key[child] = moved;
    }
}

static void rise(int at, const double *x, int *key) {
    for (int parent; at > 0 && precedes(x, key[parent = (at - 1) / 2], key[at]); at = parent) {
        int moved = key[at];
        key[at] = key[parent];
        key[parent] = moved;
    }
}

int softmax_largest(int n, const double *x, int k, int *key) {
    int count = 0;
    for (int j = 0; j < n; j++) {
        if (!(x[j] > -(double)INFINITY)) continue;
        if (count < k) {
            key[count] = j;
            rise(count++, x, key);
        } else if (precedes(x, j, key[0])) {
            key[0] = j;
            sink(count, x, key);
        }
    }
    return count;
}
