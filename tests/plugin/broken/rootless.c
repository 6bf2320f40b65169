/* rootless.c -- is no softmax: forward() and reference() use the square of the scale. */
#include "honest.h"

FORWARD_TOLD(p.scale *= p.scale;)

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    p.scale *= p.scale;
    honest_reference(&call, b, h, rows, nrows, weights, outside, out);
}

BROKEN(rootless, .forward = forward, .reference = reference, .caps = (HONEST_CAPS) & ~ATTN_CAP_LSE);
