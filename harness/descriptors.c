/* descriptors.c -- what the softmax rows of an input are like. */
#include "descriptors.h"

#include <stdlib.h>

#include "text.h"

enum { TOP = 8, FIRST = 4, WINDOW = 64 };
static const double NEGLIGIBLE = 0.01;
static const double TINY = 1e-290; /* a smaller weight has lost digits, or all of itself */

static double logit(const struct attn_call *c, int b, int h, int i, int j, int position) {
    const struct attn_problem *p = c->problem;
    const float *q_i = attn_row(&c->q, b, h, i), *k_j = attn_row(&c->k, b, attn_kv_head(p, h), j);
    double x = 0;
    for (int d = 0; d < p->dk; d++) x += (double)q_i[d] * k_j[d];
    x *= p->scale;
    if (p->softcap > 0) x = p->softcap * tanh(x / p->softcap);
    return x + (double)attn_bias_at(c, b, h, i, j, position);
}

/* Keeps the TOP largest in top[], smallest first. */
static void keep_top(double *top, double w) {
    int at = 0;
    if (w <= top[0]) return;
    for (; at + 1 < TOP && top[at + 1] < w; at++) top[at] = top[at + 1];
    top[at] = w;
}

/* The logits are got back from the weights, x = ln w + lse, which is cheaper than the products, where they can be. */
void descriptors_of_row(const struct attn_call *c, int b, int h, int i, const double *weights, double lse,
                        struct descriptors_row *row) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b), visible = attn_visible(p, keys, i), position = i + attn_offset(p, keys);
    double top[TOP] = {0}, sum = 0, squares = 0, pp = 0, first = 0;
    *row = (struct descriptors_row){0};
    for (int j = 0; j < visible; j++) {
        double w = weights[j], known = w > TINY ? log(w) : 0;
        double x = w > TINY ? known : logit(c, b, h, i, j, position) - lse;
        if (isinf(x)) continue;      /* hidden */
        if (!row->keys++) first = x; /* equal logits shall have no deviation, not that of roundings */
        sum += x - first;
        squares += (x - first) * (x - first);
        pp += w * w;
        row->entropy -= w * known;
        if (j < FIRST) row->first4_mass += w;
        if (abs(j - position) <= WINDOW) row->window64_mass += w;
        keep_top(top, w);
    }
    if (!row->keys) return;
    for (int t = 0; t < TOP; t++) row->top8_mass += top[t];
    row->below_1pct -= visible - row->keys; /* those hidden have no weight */
    for (int j = 0; j < visible; j++) row->below_1pct += weights[j] < NEGLIGIBLE * top[TOP - 1];
    row->below_1pct /= row->keys;
    row->participation = 1 / pp;
    row->squares = fmax(squares - sum * sum / row->keys, 0);
}

void descriptors_mean(const struct descriptors_row *rows, int n, struct descriptors *d) {
    struct descriptors_row *m = &d->mean;
    double seeing = 0;
    *d = (struct descriptors){.rank90 = (double)NAN};
    for (int r = 0; r < n; r++) {
        seeing += rows[r].keys > 0;
        m->keys += rows[r].keys;
        m->squares += rows[r].squares;
        m->entropy += rows[r].entropy;
        m->participation += rows[r].participation;
        m->top8_mass += rows[r].top8_mass;
        m->window64_mass += rows[r].window64_mass;
        m->first4_mass += rows[r].first4_mass;
        m->below_1pct += rows[r].below_1pct;
    }
    if (seeing == 0) return;
    d->logit_sd = sqrt(m->squares / m->keys);
    m->keys /= seeing;
    m->squares /= seeing;
    m->entropy /= seeing;
    m->participation /= seeing;
    m->top8_mass /= seeing;
    m->window64_mass /= seeing;
    m->first4_mass /= seeing;
    m->below_1pct /= seeing;
}

struct doc *descriptors_doc(const struct descriptors *d) {
    struct doc *doc = doc_object();
    doc_put_num(doc, "logit_sd", d->logit_sd);
    doc_put_num(doc, "entropy", d->mean.entropy);
    doc_put_num(doc, "perplexity", exp(d->mean.entropy));
    doc_put_num(doc, "participation", d->mean.participation);
    doc_put_num(doc, "top8_mass", d->mean.top8_mass);
    doc_put_num(doc, "window64_mass", d->mean.window64_mass);
    doc_put_num(doc, "first4_mass", d->mean.first4_mass);
    doc_put_num(doc, "below_1pct", d->mean.below_1pct);
    if (!isnan(d->rank90)) doc_put_num(doc, "rank90", d->rank90);
    return doc;
}
