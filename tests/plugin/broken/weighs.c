/* weighs.c -- gives weights that do not make its output. */
#include "honest.h"

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    honest_reference(c, b, h, rows, nrows, weights, outside, out);
    for (int r = 0; weights && r < nrows; r++) weights[(ptrdiff_t)r * c->problem->nk] += 0.01;
}

BROKEN(weighs, .reference = reference);
