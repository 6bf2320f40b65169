/* judge_rows.c -- the rows that are judged: those of the operator's output, or, of a layer, of y. */
#include "judge_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const double UNIT = 0x1p-24, LUCK = 2; /* the rounding of a float; see judge_rows.h */

struct judge_rows judge_rows_make(const struct subject *s, const struct truth *t) {
    const struct attn_problem *p = &s->problem;
    struct judge_rows x = {.rows = (size_t)t->nrows,
                           .width = (size_t)p->dv,
                           .softmax = t->softmax,
                           .mean = t->mean,
                           .of_layer = s->is_layered,
                           .heads = p->heads,
                           .each = t->nrows / (p->batch * p->heads)};
    if (s->is_layered) {
        x.rows /= (size_t)p->heads;
        x.width = (size_t)s->layered.layer.d_model;
        x.softmax = t->layer_softmax;
        x.mean = t->layer_mean;
    }
    const struct attn_output *from = s->is_layered ? &s->layered.y : &s->call.o;
    x.got = xmalloc(x.rows * x.width * sizeof *x.got);
    for (size_t r = 0; r < x.rows; r++) {
        const struct sample *at = judge_rows_sample(&x, t, r);
        memcpy(x.got + r * x.width, attn_out_row(from, at->b, at->h, at->i), x.width * sizeof *x.got);
    }
    return x;
}

void judge_rows_free(struct judge_rows *x) { free(x->got); }

const struct sample *judge_rows_sample(const struct judge_rows *x, const struct truth *t, size_t row) {
    size_t each = (size_t)x->each;
    return &t->rows[x->of_layer ? row / each * (size_t)x->heads * each + row % each : row];
}

static double norm(const double *x, size_t n) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += x[i] * x[i];
    return sqrt(squares);
}

static double norm_of_weights(const struct attn_linear *w, int rows, int columns) {
    double squares = 0;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            squares += (double)w->weight[i * w->row + j] * w->weight[i * w->row + j];
    return sqrt(squares);
}

double *judge_rows_define(const struct subject *s, const struct truth *t, const double *heads,
                          double *bound) {
    const struct attn_layer *l = &s->layered.layer;
    size_t dv = (size_t)s->problem.dv, n = (size_t)t->nrows * dv;
    double *out = xmalloc(n * sizeof *out);
    if (!s->is_layered) return memcpy(out, heads, n * sizeof *out);
    size_t width = (size_t)l->d_model, depth = (size_t)s->problem.heads * dv, rows = n / depth;
    double *largest = xmalloc(rows * width * sizeof *largest);
    out = xrealloc(out, rows * width * sizeof *out);
    truth_project(t, l, heads, out, largest);
    double size = norm(out, rows * width),
           spread = norm(heads, n) * norm_of_weights(&l->output, (int)depth, l->d_model);
    if (size > 0)
        *bound = *bound * fmax(1, spread / (sqrt((double)depth) * size)) +
                 LUCK * UNIT * sqrt((double)depth) * norm(largest, rows * width) / size;
    free(largest);
    return out;
}

/* ---- projections in ------------------------------------------------------------------------------ */

struct tally { /* squares, of q, k and v together */
    double error, size, largest;
};

/* One row of one head, as the layer's float has it and as the definition says. */
static void add_row(struct tally *sum, const struct subject *s, enum attn_projection which,
                    const struct attn_view *x, const float *got, const struct sample *at, int width,
                    double *want) {
    const struct attn_layer *l = &s->layered.layer;
    double *largest = want + width;
    int depth = which == ATTN_PROJECTION_Q ? l->d_model : l->d_context;
    attn_layer_define_in(l, which, x, at->b, at->h, at->i, want, largest);
    if (which != ATTN_PROJECTION_V)
        positions_define_turn(s->positions, &s->problem, which == ATTN_PROJECTION_Q, at->i, want);
    for (int d = 0; d < width; d++) {
        double e = (double)got[d] - want[d];
        sum->error += isfinite(e) ? e * e : (double)INFINITY;
        sum->size += want[d] * want[d];
        sum->largest += depth * largest[d] * largest[d];
    }
}

void judge_rows_projections(const struct subject *s, const struct truth *t, struct doc *d) {
    const struct attn_problem *p = &s->problem;
    const struct attn_view *x = &s->layered.x, *c = &s->layered.context;
    struct tally sum = {0};
    int wide = p->dk > p->dv ? p->dk : p->dv;
    double *want = xmalloc(2 * (size_t)wide * sizeof *want);
    for (int r = 0; r < t->nrows; r++) {
        struct sample at = t->rows[r];
        add_row(&sum, s, ATTN_PROJECTION_Q, x, attn_row(&s->made.q, at.b, at.h, at.i), &at, p->dk, want);
        if (at.h >= p->kv_heads) continue; /* heads of keys: as many rows of each, spread over the keys */
        at.i = (int)((long)at.i * p->nk / p->nq);
        add_row(&sum, s, ATTN_PROJECTION_K, c, attn_row(&s->made.k, at.b, at.h, at.i), &at, p->dk, want);
        add_row(&sum, s, ATTN_PROJECTION_V, c, attn_row(&s->made.v, at.b, at.h, at.i), &at, p->dv, want);
    }
    double error = sqrt(sum.error / sum.size), bound = LUCK * UNIT * sqrt(sum.largest / sum.size);
    doc_put_num(d, "accuracy.projections.rel_fro", error);
    doc_put_num(d, "accuracy.projections.bound", bound);
    doc_put_bool(d, "accuracy.projections.within", error <= bound);
    free(want);
}
