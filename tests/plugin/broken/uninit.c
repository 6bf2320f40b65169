/* uninit.c -- lets a byte that nobody has set decide; its own memory, so that no pattern of a caller shows it. */
#include "honest.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    honest_size(p, params, need);
    need->state = sizeof(void *);
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)p, (void)params, (void)error;
    return (*(void **)state = malloc(64)) ? 0 : -1;
}

static void destroy(void *state) { free(*(void **)state); }

static void forward(const struct attn_call *c) {
    honest_forward(c);
    if (((const volatile char *)*(void **)c->state)[5] == 77) c->o.data[0] += 1e-6f;
}

BROKEN(uninit, .size = size, .create = create, .destroy = destroy, .forward = forward);
