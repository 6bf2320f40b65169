/* weigh.h -- how the scores of a row become weights: by softmax, whose maximum and sum run on from tile to tile, or each by
   itself. */
#ifndef WEIGH_H
#define WEIGH_H

#include "kernels/kern.h"

struct weigh {
    int sigmoid; /* 0: softmax; else weight = 1 / (1 + exp(-(score + add))), which nothing divides afterwards */
    float add;
};

/* Columns lo .. hi - 1 of each row of scores become weights; -inf becomes 0. m and l are the row's maximum and sum so far,
   -inf and 0 before the first tile; its output so far is to be multiplied by factor, and in the end by weigh_share(). */
void weigh(const struct kern *, const struct weigh *, int rows, const int *lo, const int *hi, float *s,
           ptrdiff_t lds, float *m, float *l, float *factor);

/* 0 for a row that has seen nothing. */
float weigh_share(const struct weigh *, float l);

#endif
