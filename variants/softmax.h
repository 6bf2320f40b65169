/* softmax.h -- softmax attention in double over a window, for the references of this folder. */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "attn.h"

/* As attn_softmax_rows(), over the keys between `left` before and `right` after the position of the
   query only. */
void softmax_window_rows(const struct attn_call *, int left, int right, int b, int h, const int *rows,
                         int nrows, double *weights, double *out, double *lse, double *max_logit);

#endif
