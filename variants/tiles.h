/* tiles.h -- softmax attention in tiles over a window: the engine under `flash` and `local`. */
#ifndef TILES_H
#define TILES_H

#include "attn.h"

enum { TILES_OPEN = 1 << 30 }; /* a side of the window without an end */

/* Bytes of scratch; constant in nk, and in nq beyond some hundreds. */
size_t tiles_scratch(const struct attn_problem *);

/* forward() over the keys from `left` before to `right` after the position of each query. */
void tiles_forward(const struct attn_call *, int left, int right);

#endif
