/*
 * rig.h -- a variant on a test bench: one small problem with inputs of its own, every buffer between guard
 * pages, strides with gaps, scratch that holds what we put there.
 */
#ifndef RIG_H
#define RIG_H

#include "block.h"
#include "subject.h"
#include "text.h"

struct trial { /* what is asked; 0 in kv_heads and dv: as heads and dk */
    int batch, heads, kv_heads, nq, nk, dk, dv;
    enum attn_mask mask;
    int shift;
    float softcap;
    enum attn_bias_kind bias;
    int lengths; /* key lengths: item 0 has all keys, item 1 about half, item 2 none */
    int strided; /* rows with gaps, heads innermost */
    int threads, isa;
};

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

size_t rig_elements(const struct rig *);                 /* of the output */
float *rig_output(const struct rig *);                   /* packed; the caller frees it */
double *rig_definition(struct rig *, double *max_logit); /* packed, by reference(); max_logit may be NULL */
int rig_gaps_intact(const struct rig *, unsigned char pattern);

/* Makes keys and values j >= from of batch item b NaN (-1: of all items). */
void rig_spoil_keys(struct rig *, int b, int from);

void rig_describe(const struct rig *, struct text *);

#endif
