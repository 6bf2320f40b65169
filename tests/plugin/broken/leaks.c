/* leaks.c -- never gives back what create() took. */
#include "honest.h"

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    static void *volatile last;
    (void)state, (void)p, (void)params, (void)error;
    last = malloc(100);
    return last ? 0 : -1;
}

BROKEN(leaks, .create = create);
