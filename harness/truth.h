/*
 * truth.h -- what outputs are judged by: sampled query rows, and for each of them softmax attention and the mean of V in
 * double.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include "attn.h"
#include "descriptors.h"
#include "layer.h"

struct sample { /* a query row */
    int b, h, i;
};

struct truth {
    int nrows;
    const struct sample *rows;    /* as many for each head, heads in order */
    const double *softmax, *mean; /* [nrows][dv] */
    const double *layer_softmax,
        *layer_mean;            /* the same behind the projection out of a layer, [nrows / heads][d_model];
                                                 NULL: there is none */
    double max_logit;           /* the largest magnitude met in the rows */
    const double *coef, *basis; /* see lowrank.h; NULL: not made */
    double naive_error;         /* hard inputs: rel_fro of plain float attention from softmax; else NaN */
};

/* How many rows there are where about `wanted` are asked for: as many of every head, at least its first and last query,
   and never more than it has. */
int truth_rows(const struct attn_problem *, int wanted);

/* That many: in every head the first and the last query and one at random from each of as many equal stretches between;
   with `together` the same in all heads of an item, so that they make rows of a layer. */
void truth_draw(const struct attn_problem *, int nrows, int together, struct sample *rows);

/* Softmax, the mean of the values of the keys that mask, key lengths and bias leave, the largest logit, and what
   the rows are like, all but the rank. */
void truth_compute(const struct attn_call *, const struct sample *rows, int nrows, double *softmax,
                   double *mean, double *max_logit, struct descriptors *);

/* Rows of all heads, [nrows][dv], behind the projection out of the layer: out [nrows / heads][d_model]. The rows were drawn
   together. `largest` as of attn_layer_define_out(), or NULL. */
void truth_project(const struct truth *, const struct attn_layer *, const double *rows, double *out,
                   double *largest);

/* How far plain float attention is from softmax on the rows: the naive_error of hard inputs. */
double truth_naive_error(const struct truth *, const struct attn_call *);

/* accuracy_bound() of a variant of that kind on these rows. */
double truth_bound(const struct truth *, enum attn_kind);

#endif
