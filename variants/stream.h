/* stream.h -- attention of few queries, past which keys and values stream once: decoding with a cache. */
#ifndef STREAM_H
#define STREAM_H

#include "attn.h"
#include "weigh.h"

/* Are the queries of a head group few enough that reading keys and values is what takes the time? */
int stream_suits(const struct attn_problem *);

size_t stream_scratch(const struct attn_problem *);

/* forward() over the keys from `left` before to `right` after the position of each query. */
void stream_window(const struct attn_call *, const struct weigh *, int left, int right);

#endif
