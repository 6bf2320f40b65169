/* parts.h -- small things that several variants need; all of it is this folder's own business. */
#ifndef PARTS_H
#define PARTS_H

#include "attn.h"

static inline int min_int(int a, int b) { return a < b ? a : b; }
static inline int max_int(int a, int b) { return a > b ? a : b; }
static inline size_t max_size(size_t a, size_t b) { return a > b ? a : b; }
static inline int clamp_int(long x, int lo, int hi) { return x < lo ? lo : x > hi ? hi : (int)x; }
static inline int ceil_div(int a, int b) { return (a + b - 1) / b; }

/* Blocks are cut from scratch one after the other, each on its own cache line. */
static inline size_t aligned(size_t bytes) { return (bytes + ATTN_ALIGN - 1) / ATTN_ALIGN * ATTN_ALIGN; }
static inline size_t floats(size_t n) { return aligned(n * sizeof(float)); }
static inline void *cut(char **scratch, size_t bytes) {
    void *block = *scratch;
    *scratch += aligned(bytes);
    return block;
}

/* Pairs (query, key) that mask and window let through in one head when every key is valid. */
double parts_pairs(const struct attn_problem *, int left, int right);

/* Cost of softmax attention over `pairs` pairs a head: 2 dk + 2 dv operations each; q, k, v, o once. */
void parts_softmax_cost(const struct attn_problem *, double pairs, struct attn_cost *);

#endif
