/*
 * inputs_draw.h -- what the made families are drawn with: counter-based numbers, so that values depend on the seed
 * alone, not on the number of threads.
 */
#ifndef INPUTS_DRAW_H
#define INPUTS_DRAW_H

#include "attn.h"

/* Streams of the seed. */
enum { STREAM_Q = 1, STREAM_K, STREAM_V, STREAM_NEEDLE, STREAM_PLACE, STREAM_FRAME, STREAM_TURN };
enum { STREAM_X = 10, STREAM_CONTEXT }; /* of a layer */

/* Rows of q, and of k and v: all heads of all batch items. */
size_t draw_query_rows(const struct attn_problem *);
size_t draw_key_rows(const struct attn_problem *);

/* The head of k and v, counted over the batch, that row `row` of q reads. */
size_t draw_key_head(const struct attn_problem *, size_t row);

/* x[0 .. n) independent normal, with mean and deviation. */
void draw_normal(uint64_t seed, uint64_t stream, size_t n, double mean, double deviation, float *x);

/* q and k normal with that deviation, v standard normal. */
void draw_all(const struct attn_problem *, double deviation, float *q, float *k, float *v);

/* Of the coordinates d0 .. dk - 1 of q and k: the deviation at which their share of the logits has deviation s at
   scale 1 / sqrt(dk), which is sqrt(dk - d0) times its square over sqrt(dk). */
double draw_deviation(double s, int dk, int d0);

#endif
