/* hoards.c -- asks for more memory than its declared growth. */
#include "honest.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    honest_size(p, params, need);
    need->scratch += (size_t)p->nq * (size_t)p->nk * sizeof(float);
}

BROKEN(hoards, .size = size);
