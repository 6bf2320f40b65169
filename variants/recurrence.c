/* recurrence.c -- the definition of recurrences that forget, in double. */
#include "recurrence.h"

#include <stdlib.h>
#include <string.h>

struct row {
    double *phi; /* [m], times the decays of the steps gone back over */
    int step;
    double sum, earlier; /* of the weights; of those of the carried state */
};

/* Adds what step j gives to the row, and goes one step further back; beta of the delta rule, or NULL. */
static void add_step(const struct attn_call *c, int m, const double *psi, const double *a, const double *beta,
                     const float *v, struct row *row, double *weight, double *out) {
    double w = 0;
    for (int d = 0; d < m; d++) w += row->phi[d] * psi[d];
    if (beta) w *= *beta;
    for (int d = 0; beta && d < m; d++) row->phi[d] -= w * psi[d];
    for (int x = 0; x < c->problem->dv; x++) out[x] += w * v[x];
    for (int d = 0; d < m; d++) row->phi[d] *= a[d];
    row->sum += w;
    if (weight) *weight = w;
}

static void add_carried(const struct attn_call *c, const struct recurrence *f, int b, int g, struct row *row,
                        double *out) {
    const struct attn_view *s = &c->tensors[f->carry], *z = s + 1;
    for (int d = 0; s->data && d < f->features; d++)
        for (int x = 0; x < c->problem->dv; x++) out[x] += row->phi[d] * attn_row(s, b, g, d)[x];
    for (int d = 0; f->denominator && z->data && d < f->features; d++)
        row->earlier += row->phi[d] * attn_row(z, b, g, 0)[d];
}

static void start(const struct attn_call *c, const struct recurrence *f, int b, int h, int i,
                  struct row *row) {
    int seen = attn_visible(c->problem, attn_keys(c, b), i);
    row->step = seen - 1;
    row->sum = row->earlier = 0;
    f->query(c, b, h, i, row->step, row->phi);
}

static void divide(const struct attn_call *c, const struct recurrence *f, struct row *row, double *weights,
                   double *out) {
    double den = row->sum + row->earlier;
    if (den < f->least) den = f->least;
    row->earlier /= den;
    for (int x = 0; x < c->problem->dv; x++) out[x] /= den;
    for (int j = 0; weights && j < c->problem->nk; j++) weights[j] /= den;
}

void recurrence_rows(const struct attn_call *c, const struct recurrence *f, int b, int h, const int *rows,
                     int nrows, double *weights, double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int g = attn_kv_head(p, h), m = f->features, last = -1;
    size_t features = (size_t)m, n = (size_t)nrows;
    double *phi = malloc(n * features * sizeof *phi), *psi = malloc(2 * features * sizeof *psi), *a = psi + m;
    struct row *row = malloc(n * sizeof *row);
    if (!phi || !psi || !row) abort();
    memset(out, 0, n * (size_t)p->dv * sizeof *out);
    if (weights) memset(weights, 0, n * (size_t)p->nk * sizeof *weights);
    for (int r = 0; r < nrows; r++) {
        row[r].phi = phi + (ptrdiff_t)r * m;
        start(c, f, b, h, rows[r], &row[r]);
        if (row[r].step > last) last = row[r].step;
    }
    for (int j = last; j >= 0; j--) {
        double beta = f->beta ? f->beta(c, b, g, j) : 0;
        f->key(c, b, g, j, psi, a);
        for (int r = 0; r < nrows; r++)
            if (j <= row[r].step)
                add_step(c, m, psi, a, f->beta ? &beta : NULL, attn_row(&c->v, b, g, j), &row[r],
                         weights ? weights + (ptrdiff_t)r * p->nk + j : NULL, out + (ptrdiff_t)r * p->dv);
    }
    for (int r = 0; r < nrows; r++) {
        double *out_r = out + (ptrdiff_t)r * p->dv;
        add_carried(c, f, b, g, &row[r], out_r);
        if (f->denominator) divide(c, f, &row[r], weights ? weights + (ptrdiff_t)r * p->nk : NULL, out_r);
        if (outside) outside[r] = row[r].earlier;
    }
    free(phi), free(psi), free(row);
}
