/* weigh.c -- how the scores of a row become weights. */
#include "weigh.h"

/* A sigmoid's row has a sum of 1 from its first column on: nothing is divided, and nothing earlier changes. */
static void sigmoid(const struct kern *kern, float add, int rows, const int *lo, const int *hi, float *s,
                    ptrdiff_t lds, float *m, float *l, float *factor) {
    for (int r = 0; r < rows; r++) {
        if (lo[r] >= hi[r]) continue;
        kern->sigmoid(hi[r] - lo[r], add, s + r * lds + lo[r]);
        m[r] = 0, l[r] = factor[r] = 1;
    }
}

void weigh(const struct kern *kern, const struct weigh *how, int rows, const int *lo, const int *hi, float *s,
           ptrdiff_t lds, float *m, float *l, float *factor) {
    if (how->sigmoid) sigmoid(kern, how->add, rows, lo, hi, s, lds, m, l, factor);
    else kern->soften(rows, lo, hi, s, lds, m, l, factor);
}

float weigh_share(float l) { return l > 0 ? 1 / l : 0; }
