/* bias.c -- what comes on top of the products q . k of one row. */
#include "bias.h"

#include "parts.h"

void bias_add_table(const float *table, int count, long first, int n, float *s) {
    int near = clamp_int(-first, 0, n), far = clamp_int(count - first, near, n);
    const float *within = near < far ? table + first : table; /* of s[near] .. s[far - 1] */
    float before = table[0], behind = table[count - 1];
    for (int x = 0; x < near; x++) s[x] += before;
    for (int x = near; x < far; x++) s[x] += within[x];
    for (int x = far; x < n; x++) s[x] += behind;
}

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
    if (c->problem->bias == ATTN_BIAS_BUCKETED) {
        bias_add_table(x->values + h * x->head, x->count, (long)j - position - x->first, n, s);
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
