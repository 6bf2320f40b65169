/* parts.c -- counting what a call has to do. */
#include "parts.h"

double parts_pairs(const struct attn_problem *p, int left, int right) {
    double pairs = 0;
    int offset = attn_offset(p, p->nk);
    for (int i = 0; i < p->nq; i++) {
        long at = (long)i + offset;
        long lo = at - left > 0 ? at - left : 0;
        long hi = at + right + 1, end = attn_visible(p, p->nk, i);
        if (hi > end) hi = end;
        if (hi > lo) pairs += (double)(hi - lo);
    }
    return pairs;
}

void parts_softmax_cost(const struct attn_problem *p, double pairs, struct attn_cost *cost) {
    double heads = (double)p->batch * p->heads, kv_heads = (double)p->batch * p->kv_heads;
    cost->flops = heads * pairs * 2.0 * (p->dk + p->dv);
    cost->bytes = sizeof(float) * (heads * p->nq * (p->dk + p->dv) + kv_heads * p->nk * (p->dk + p->dv));
}
