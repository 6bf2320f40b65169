/*
 * group.h -- what all variants of one (shape, mask, input, positions, threads, seed) share.
 *
 * One worker makes it, in a file without a name that the parent passes on to all others: the inputs,
 * the sampled query rows, and for those rows softmax attention and the mean of V in double, and what the rows are
 * like. Of a layer the inputs are x, context and weights, positions that are
 * vectors added; q, k and v are what its projections, and rotary positions, make of them.
 */
#ifndef GROUP_H
#define GROUP_H

#include "attn.h"
#include "doc.h"
#include "layered.h"
#include "truth.h"

struct group {
    struct attn_problem problem; /* isa is not the group's; 0 */
    const float *q, *k, *v;      /* packed; turned where positions are rotary */
    struct attn_bias bias;       /* of the positions */
    int is_layered;
    struct layered layered; /* on the group's x, context and weights; y is the caller's */
    struct truth truth;
    struct descriptors descriptors;
    void *map;
    size_t bytes;
};

/* Makes the group of `point` in descriptor f, with about `rows` samples. */
int group_make(int f, const struct doc *point, int rows, struct attn_error *);

/* Maps it read-only. */
int group_open(int f, struct group *, struct attn_error *);

/* A call on the group's inputs; o, params, state, scratch and tensors are left to the caller. */
void group_call(const struct group *, const struct attn_problem *, struct attn_call *);

#endif
