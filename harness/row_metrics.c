/* row_metrics.c -- the attention rows of a mechanism beside those of exact softmax attention. */
#include "row_metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const int recalls[RECALLS] = {1, 8, 32};
enum { TOP = 32 };
static const double ROUNDING = 1e-6; /* by which a sum of doubles may miss one, and a weight be negative */

struct top { /* the keys that weigh most, heaviest first; of equal ones the first */
    int n, key[TOP];
    double weight[TOP];
};

static struct top top_of(const double *w, int n) {
    struct top t = {0};
    for (int j = 0; j < n; j++) {
        if (!(w[j] > 0) || (t.n == TOP && w[j] <= t.weight[TOP - 1])) continue;
        int at = t.n < TOP ? t.n++ : TOP - 1;
        for (; at > 0 && t.weight[at - 1] < w[j]; at--)
            t.weight[at] = t.weight[at - 1], t.key[at] = t.key[at - 1];
        t.weight[at] = w[j], t.key[at] = j;
    }
    return t;
}

static int among(const struct top *t, int most, int key) {
    for (int x = 0; x < t->n && x < most; x++)
        if (t->key[x] == key) return 1;
    return 0;
}

static void add_recalls(struct row_metrics *m, enum attn_kind kind, const double *own, const double *softmax,
                        int n) {
    struct top want = top_of(softmax, n), have = top_of(own, n);
    for (int r = 0; r < RECALLS; r++) {
        int k = want.n < recalls[r] ? want.n : recalls[r], found = 0;
        for (int x = 0; x < k; x++)
            found += kind == ATTN_SUBSET_SOFTMAX ? own[want.key[x]] > 0 : among(&have, k, want.key[x]);
        m->recall[r] += k > 0 ? (double)found / k : 1;
    }
}

void row_metrics_add(struct row_metrics *m, enum attn_kind kind, const double *own, double outside,
                     const double *softmax, int n) {
    double sum = outside, negative = 0, apart = fabs(outside), captured = 0, kl_own = 0, kl_softmax = 0,
           softmax_sum = 0;
    for (int j = 0; j < n; j++) {
        double w = own[j], p = softmax[j];
        sum += w;
        softmax_sum += p;
        if (w < 0) negative -= w;
        if (w > 0) captured += p;
        apart += fabs(w - p);
        if (w > 0) kl_own += w * log(w / p);
        if (p > 0) kl_softmax += p * log(p / w);
    }
    if (softmax_sum == 0) return; /* a masked row attends to nothing */
    m->rows++;
    if (!(sum > 0)) m->clamped++;
    else if (!(negative <= ROUNDING && fabs(sum - 1) <= ROUNDING)) m->improper++;
    else m->proper++, m->variation += apart / 2, m->kl_own += kl_own, m->kl_softmax += kl_softmax;
    m->captured += captured;
    m->negative += negative;
    m->sum_error += fabs(sum - 1);
    add_recalls(m, kind, own, softmax, n);
}

void row_metrics_join(struct row_metrics *m, const struct row_metrics *more) {
    m->rows += more->rows, m->clamped += more->clamped;
    m->proper += more->proper, m->improper += more->improper;
    m->variation += more->variation, m->kl_own += more->kl_own, m->kl_softmax += more->kl_softmax;
    m->captured += more->captured, m->negative += more->negative, m->sum_error += more->sum_error;
    for (int r = 0; r < RECALLS; r++) m->recall[r] += more->recall[r];
}

void row_metrics_put(const struct row_metrics *m, enum attn_kind kind, struct doc *d) {
    double rows = (double)m->rows, proper = (double)m->proper;
    if (!m->rows) return;
    doc_put_num(d, "weight_rows", rows);
    if (m->proper && !m->improper) {
        doc_put_num(d, "tv_mean", m->variation / proper);
        /* the direction that is finite, whatever kind leaves keys out */
        int of_own = kind == ATTN_SUBSET_SOFTMAX || isinf(m->kl_softmax);
        doc_put_num(d, "kl", (of_own ? m->kl_own : m->kl_softmax) / proper);
        doc_put_str(d, "kl_of", of_own ? "own" : "softmax");
    }
    doc_put_num(d, "captured_mass", m->captured / rows);
    for (int r = 0; r < RECALLS; r++) {
        char path[32];
        snprintf(path, sizeof path, "topk_recall.%d", recalls[r]);
        doc_put_num(d, path, m->recall[r] / rows);
    }
    doc_put_num(d, "negative_mass", m->negative / rows);
    doc_put_num(d, "row_sum_error", m->sum_error / rows);
    doc_put_num(d, "clamped", (double)m->clamped);
}

/* ---- the oracle ---------------------------------------------------------------------------------- */

struct weight {
    double p;
    int key;
};

static int heaviest_first(const void *x, const void *y) {
    const struct weight *a = x, *b = y;
    if (a->p != b->p) return a->p < b->p ? 1 : -1;
    return a->key - b->key;
}

void row_oracle(const double *softmax, int n, int keys, const struct attn_call *c, int b, int h,
                double *out) {
    int dv = c->problem->dv, g = attn_kv_head(c->problem, h);
    struct weight *all = xmalloc((size_t)n * sizeof *all);
    double sum = 0;
    for (int j = 0; j < n; j++) all[j] = (struct weight){softmax[j], j};
    if (keys < n) qsort(all, (size_t)n, sizeof *all, heaviest_first);
    else keys = n;
    for (int d = 0; d < dv; d++) out[d] = 0;
    for (int x = 0; x < keys && all[x].p > 0; x++) {
        const float *v = attn_row(&c->v, b, g, all[x].key);
        sum += all[x].p;
        for (int d = 0; d < dv; d++) out[d] += all[x].p * (double)v[d];
    }
    for (int d = 0; d < dv && sum > 0; d++) out[d] /= sum;
    free(all);
}
