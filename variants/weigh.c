/* weigh.c -- how the scores of a row become weights. */
#include "weigh.h"

/* l above 0 says that the row has seen something. */
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

float weigh_share(const struct weigh *how, float l) { return l <= 0 ? 0 : how->sigmoid ? 1 : 1 / l; }
