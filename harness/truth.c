/* truth.c -- what outputs are judged by. */
#include "truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "naive.h"
#include "text.h"

enum { STREAM_SAMPLE = 8 };

int truth_rows(const struct attn_problem *p, int wanted) {
    int heads = p->batch * p->heads, each = (wanted + heads - 1) / heads;
    if (each < 2) each = 2;
    return heads * (each < p->nq ? each : p->nq);
}

void truth_draw(const struct attn_problem *p, int nrows, int together, struct sample *rows) {
    int each = nrows / (p->batch * p->heads);
    for (int t = 0; t < p->batch * p->heads; t++)
        for (int r = 0; r < each; r++) {
            long lo = (long)p->nq * r / each, hi = (long)p->nq * (r + 1) / each;
            uint64_t head = (uint64_t)(together ? t / p->heads : t),
                     index = head * (uint64_t)each + (uint64_t)r;
            int i = (int)lo + (int)attn_random_index(p->seed, STREAM_SAMPLE, index, (uint32_t)(hi - lo));
            if (r == 0) i = 0;
            if (r == each - 1 && each > 1) i = p->nq - 1;
            *rows++ = (struct sample){t / p->heads, t % p->heads, i};
        }
}

static void mean_row(const struct attn_call *c, const struct sample *s, double *out) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, s->b), visible = attn_visible(p, keys, s->i),
        position = s->i + attn_offset(p, keys), seen = 0;
    for (int d = 0; d < p->dv; d++) out[d] = 0;
    for (int j = 0; j < visible; j++) {
        if (isinf(attn_bias_at(c, s->b, s->h, s->i, j, position))) continue;
        seen++;
        for (int d = 0; d < p->dv; d++) out[d] += attn_row(&c->v, s->b, attn_kv_head(p, s->h), j)[d];
    }
    for (int d = 0; seen && d < p->dv; d++) out[d] /= seen;
}

void truth_compute(const struct attn_call *c, const struct sample *rows, int nrows, double *softmax,
                   double *mean, double *max_logit, struct descriptors *descriptors) {
    size_t dv = (size_t)c->problem->dv, nk = (size_t)c->problem->nk;
    struct descriptors_row *each = xmalloc((size_t)nrows * sizeof *each);
    double most = 0;
#pragma omp parallel reduction(max : most)
    {
        double *weights = xmalloc(nk * sizeof *weights), lse;
#pragma omp for schedule(dynamic)
        for (int r = 0; r < nrows; r++) {
            const struct sample *s = &rows[r];
            attn_softmax_rows(c, s->b, s->h, &s->i, 1, weights, softmax + (size_t)r * dv, &lse, &most);
            mean_row(c, s, mean + (size_t)r * dv);
            descriptors_of_row(c, s->b, s->h, s->i, weights, lse, &each[r]);
        }
        free(weights);
    }
    descriptors_mean(each, nrows, descriptors);
    *max_logit = most;
    free(each);
}

void truth_project(const struct truth *t, const struct attn_layer *l, const double *rows, double *out,
                   double *largest) {
    size_t heads = (size_t)l->problem->heads, dv = (size_t)l->problem->dv;
    size_t each = (size_t)t->nrows / heads / (size_t)l->problem->batch;
#pragma omp parallel
    {
        double *o = xmalloc(heads * dv * sizeof *o);
#pragma omp for
        for (size_t r = 0; r < (size_t)t->nrows / heads; r++) {
            for (size_t h = 0; h < heads; h++)
                memcpy(o + h * dv, rows + ((r / each * heads + h) * each + r % each) * dv, dv * sizeof *o);
            size_t at = r * (size_t)l->d_model;
            attn_layer_define_out(l, o, out + at, largest ? largest + at : NULL);
        }
        free(o);
    }
}

double truth_naive_error(const struct truth *t, const struct attn_call *c) {
    size_t dv = (size_t)c->problem->dv;
    float *out = xmalloc((size_t)t->nrows * dv * sizeof *out);
#pragma omp parallel for schedule(dynamic)
    for (int r = 0; r < t->nrows; r++)
        naive_row(c, t->rows[r].b, t->rows[r].h, t->rows[r].i, out + (size_t)r * dv);
    double error = accuracy_distance(out, t->softmax, (size_t)t->nrows, dv).rel_fro;
    free(out);
    return error;
}

double truth_bound(const struct truth *t, enum attn_kind kind) {
    return isnan(t->naive_error) ? accuracy_bound(kind, t->max_logit)
                                 : accuracy_bound_hard(kind, t->max_logit, t->naive_error);
}
