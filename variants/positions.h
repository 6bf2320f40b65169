/*
 * positions.h -- how attention learns where its tokens stand: rotations of queries and keys, biases by distance,
 * vectors that are added to the tokens. For the harness, beside attn.h; plugins have attn.h alone.
 *
 *   rotary      Su, Lu, Pan, Murtadha, Wen, Liu: RoFormer, 2021, section 3.2: acts on q and k
 *   ALiBi       Press, Smith, Lewis: Train short, test long, 2022, section 3: a bias of the logits
 *   T5          Raffel et al.: Exploring the limits of transfer learning, 2020, section 2.1: a bias of the logits
 *   sinusoids   Vaswani et al.: Attention is all you need, 2017, section 3.5: added to a layer's input
 *
 * Relative representations (Shaw, Uszkoreit, Vaswani, 2018) change the key and the value of each pair: they are a
 * mechanism, shaw.c.
 */
#ifndef POSITIONS_H
#define POSITIONS_H

#include "attn.h"

/* ---- rotary ------------------------------------------------------------------------------------ */

/* Which two coordinates turn together, pair i of dims / 2. */
enum attn_rope_style {
    ATTN_ROPE_INTERLEAVED, /* 2 i and 2 i + 1: the paper, GPT-J */
    ATTN_ROPE_HALF,        /* i and i + dims / 2: GPT-NeoX, Llama */
};

/* A pair (x, y) at an angle a becomes (x cos a - y sin a, x sin a + y cos a); a product of two rows that are turned so
   depends on their positions by the difference alone. The first `dims` coordinates of a row turn, the others stay. */
struct attn_rope {
    enum attn_rope_style style;
    int dims;                   /* even, at most the length of a row */
    const float *cosine, *sine; /* pair i of row t of batch item b: [b * batch + t * (dims / 2) + i] */
    ptrdiff_t batch;            /* elements; 0: all items stand at the same positions */
};

/* cosine and sine [n][dims / 2] of positions first .. first + n - 1, which may be negative: pair i turns by
   base^(-2 i / dims) for each position. Angles are in double: each value is the nearest float up to |position| = 1e6,
   and within 1e-7 of the truth up to 2^24. */
void attn_rope_table(double base, int dims, int first, int n, float *cosine, float *sine, int threads);

/* Turns rows [batch][heads][n] of d elements. y may be x, with the same strides. The same bits for every number of
   threads and every instruction set. */
void attn_rope_turn(const struct attn_rope *, int batch, int heads, int n, int d, const struct attn_view *x,
                    const struct attn_output *y, int threads);

/* ---- biases by distance ------------------------------------------------------------------------ */

/* Slopes of ALiBi, as ATTN_BIAS_ALIBI takes them: 2^(-8 (h + 1) / heads) where heads is a power of two; else those of
   the next power below, p, and then every second one of 2 p, from its first on. */
void attn_alibi_slopes(int heads, float *slopes);

/* The bucket of T5 for a key at `distance` from its query, j - position: 0 .. buckets - 1. With `causal` all buckets are
   for keys behind, and those ahead share bucket 0; else the upper half is for keys ahead. Half of a side's buckets
   hold one distance each, the others grow as its logarithm; from max_distance on all is one. buckets is even, and a
   multiple of 4 without `causal`; max_distance exceeds the distances that have a bucket of their own. */
int attn_t5_bucket(int distance, int causal, int buckets, int max_distance);

/* The learned numbers of T5, [buckets][heads], as an ATTN_BIAS_BUCKETED: values [heads][2 max_distance + 1]. Returns what
   a call takes, with `values` in it. */
struct attn_bias attn_t5_bias(const float *learned, int heads, int causal, int buckets, int max_distance,
                              float *values);

/* ---- vectors ----------------------------------------------------------------------------------- */

/* table [n][dims], of positions first .. first + n - 1: sin(position / 10000^(2 i / dims)) at 2 i, the cosine at 2 i + 1.
   Accuracy as of attn_rope_table(). */
void attn_sinusoids(int dims, int first, int n, float *table, int threads);

#endif
