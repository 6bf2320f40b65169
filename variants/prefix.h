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

struct prefix_map {
    int features; /* of one row */
    int no_denominator;
    double eps;   /* added to the denominator */
    double least; /* below which no denominator goes */
    int carries;  /* tensors 0 and 1 of the variant are S [b hk features dv] and z [b hk features], carried */
    /* psi[n][features] of the keys from `first` on of item b; top[r] is any number of each, of which queries get the
       maximum. */
    void (*keys)(const struct attn_call *, const struct kern *, int b, int first, int n, const float *k,
                 ptrdiff_t row, float *top, float *psi);
    /* phi[n][features] of the queries from `first` on of item b; top[r] is the maximum over the keys that query r sees,
       -inf for none. */
    void (*queries)(const struct attn_call *, const struct kern *, int b, int first, int n, const float *q,
                    ptrdiff_t row, const float *top, float *phi);
};

size_t prefix_scratch(const struct attn_problem *, int features);
void prefix_forward(const struct attn_call *, const struct prefix_map *);

/* Useful operations and traffic, without those of the maps. */
void prefix_cost(const struct attn_problem *, int features, int no_denominator, struct attn_cost *);

#endif
