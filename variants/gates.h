/*
 * gates.h -- decays out of a tensor of gates: how much of a state each step keeps, for `gla` and `deltanet`.
 *
 * The tensor is [b hk nk dk/share]: neighbouring channels share a gate x, of which the log decay g is made.
 */
#ifndef GATES_H
#define GATES_H

#include "attn.h"
#include "kernels/kern.h"

enum gates_kind {
    GATES_NONE,       /* g = 0; nothing is read */
    GATES_SOFTPLUS,   /* g = -log(1 + exp(x)) / normalizer */
    GATES_LOGSIGMOID, /* g = log(sigmoid(x)) / normalizer */
    GATES_LOG,        /* g = min(x, 0) */
};

struct gates {
    enum gates_kind kind;
    int share; /* channels to a gate */
    double normalizer;
};

/* Gates of a step, and how many numbers its log decay is to decay.h: one, or one for each of dk channels. */
int gates_count(const struct gates *, int dk);
int gates_width(const struct gates *, int dk);

/* g[n][gates_width()] of steps j0 .. j0 + n - 1 of key head `head`. */
void gates_load(const struct gates *, const struct kern *, const struct attn_view *, int dk, int b, int head,
                int j0, int n, float *g);

/* The definition, in double: exp(g) of channel d of one step. It shares nothing with the above. */
double gates_decay(const struct gates *, const struct attn_view *, int b, int head, int j, int d);

#endif
