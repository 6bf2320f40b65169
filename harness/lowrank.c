/* lowrank.c -- what a matrix of a given rank could reach. */
#include "lowrank.h"

#include <math.h>
#include <stdlib.h>

#include "spectrum.h"
#include "text.h"

enum { LENGTH_MAX = 1024 };
static const double SHARE = 0.9;

int lowrank_terms(const struct attn_problem *p) {
    if (p->nq > LENGTH_MAX || p->nk > LENGTH_MAX) return 0;
    return p->nq < p->nk ? p->nq : p->nk;
}

int lowrank_rows(const struct attn_problem *p, int nrows) { return nrows / (p->batch * p->heads); }

/* All softmax weights of the head. */
static double *weights_of(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    size_t nk = (size_t)p->nk, dv = (size_t)p->dv;
    double *weights = xmalloc((size_t)p->nq * nk * sizeof *weights),
           *out = xmalloc((size_t)p->nq * dv * sizeof *out);
#pragma omp parallel for schedule(dynamic, 16)
    for (int i = 0; i < p->nq; i++)
        attn_softmax_rows(c, 0, 0, &i, 1, weights + (size_t)i * nk, out + (size_t)i * dv, NULL, NULL);
    free(out);
    return weights;
}

double lowrank_make(const struct attn_call *c, const struct sample *rows, int nrows, double *coef,
                    double *basis) {
    const struct attn_problem *p = c->problem;
    size_t terms = (size_t)lowrank_terms(p), nk = (size_t)p->nk, dv = (size_t)p->dv;
    double *a = weights_of(c), *s = xmalloc(terms * sizeof *s),
           *u = xmalloc((size_t)p->nq * terms * sizeof *u), *vt = xmalloc(terms * nk * sizeof *vt),
           rank = (double)NAN;
    if (spectrum(p->nq, p->nk, a, s, u, vt) == 0) {
        rank = spectrum_rank(s, (int)terms, SHARE);
        for (int r = 0; r < lowrank_rows(p, nrows); r++)
            for (size_t t = 0; t < terms; t++)
                coef[(size_t)r * terms + t] = s[t] * u[(size_t)rows[r].i * terms + t];
        for (size_t t = 0; t < terms; t++)
            for (size_t d = 0; d < dv; d++) {
                basis[t * dv + d] = 0;
                for (size_t j = 0; j < nk; j++)
                    basis[t * dv + d] += vt[t * nk + j] * (double)attn_row(&c->v, 0, 0, (int)j)[d];
            }
    }
    free(a), free(s), free(u), free(vt);
    return rank;
}

double lowrank_error(const struct truth *t, const struct attn_problem *p, double rank) {
    size_t terms = (size_t)lowrank_terms(p), dv = (size_t)p->dv,
           most = rank < (double)terms ? (size_t)rank : terms;
    double error = 0, size = 0;
    if (!t->coef || terms == 0) return (double)NAN;
    for (int r = 0; r < lowrank_rows(p, t->nrows); r++)
        for (size_t d = 0; d < dv; d++) {
            double o = 0, want = t->softmax[(size_t)r * dv + d];
            for (size_t x = 0; x < most; x++) o += t->coef[(size_t)r * terms + x] * t->basis[x * dv + d];
            error += (o - want) * (o - want);
            size += want * want;
        }
    return size > 0 ? sqrt(error / size) : (double)NAN;
}
