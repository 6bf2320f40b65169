/* accuracy.h -- how far an output is from a definition in double. */
#ifndef ACCURACY_H
#define ACCURACY_H

#include "attn.h"

struct distance {
    double rel_fro; /* ||got - want|| / ||want||, Frobenius; inf where want is 0 and got is not */
    double nmse;    /* its square */
    double max_abs;
    size_t max_at;                  /* the element of max_abs */
    double cosine_mean, cosine_p01; /* over rows; a row of zeros on one side only counts 0 */
    int bad;                        /* elements of `got` that are not finite where `want` is */
};

/* A distance to softmax below which an output is called exact: rounding, and no approximation, is so near. */
#define ACCURACY_EXACT 1e-4

struct distance accuracy_distance(const float *got, const double *want, size_t rows, size_t columns);

/* 1 - ||got - want||^2 / ||mean - want||^2: 0 is no better than the mean of V. */
double accuracy_skill(const float *got, const double *want, const double *mean, size_t n);

/* The largest rel_fro from its own definition that a correct variant may show. */
double accuracy_bound(enum attn_kind, double max_logit);

/* The same on inputs that are hard on floats, where plain float attention itself is naive_error from softmax: of an
   exact variant twice that, but not less than on small logits; of others as ever. */
double accuracy_bound_hard(enum attn_kind, double max_logit, double naive_error);

#endif
