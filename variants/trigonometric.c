/*
 * trigonometric.c -- random features of sines and cosines, in double.
 *
 * S = sum_j psi(k_j) [v_j 1] of a key head grows chunk by chunk, for query heads that read it together; a causal chunk
 * adds its own keys through the scores inside it. exp(|y|^2 / 2) leaves the range of double at scale |k|^2 = 1400.
 */
#include "trigonometric.h"

#include <cblas.h>
#include <omp.h>
#include <string.h>

#include "kernels/kern.h"
#include "parts.h"

enum { CHUNK = 128 };

struct workspace {  /* one thread */
    double *w;      /* projections, doubled [m][dk] */
    double *x;      /* a chunk of q or k [CHUNK][dk] */
    double *a;      /* its projections [CHUNK][m] */
    double *k, *q;  /* features [CHUNK][2 m] */
    double *v;      /* values and ones [CHUNK][dv + 1] */
    double *s;      /* the state [2 m][dv + 1] */
    double *scores; /* [CHUNK][CHUNK] */
    double *o;      /* numerators and denominators [CHUNK][dv + 1] */
};

static size_t doubles(size_t n) { return aligned(n * sizeof(double)); }

static size_t workspace_bytes(const struct attn_problem *p, int m) {
    size_t dk = (size_t)p->dk, wide = (size_t)p->dv + 1, f = (size_t)m;
    return doubles(f * dk) + doubles(CHUNK * dk) + doubles(CHUNK * f) + 2 * doubles(CHUNK * 2 * f) +
           2 * doubles(CHUNK * wide) + doubles(2 * f * wide) + doubles(CHUNK * CHUNK);
}

size_t trigonometric_scratch(const struct attn_problem *p, int m) {
    return (size_t)p->threads * workspace_bytes(p, m);
}

static struct workspace workspace(const struct attn_call *c, int m, int thread) {
    const struct attn_problem *p = c->problem;
    size_t dk = (size_t)p->dk, wide = (size_t)p->dv + 1, f = (size_t)m;
    char *at = (char *)c->scratch + (size_t)thread * workspace_bytes(p, m);
    struct workspace w;
    w.w = cut(&at, f * dk * sizeof(double));
    w.x = cut(&at, CHUNK * dk * sizeof(double));
    w.a = cut(&at, CHUNK * f * sizeof(double));
    w.k = cut(&at, CHUNK * 2 * f * sizeof(double));
    w.q = cut(&at, CHUNK * 2 * f * sizeof(double));
    w.v = cut(&at, CHUNK * wide * sizeof(double));
    w.o = cut(&at, CHUNK * wide * sizeof(double));
    w.s = cut(&at, 2 * f * wide * sizeof(double));
    w.scores = cut(&at, CHUNK * CHUNK * sizeof(double));
    return w;
}

/* Features [n][2 m] of n rows; those of keys carry exp(|y|^2 / 2). */
static void features(const struct attn_call *c, const struct workspace *w, int m,
                     const struct attn_view *from, int b, int h, int first, int n, int is_key, double *to) {
    const struct kern *kern = kern_find(c->problem->isa);
    int dk = c->problem->dk;
    double root = sqrt((double)c->problem->scale);
    for (int r = 0; r < n; r++) {
        const float *row = attn_row(from, b, h, first + r);
        for (int d = 0; d < dk; d++) w->x[(ptrdiff_t)r * dk + d] = root * row[d];
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, m, dk, 1, w->x, dk, w->w, dk, 0, w->a, m);
    for (int r = 0; r < n; r++) {
        double half = 0, *row = to + (ptrdiff_t)r * 2 * m;
        kern->turn(m, w->a + (ptrdiff_t)r * m, row, row + m);
        if (!is_key) continue;
        for (int d = 0; d < dk; d++) half += 0.5 * w->x[(ptrdiff_t)r * dk + d] * w->x[(ptrdiff_t)r * dk + d];
        double weight = exp(half);
        for (int f = 0; f < 2 * m; f++) row[f] *= weight;
    }
}

/* Features and values of keys j0 .. j1 - 1. */
static void load_keys(const struct attn_call *c, const struct workspace *w, int m, int b, int g, int j0,
                      int j1) {
    int dv = c->problem->dv;
    features(c, w, m, &c->k, b, g, j0, j1 - j0, 1, w->k);
    for (int j = j0; j < j1; j++) {
        double *row = w->v + (ptrdiff_t)(j - j0) * (dv + 1);
        const float *v = attn_row(&c->v, b, g, j);
        for (int d = 0; d < dv; d++) row[d] = v[d];
        row[dv] = 1;
    }
}

/* S += psi(K)^T [V 1] over the n keys that are loaded. */
static void absorb(const struct attn_call *c, const struct workspace *w, int m, int n) {
    int wide = c->problem->dv + 1;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, 2 * m, wide, n, 1, w->k, 2 * m, w->v, wide, 1, w->s,
                wide);
}

/* What the keys j0 .. j1 - 1, which are loaded, add to the queries of the chunk that see them. */
static void add_scores(const struct attn_call *c, const struct workspace *w, int m, int b, int i0, int i1,
                       int j0, int j1) {
    int wide = c->problem->dv + 1, keys = attn_keys(c, b);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, i1 - i0, j1 - j0, 2 * m, 1, w->q, 2 * m, w->k, 2 * m,
                0, w->scores, CHUNK);
    for (int i = i0; i < i1; i++) { /* row by row, so that keys that a row does not see are not touched */
        int n = clamp_int((long)attn_visible(c->problem, keys, i) - j0, 0, j1 - j0);
        if (n > 0)
            cblas_dgemv(CblasRowMajor, CblasTrans, n, wide, 1, w->v, wide, w->scores + (i - i0) * CHUNK, 1, 1,
                        w->o + (ptrdiff_t)(i - i0) * wide, 1);
    }
}

static void write_rows(const struct attn_call *c, const struct workspace *w, int b, int h, int i0, int i1) {
    int dv = c->problem->dv;
    for (int i = i0; i < i1; i++) {
        const double *row = w->o + (ptrdiff_t)(i - i0) * (dv + 1);
        float *o = attn_out_row(&c->o, b, h, i);
        for (int d = 0; d < dv; d++) o[d] = row[dv] != 0 ? (float)(row[d] / row[dv]) : 0.0f;
    }
}

/* Queries i0 .. i1 - 1 of a head: keys that each of them sees are in S, those from j0 to j1 - 1 that only some see are
   loaded. */
static void queries(const struct attn_call *c, const struct workspace *w, int m, int b, int h, int i0, int i1,
                    int j0, int j1) {
    int wide = c->problem->dv + 1;
    features(c, w, m, &c->q, b, h, i0, i1 - i0, 0, w->q);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, i1 - i0, wide, 2 * m, 1, w->q, 2 * m, w->s, wide,
                0, w->o, wide);
    if (j1 > j0) add_scores(c, w, m, b, i0, i1, j0, j1);
    write_rows(c, w, b, h, i0, i1);
}

/* Query heads h0 .. h1 - 1, which read the same key head. */
static void heads(const struct attn_call *c, const struct workspace *w, int m, int b, int h0, int h1) {
    const struct attn_problem *p = c->problem;
    int g = attn_kv_head(p, h0), keys = attn_keys(c, b), done = 0;
    memset(w->s, 0, (size_t)(2 * m) * (size_t)(p->dv + 1) * sizeof *w->s);
    for (int i0 = 0; i0 < p->nq; i0 += CHUNK) {
        int i1 = min_int(i0 + CHUNK, p->nq);
        int all = attn_visible(p, keys, i0),
            some = attn_visible(p, keys, i1 - 1); /* seen by each; by the last */
        for (; done < all; done = min_int(done + CHUNK, all)) {
            int end = min_int(done + CHUNK, all);
            load_keys(c, w, m, b, g, done, end);
            absorb(c, w, m, end - done);
        }
        if (some > all) load_keys(c, w, m, b, g, all, some);
        for (int h = h0; h < h1; h++) queries(c, w, m, b, h, i0, i1, all, some);
    }
}

/* A group of query heads shares the work on its keys, but is divided where threads would have nothing to do. */
void trigonometric_forward(const struct attn_call *c, const float *projections, int m) {
    const struct attn_problem *p = c->problem;
    int group = p->heads / p->kv_heads, groups = p->batch * p->kv_heads,
        parts = min_int(group, ceil_div(p->threads, groups)), each = ceil_div(group, parts);
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < groups * parts; t++) {
        struct workspace w = workspace(c, m, omp_get_thread_num());
        int first = t / parts * group, h0 = first + t % parts * each, h1 = min_int(h0 + each, first + group);
        if (h0 >= h1) continue;
        for (ptrdiff_t e = 0; e < (ptrdiff_t)m * p->dk; e++) w.w[e] = projections[e];
        heads(c, &w, m, h0 / p->heads, h0 % p->heads, h0 % p->heads + h1 - h0);
    }
}
