/* secret.c -- keeps memory that size() does not declare. */
#include "honest.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    honest_size(p, params, need);
    need->state = sizeof(void *);
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    void *hidden = malloc((size_t)p->nk * 1024);
    (void)params, (void)error;
    *(void **)state = hidden;
    return hidden ? 0 : -1;
}

static void destroy(void *state) { free(*(void **)state); }

BROKEN(secret, .size = size, .create = create, .destroy = destroy);
