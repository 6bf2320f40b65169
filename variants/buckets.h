/*
 * buckets.h -- angular hashing by random rotations, for lsh.
 *
 * With a matrix R [d][m / 2] of independent N(0, 1), h(x) = argmax [x R ; -x R], one of m buckets: vectors at a small
 * angle often share it (Andoni et al., "Practical and optimal LSH for angular distance", NIPS 2015). Two such hashes
 * of m_1 and m_2 buckets make one of m_1 m_2 for the price of m_1 + m_2.
 *
 * The argmax is that of x R in double, each product summed in ascending order; of two equal entries the first wins.
 * So the hash is the same for every instruction set, and a definition may compute it anew.
 */
#ifndef BUCKETS_H
#define BUCKETS_H

#include "attn.h"
#include "kernels/kern.h"

enum { BUCKETS_FACTORS = 2 };

struct buckets {
    int rounds;                  /* hashes that are drawn independently */
    int factor[BUCKETS_FACTORS]; /* m_1, m_2, each even; m_2 0: one hash */
    int columns;                 /* of R for one round, those of both factors side by side */
};

struct buckets buckets_of(int rounds, int first, int second);
static inline int buckets_count(const struct buckets *x) {
    return x->factor[0] * (x->factor[1] ? x->factor[1] : 1);
}

/* State: R of each head and round, drawn from the seed. */
size_t buckets_state(const struct attn_problem *, const struct buckets *);
void buckets_create(void *state, const struct attn_problem *, const struct buckets *);

/* Column `column` of R [dk] of head h and round r. */
const float *buckets_rotation(const void *state, const struct attn_problem *, const struct buckets *, int h,
                              int r, int column);

enum { BUCKETS_ROWS = 48 };
size_t buckets_scratch(const struct buckets *);

/* Buckets of n <= BUCKETS_ROWS rows x of head h in every round: bucket[round * stride + row]. */
void buckets_hash(const void *state, const struct attn_problem *, const struct buckets *, const struct kern *,
                  int h, int n, const float *x, ptrdiff_t row, void *scratch, int *bucket, ptrdiff_t stride);

/* order[0 .. n) = 0 .. n - 1 by bucket, stably. counts [buckets + 1] is scratch. */
void buckets_sort(int buckets, int n, const int *bucket, int *counts, int *order);

#endif
