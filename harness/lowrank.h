/*
 * lowrank.h -- what a matrix of a given rank could reach: the truncated singular value decomposition of the softmax
 * weights, times the values.
 *
 * Source: Eckart and Young, 1936: no matrix of rank r is nearer to A = U S V^T than its first r terms. Of head 0 of batch
 * item 0 alone, and where neither nq nor nk is above 1024.
 */
#ifndef LOWRANK_H
#define LOWRANK_H

#include "truth.h"

/* Terms of the decomposition: min(nq, nk), or 0 where it is not made. */
int lowrank_terms(const struct attn_problem *);

/* How many of the rows belong to head 0 of item 0: they come first. */
int lowrank_rows(const struct attn_problem *, int nrows);

/* coef [rows][terms] and basis [terms][dv]: row r of A V is the sum over the terms t of coef[r][t] basis[t]. Returns how
   many singular values hold 90 % of their sum; NaN where LAPACK finds none. */
double lowrank_make(const struct attn_call *, const struct sample *, int nrows, double *coef, double *basis);

/* Relative Frobenius distance of those rows, made of the first `rank` terms, from softmax; NaN where there are none. */
double lowrank_error(const struct truth *, const struct attn_problem *, double rank);

#endif
