/*
 * group.h -- what all variants of one (shape, mask, input, threads, seed) share.
 *
 * One worker makes it, in a file without a name that the parent passes on to all others: the inputs,
 * the sampled query rows, and for those rows softmax attention and the mean of V in double, and what the rows are
 * like.
 */
#ifndef GROUP_H
#define GROUP_H

#include "attn.h"
#include "descriptors.h"
#include "doc.h"

struct sample { /* a query row */
    int b, h, i;
};

struct group {
    struct attn_problem problem; /* isa is not the group's; 0 */
    const float *q, *k, *v;      /* packed */
    int nrows;
    const struct sample *rows;    /* as many for each head, heads in order */
    const double *softmax, *mean; /* [nrows][dv] */
    double max_logit;             /* the largest magnitude met in the rows */
    double naive_error;           /* hard inputs: rel_fro of plain float attention from softmax; else NaN */
    struct descriptors descriptors;
    void *map;
    size_t bytes;
};

/* Makes the group of `point` in descriptor f, with about `rows` samples: in every head the first and
   the last query and one at random from each of as many equal stretches between. */
int group_make(int f, const struct doc *point, int rows, struct attn_error *);

/* Maps it read-only. */
int group_open(int f, struct group *, struct attn_error *);

/* accuracy_bound() of a variant of that kind on these inputs. */
double group_bound(const struct group *, enum attn_kind);

/* A call on the group's inputs; o, params, state, scratch and tensors are left to the caller. */
void group_call(const struct group *, const struct attn_problem *, struct attn_call *);

#endif
