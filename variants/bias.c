/* bias.c -- what comes on top of the products q . k of one row. */
#include "bias.h"

/* The kinds that run along neighbouring keys, in loops that compilers vectorise; 0: it is none of them. */
static int neighbours(const struct attn_call *c, int b, int h, int i, int position, int j, int n, float *s) {
    const struct attn_bias *x = &c->bias;
    ptrdiff_t at = b * x->batch + h * x->head + i * x->query + j * x->key;
    if (c->problem->bias == ATTN_BIAS_DENSE && x->key == 1) {
        for (int e = 0; e < n; e++)
            s[e] = x->values[at + e] == -INFINITY ? -INFINITY : s[e] + x->values[at + e];
        return 1;
    }
    if (c->problem->bias == ATTN_BIAS_BOOLEAN && x->key == 1) {
        for (int e = 0; e < n; e++) s[e] = x->allowed[at + e] ? s[e] : -INFINITY;
        return 1;
    }
    if (c->problem->bias == ATTN_BIAS_ALIBI) {
        float slope = x->values[h];
        for (int e = 0; e < n; e++) s[e] -= slope * fabsf((float)(j + e - position));
        return 1;
    }
    return 0;
}

static void add(const struct attn_call *c, int b, int h, int i, int position, const struct pattern_axis *axis,
                int x0, int lo, int hi, float *s) {
    for (int e = lo, end; e < hi; e = end) {
        int j = pattern_row(axis, x0 + e);
        end = pattern_stretch(axis, x0 + e, x0 + hi) - x0;
        if (neighbours(c, b, h, i, position, j, end - e, s + e)) continue;
        for (int y = e; y < end; y++) {
            float x = attn_bias_at(c, b, h, i, j + y - e, position);
            s[y] = x == -INFINITY ? x : s[y] + x;
        }
    }
}

void bias_apply(const struct attn_call *c, const struct kern *kern, int b, int h, int i, int position,
                const struct pattern_axis *axis, int x0, int lo, int hi, float *s) {
    const struct attn_problem *p = c->problem;
    if (lo >= hi) return;
    if (p->softcap > 0) kern->softcap(hi - lo, p->softcap, s + lo);
    if (p->bias) add(c, b, h, i, position, axis, x0, lo, hi, s);
}

int bias_hides_keys(const struct attn_problem *p) {
    return p->bias == ATTN_BIAS_DENSE || p->bias == ATTN_BIAS_BOOLEAN;
}
