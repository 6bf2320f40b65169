/*
 * row_metrics.h -- the attention rows of a mechanism beside those of exact softmax attention.
 *
 * p is the row of softmax, w that of the mechanism, both over all keys of the caller; u is what of w lies elsewhere.
 * A mechanism has proper rows where no weight is negative and each row sums to one with u, or is clamped.
 *
 *   total variation   1/2 (sum |w - p| + |u|)                  proper rows
 *   KL                where w leaves out keys, as subsets do, sum w log(w / p): the other direction is infinite;
 *                     else sum p log(p / w)                    proper rows
 *   captured mass     sum of p over the keys with w > 0; for a subset that is 1 - total variation and exp(-KL)
 *   recall at k       of the k keys that weigh most in p, the share that a subset attends to, or that are among the k
 *                     of w; k = 1, 8, 32, or as many as p has
 *   negative mass     sum of -w where w < 0
 *   row sum error     |sum w + u - 1|
 *   clamped           rows whose sum of weights is not above 0: no average of values, whatever stands there
 *
 * All but the last are means over the rows, the first two over those that are not clamped. The identities of subsets follow from w = p / (captured mass) on the keys
 * that they keep.
 */
#ifndef ROW_METRICS_H
#define ROW_METRICS_H

#include "attn.h"
#include "doc.h"

enum { RECALLS = 3 };

struct row_metrics { /* sums over rows; starts as {0} */
    size_t rows, clamped, proper, improper;
    double variation, kl_own, kl_softmax, captured, recall[RECALLS], negative, sum_error;
};

void row_metrics_add(struct row_metrics *, enum attn_kind, const double *own, double outside,
                     const double *softmax, int n);
void row_metrics_join(struct row_metrics *, const struct row_metrics *more);

/* Into the fields of accuracy.softmax; nothing where there were no rows. */
void row_metrics_put(const struct row_metrics *, enum attn_kind, struct doc *);

/* The rows that a subset of `keys` keys could give at best: softmax over the keys that weigh most. out [dv]. */
void row_oracle(const double *softmax, int n, int keys, const struct attn_call *, int b, int h, double *out);

#endif
