/*
 * decay.h -- recurrences that forget: the engine under `retnet`, `gla`, `ssd` and the gate of `rfa`.
 *
 *   S_t = diag(a_t) S_(t-1) + psi_t v_t^T     o_i = phi_i^T S_t, or phi_i^T S_t / (phi_i^T z_t),  z alike with v = 1
 *
 * t is the step of query i: the one at its position, or the last valid one. Padded steps change no state. A query
 * before the first step reads the state that is carried in. Decays come as logarithms g_t = log a_t.
 */
#ifndef DECAY_H
#define DECAY_H

#include "attn.h"
#include "kernels/kern.h"

/* ---- pieces, for recurrences of other forms too ------------------------------------------------ */

enum { DECAY_CHUNK = 64 }; /* steps or queries taken at once */

/* Steps j0 .. j1 - 1 of one head, and the queries i0 .. i1 - 1 that read the state between them. One of the two may be
   empty: steps before the first query or after the last, queries before the first step or after the last. */
struct decay_chunk {
    int i0, i1, j0, j1;
};

/* The first chunk after {0}, then the next; 0 where all steps and queries are taken. `keys` is attn_keys(). */
int decay_next(const struct attn_problem *, int keys, struct decay_chunk *);

/* How many steps of the chunk query i has behind it when it reads: 0 .. j1 - j0. */
int decay_seen(const struct attn_problem *, int keys, const struct decay_chunk *, int i);

/* sums[r] = g[0] + ... + g[r - 1] - (g[0] + ... + g[ref - 1]) for r = 0 .. n, each of `width` numbers, added up from
   row `ref` outward, so that only what lies between is rounded. A query that has seen r steps has the factor
   exp(sums[r]), the key of step j exp(-sums[j + 1]), the state before the chunk exp(-sums[0]). */
void decay_sums(int n, int width, const float *g, int ref, float *sums);

/* A carried state [m][dv], or zeros where nothing is carried, and the way back. */
void decay_load(const struct attn_view *, int b, int g, int m, int dv, double *s);
void decay_store(const struct attn_output *, int b, int g, int m, int dv, const double *s);

#endif
