/* softmax.h -- softmax attention in double over a window or other subsets, or with other scores, for the
   references here. */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "attn.h"

enum { SOFTMAX_OPEN = 1 << 30 }; /* a side of a window without an end */

struct softmax_rule {
    int left, right; /* keys before and after the position of the query that it may see */
    /* Does query i see key j? Mask, key length and window come on top. NULL: it does. */
    int (*allowed)(const struct attn_call *, int b, int h, int i, int j, void *context);
    /* The score of query i and key j of one head; NULL: scale q_i . k_j. Softcap and bias come on top. */
    double (*score)(const struct attn_call *, int b, int h, int i, int j, void *context);
    void *context;
};

/* As attn_softmax_rows(), by the rule. */
void softmax_rows(const struct attn_call *, const struct softmax_rule *, int b, int h, const int *rows,
                  int nrows, double *weights, double *out, double *lse, double *max_logit);

/* key[]: which k of x[0 .. n) are the largest, of equal ones the first, in any order; -INFINITY is none of them.
   Returns how many there are. */
int softmax_largest(int n, const double *x, int k, int *key);

#endif
