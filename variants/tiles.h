/* tiles.h -- attention in tiles: the engine under flash, local, sigmoid and the mechanisms over patterns. */
#ifndef TILES_H
#define TILES_H

#include "attn.h"
#include "pattern.h"

/* Bytes of scratch. For one pattern constant in nk, and in nq beyond some hundreds; for more, 8 bytes a row
   on top. */
size_t tiles_scratch(const struct attn_problem *, int patterns);

/* The same for patterns with parts that have so many runs at most, some hundred bytes for each of them and thread on top. */
size_t tiles_scratch_of_runs(const struct attn_problem *, int patterns, size_t runs);

/* forward() over the keys from `left` before to `right` after the position of each query. */
void tiles_window(const struct attn_call *, int left, int right);

/* The same with additive scores: s_ij = v[h] . tanh(q_i + k_j), without scale. */
void tiles_additive(const struct attn_call *, const struct attn_view *v);

/* The same with weights 1 / (1 + exp(-(s_ij + add))) in place of a softmax. */
void tiles_sigmoid(const struct attn_call *, float add);

/* forward() over every pair of the patterns, one after the other. Rows that a list of queries leaves out are
   not written. */
void tiles_patterns(const struct attn_call *, const struct pattern *, int count);

#endif
