/* head_stats.c -- what a head attends to. */
#include "head_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spectrum.h"
#include "text.h"

enum { LARGEST = 1024 }; /* of a matrix whose singular values are computed */

static void add_row(const double *w, double outside, int nk, int position, struct head_stats *s) {
    for (int j = 0; j < nk; j++) {
        if (w[j] == 0) continue;
        if (w[j] < 0) s->negative -= w[j];
        s->entropy -= w[j] > 0 ? w[j] * log(w[j]) : (double)NAN;
        if (j == position) s->self += w[j];
        if (j == position - 1) s->previous += w[j];
        if (j == position + 1) s->next += w[j];
        if (j < HEAD_FIRST) s->first += w[j];
        if (abs(j - position) <= HEAD_WINDOW) s->window += w[j];
    }
    s->elsewhere += outside;
}

static int is_empty(const double *w, double outside, int nk) {
    for (int j = 0; j < nk; j++)
        if (w[j] != 0) return 0;
    return outside == 0;
}

/* The columns of the largest sums, which are over `rows` rows. */
static void find_top(const double *column, int nk, double rows, struct head_stats *s) {
    for (int j = 0; j < nk; j++) {
        int at = s->ntop;
        double w = column[j] / rows;
        if (w <= 0 || (at == HEAD_TOP && w <= s->top_weight[at - 1])) continue;
        if (at < HEAD_TOP) s->ntop++;
        else at--;
        for (; at > 0 && s->top_weight[at - 1] < w; at--)
            s->top[at] = s->top[at - 1], s->top_weight[at] = s->top_weight[at - 1];
        s->top[at] = j, s->top_weight[at] = w;
    }
}

static double rank_of(const double *weights, int nq, int nk) {
    int few = nq < nk ? nq : nk;
    size_t count = (size_t)nq * (size_t)nk, side = (size_t)few;
    if (nq > LARGEST || nk > LARGEST) return (double)NAN;
    double *a = xmalloc(count * sizeof *a), *u = xmalloc((size_t)nq * side * sizeof *u),
           *vt = xmalloc(side * (size_t)nk * sizeof *vt), *values = xmalloc(side * sizeof *values);
    memcpy(a, weights, count * sizeof *a);
    double rank = spectrum(nq, nk, a, values, u, vt) ? (double)NAN : spectrum_rank(values, few, 0.9);
    free(a), free(u), free(vt), free(values);
    return rank;
}

void head_stats(const double *weights, const double *outside, int nq, int nk, int offset,
                struct head_stats *s) {
    double *column = xmalloc((size_t)nk * sizeof *column), rows = 0;
    *s = (struct head_stats){.rank90 = (double)NAN};
    for (int j = 0; j < nk; j++) column[j] = 0;
    for (int i = 0; i < nq; i++) {
        const double *w = weights + (size_t)i * (size_t)nk, beyond = outside ? outside[i] : 0;
        if (is_empty(w, beyond, nk)) continue;
        rows++;
        add_row(w, beyond, nk, i + offset, s);
        for (int j = 0; j < nk; j++) column[j] += w[j];
    }
    if (rows > 0) {
        double *const sums[] = {&s->entropy, &s->self,   &s->previous,  &s->next,
                                &s->first,   &s->window, &s->elsewhere, &s->negative};
        for (size_t x = 0; x < sizeof sums / sizeof *sums; x++) *sums[x] /= rows;
        find_top(column, nk, rows, s);
        s->rank90 = rank_of(weights, nq, nk);
    }
    free(column);
}

static void put(struct doc *d, const char *key, double x) {
    if (!isnan(x)) doc_put_num(d, key, x);
}

struct doc *head_stats_doc(const struct head_stats *s) {
    struct doc *d = doc_object(), *top = doc_array();
    put(d, "entropy", s->entropy);
    put(d, "self", s->self);
    put(d, "previous", s->previous);
    put(d, "next", s->next);
    put(d, "first4", s->first);
    put(d, "window64", s->window);
    put(d, "elsewhere", s->elsewhere);
    put(d, "negative_mass", s->negative);
    put(d, "rank90", s->rank90);
    for (int t = 0; t < s->ntop; t++) {
        struct doc *position = doc_object();
        doc_put_num(position, "position", s->top[t]);
        doc_put_num(position, "weight", s->top_weight[t]);
        doc_add(top, position);
    }
    doc_put(d, "top", top);
    return d;
}
