/*
 * recurrence.h -- the definition of recurrences that forget, in double, for reference(): the parallel form, pair by
 * pair. It shares nothing with decay.c.
 *
 *   w_ij = phi_i . (a_t ... a_(j+1) psi_j)    o_i = sum_j w_ij v_j + phi_i^T (a_t ... a_0 S), j <= t, S the carried state
 *
 * Under the delta rule, where step t writes beta_t (v_t - (diag(a_t) S_(t-1))^T psi_t) in place of v_t, a row that goes
 * back over step j leaves what it finds there: phi becomes a_j (phi - w_ij psi_j), with w_ij = beta_j phi . psi_j.
 *
 * t is the step of query i: the one at its position, or the last valid one; -1 before the first.
 */
#ifndef RECURRENCE_H
#define RECURRENCE_H

#include "attn.h"

struct recurrence {
    int features;    /* m */
    int denominator; /* rows are divided by max(least, sum_j w_ij + phi_i^T (a_t ... a_0 z)) */
    double least;
    int carry; /* line of the tensor table with S [b hk m dv]; with a denominator z is the next */
    /* psi [m] of step j of key head `head`, and its decay a [m], the same or not in each feature. */
    void (*key)(const struct attn_call *, int b, int head, int j, double *psi, double *a);
    /* beta of that step; NULL: no delta rule. */
    double (*beta)(const struct attn_call *, int b, int head, int j);
    /* phi [m] of query i of head `head`, which reads after step t. */
    void (*query)(const struct attn_call *, int b, int head, int i, int t, double *phi);
};

/* Arguments as of reference(). */
void recurrence_rows(const struct attn_call *, const struct recurrence *, int b, int h, const int *rows,
                     int nrows, double *weights, double *outside, double *out);

#endif
