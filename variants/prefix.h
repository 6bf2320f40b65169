/*
 * prefix.h -- attention as sums over feature maps: the engine under `linear`, `performer` and `cosformer`.
 *
 *   o_i = phi(q_i)^T S_i / (phi(q_i)^T z_i + eps)     S_i = sum_j psi(k_j) v_j^T,  z_i = sum_j psi(k_j)
 *
 * or, where the map has no denominator, o_i = phi(q_i)^T S_i.
 */
#ifndef PREFIX_H
#define PREFIX_H

#include "attn.h"
#include "kernels/kern.h"

/* Consecutive rows of q or k of one head, to be mapped. */
struct prefix_rows {
    const float *x; /* [count], `row` elements apart */
    ptrdiff_t row;
    int b, h, first, count; /* batch item; head of q or of k; index of the first row */
    ptrdiff_t to;           /* rows of the features are so far apart */
};

struct prefix_map {
    int features; /* of one row */
    int no_denominator;
    double eps;   /* added to the denominator */
    double least; /* below which no denominator goes */
    int carries;  /* tensors 0 and 1 of the variant are S [b hk features dv] and z [b hk features], carried */
    /* psi[count][features] of keys; top[r] is any number of each, of which queries get the maximum. */
    void (*keys)(const struct attn_call *, const struct kern *, const struct prefix_rows *, float *top,
                 float *psi);
    /* phi[count][features] of queries; top[r] is the maximum over the keys that query r sees, -inf for none. */
    void (*queries)(const struct attn_call *, const struct kern *, const struct prefix_rows *,
                    const float *top, float *phi);
};

/* As `growth` of a variant: sums over all keys are one step, those of a causal mask go from chunk to chunk. */
void prefix_growth(const void *params, enum attn_mask, struct attn_growths *);

size_t prefix_scratch(const struct attn_problem *, int features);
void prefix_forward(const struct attn_call *, const struct prefix_map *);

/* Useful operations and traffic, without those of the maps. */
void prefix_cost(const struct attn_problem *, int features, int no_denominator, struct attn_cost *);

#endif
