/* tiles.h -- softmax attention in tiles over a window: the engine under `flash` and `local`. */
#ifndef TILES_H
#define TILES_H

#include "attn.h"

enum { TILES_OPEN = 1 << 30 }; /* a side of the window without an end */

/* Bytes of scratch; constant in nk, and in nq beyond some hundreds. */
size_t tiles_scratch(const struct attn_problem *);

/* As tiles_forward(), with additive scores: s_ij = v[h] . tanh(q_i + k_j), without scale. */
void tiles_additive(const struct attn_call *, const struct attn_view *v);

/* forward() over the keys from `left` before to `right` after the position of each query. */
void tiles_forward(const struct attn_call *, int left, int right);

#endif
