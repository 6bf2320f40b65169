/*
 * trigonometric.h -- random features of sines and cosines, in double: one kernel of `performer`.
 *
 *   psi(k) = exp(|y|^2 / 2) [cos(w.y), sin(w.y)]     x = sqrt(scale) q,  y = sqrt(scale) k
 *
 * Their products are exp(|y|^2 / 2) sum_w cos(w.(x - y)): sums that cancel, by as much as exp(-|x - y|^2 / 2),
 * and whose denominator can be negative. Rounding of float would show in the output a thousandfold.
 */
#ifndef TRIGONOMETRIC_H
#define TRIGONOMETRIC_H

#include "attn.h"

size_t trigonometric_scratch(const struct attn_problem *, int m);

/* forward() with the m projections w [m][dk]. */
void trigonometric_forward(const struct attn_call *, const float *w, int m);

#endif
