/*
 * inputs.h -- where q, k and v come from.
 *
 *   gauss, local, needle, sink, heavy, cluster, lowrank, numerics
 *          made from the seed: inputs_made.h
 *   file   tensors q, k, v of a .safetensors, or three .npy; [batch, heads, n, d] or [heads, n, d]; the first
 *          nq queries and nk keys of it
 */
#ifndef INPUTS_H
#define INPUTS_H

#include "attn.h"
#include "doc.h"
#include "kinds.h"

struct input_family {
    struct kind kind;
    /* From the seed; NULL: from files. */
    void (*make)(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
    /* As inputs_suffice(); NULL: always 0. */
    int (*suffices)(const struct doc *input, const struct attn_problem *, struct attn_error *);
};

extern const struct kinds input_kinds;

/* Are these the numbers that are hard on floats, which have a bound of their own on the error? */
int inputs_are_hard(const struct doc *input);

/* "gauss,s=1": a name for ids and pictures, without the setting `except` unless NULL. The caller frees it. */
char *inputs_label(const struct doc *input, const char *except);

/* For `file`: batch, heads, kv_heads, dk and dv of the problem become the file's. -1 and a message
   where the files cannot be read or do not fit together. Other families leave the problem alone. */
int inputs_adjust(const struct doc *input, struct attn_problem *, struct attn_error *);

/* The most queries or keys that it has, whichever are fewer; 0: any number. -1 and the reason as above. */
int inputs_longest(const struct doc *input, struct attn_error *);

/* Reads every value of the files of `file` once: -1 and the place of the first that is not finite. */
int inputs_verify(const struct doc *input, struct attn_error *);

/* -1 and the reason where the family cannot give such queries and keys. */
int inputs_suffice(const struct doc *input, const struct attn_problem *, struct attn_error *);

/* Fills q, k and v, packed as attn.h orders them. */
int inputs_fill(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v,
                struct attn_error *);

#endif
