/* groups.c -- gives query heads the wrong key head of their group. */
#include "honest.h"

static void forward(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call one = *c;
    int repeats = p.heads / p.kv_heads;
    one.problem = &p;
    p.heads = p.kv_heads;
    for (int r = 0; r < repeats; r++) { /* heads r * kv_heads + g read key head g */
        one.q.data = c->q.data + r * p.kv_heads * c->q.head;
        one.o.data = c->o.data + r * p.kv_heads * c->o.head;
        honest_forward(&one);
    }
}

BROKEN(groups, .forward = forward, .caps = (HONEST_CAPS) & ~(ATTN_CAP_LSE | ATTN_CAP_BIAS));
