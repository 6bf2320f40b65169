/* target.c -- the rows that the distance of an output is measured from. */
#include "target.h"

#include <stdlib.h>

#include "text.h"

static double *rows_of(const struct target *x, const struct attn_call *c, const struct truth *t) {
    size_t dv = (size_t)c->problem->dv;
    double *out = xmalloc((size_t)t->nrows * dv * sizeof *out);
#pragma omp parallel for schedule(dynamic)
    for (int r = 0; r < t->nrows; r++)
        x->rows(c, t->rows[r].b, t->rows[r].h, &t->rows[r].i, 1, NULL, out + (size_t)r * dv, NULL, NULL);
    return out;
}

struct target target_make(const struct subject *s, const struct truth *t) {
    struct target x = {.rows = attn_softmax_rows, .name = "softmax", .truth = *t};
    if (s->variant->target == ATTN_TARGET_NONE) x.rows = NULL, x.name = "none";
    if (s->variant->target != ATTN_TARGET_SHARED_QK) return x;
    x.rows = attn_shared_rows, x.name = "shared-QK softmax";
    x.truth.softmax = x.own = rows_of(&x, &s->call, t);
    if (!s->is_layered) return x;
    const struct attn_layer *l = &s->layered.layer;
    size_t rows = (size_t)(t->nrows / s->problem.heads);
    x.own_layer = xmalloc(rows * (size_t)l->d_model * sizeof *x.own_layer);
    truth_project(t, l, x.own, x.own_layer, NULL);
    x.truth.layer_softmax = x.own_layer;
    return x;
}

void target_free(struct target *x) { free(x->own), free(x->own_layer); }
