/* naive.c -- softmax attention in float as anybody writes it first: three passes, sums in order, largest logit off. */
#include "naive.h"

#include <stdlib.h>

#include "text.h"

void naive_row(const struct attn_call *c, int b, int h, int i, float *out) {
    const struct attn_problem *p = c->problem;
    int visible = attn_visible(p, attn_keys(c, b), i), kv = attn_kv_head(p, h),
        position = i + attn_offset(p, attn_keys(c, b));
    const float *q_i = attn_row(&c->q, b, h, i);
    float *s = xmalloc((size_t)p->nk * sizeof *s), top = -INFINITY, sum = 0;
    for (int j = 0; j < visible; j++) {
        const float *k_j = attn_row(&c->k, b, kv, j);
        s[j] = 0;
        for (int d = 0; d < p->dk; d++) s[j] += q_i[d] * k_j[d];
        s[j] *= p->scale;
        if (p->softcap > 0) s[j] = p->softcap * tanhf(s[j] / p->softcap);
        s[j] += attn_bias_at(c, b, h, i, j, position);
        if (s[j] > top) top = s[j];
    }
    for (int j = 0; j < visible; j++) sum += s[j] = expf(s[j] - top);
    for (int e = 0; e < p->dv; e++) out[e] = 0;
    for (int j = 0; j < visible; j++)
        for (int e = 0; e < p->dv; e++) out[e] += s[j] / sum * attn_row(&c->v, b, kv, j)[e];
    free(s);
}
