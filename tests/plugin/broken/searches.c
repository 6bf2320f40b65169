/* searches.c -- counts scores twice: for the weights, and as a search for the keys that get one. */
#include "honest.h"

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *tensors,
                 struct attn_cost *cost) {
    honest_cost(p, params, tensors, cost);
    cost->search = cost->flops * p->dk / (p->dk + p->dv);
    cost->flops += cost->search;
}

BROKEN(searches, .cost = cost);
