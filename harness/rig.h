/*
 * rig.h -- a variant on a test bench: one small problem with inputs of its own, every buffer between guard
 * pages, strides with gaps, scratch that holds what we put there.
 */
#ifndef RIG_H
#define RIG_H

#include "block.h"
#include "subject.h"
#include "trial.h"

enum { RIG_BATCH = 4 };

struct rig {
    struct trial trial;
    struct attn_problem problem;
    struct block q, k, v, o, bias, scratch, lse;
    int key_lengths[RIG_BATCH];
    struct attn_call inputs;
    struct subject subject;
};

/* -1 and the reason where the variant refuses the trial. Values come from `seed`. */
int rig_make(struct rig *, const struct attn_variant *, const struct trial *, const void *params,
             uint64_t seed, struct attn_error *);
void rig_free(struct rig *);

/* One forward() on scratch and output filled with `pattern`. */
void rig_run(struct rig *, unsigned char pattern);

/* A row of q, k or v of the rig's inputs, to be written: they are its own. */
static inline float *rig_row(const struct attn_view *x, int b, int h, int i) {
    return (float *)(uintptr_t)attn_row(x, b, h, i);
}

size_t rig_elements(const struct rig *); /* of the output */
float *rig_output(const struct rig *);   /* packed; the caller frees it */

/* Every step-th query row from `first` on, of each item and head, packed; the caller frees it. */
float *rig_output_rows(const struct rig *, int first, int step);
size_t rig_rows(const struct rig *, int first, int step); /* how many those are */

/* The same by reference(), with the weights of each row over the nk keys and outside of them, unless NULL. */
double *rig_definition(struct rig *, int first, int step, double *weights, double *outside);

double rig_max_logit(struct rig *);                             /* the largest magnitude of a visible logit */
int rig_gaps_intact(const struct rig *, unsigned char pattern); /* nothing was written beside the output */

/* Makes keys and values j >= from of batch item b NaN (-1: of all items). */
void rig_spoil_keys(struct rig *, int b, int from);

/* Makes queries, keys and values of all heads but those of the first key head NaN. */
void rig_spoil_heads(struct rig *);

/* The block whose pages hold the address, guard pages included, and its name; NULL: none. */
const struct block *rig_block_at(const struct rig *, const char *address, const char **name);

#endif
