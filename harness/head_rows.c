/* head_rows.c -- the attention rows of one head. */
#include "head_rows.h"

#include <stdlib.h>

#include "text.h"

/* A definition works through the keys once for a call, whatever the number of rows. */
enum { TOGETHER = 64 };

void head_rows_make(const struct subject *s, int b, int h, struct head_rows *x) {
    const struct attn_problem *p = &s->problem;
    size_t nq = (size_t)p->nq, nk = (size_t)p->nk, dv = (size_t)p->dv;
    *x = (struct head_rows){.nq = p->nq, .nk = p->nk, .offset = attn_offset(p, attn_keys(&s->call, b))};
    x->softmax = xmalloc(nq * nk * sizeof *x->softmax);
    x->own = xmalloc(nq * nk * sizeof *x->own);
    x->outside = xmalloc(nq * sizeof *x->outside);
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int from = 0; from < p->nq; from += TOGETHER) {
        int rows[TOGETHER], n = p->nq - from < TOGETHER ? p->nq - from : TOGETHER;
        double *out = xmalloc((size_t)n * dv * sizeof *out);
        for (int r = 0; r < n; r++) rows[r] = from + r, x->outside[from + r] = 0;
        attn_softmax_rows(&s->call, b, h, rows, n, x->softmax + (size_t)from * nk, out, NULL, NULL);
        s->variant->reference(&s->call, b, h, rows, n, x->own + (size_t)from * nk, x->outside + from, out);
        free(out);
    }
}

void head_rows_free(struct head_rows *x) { free(x->softmax), free(x->own), free(x->outside); }
