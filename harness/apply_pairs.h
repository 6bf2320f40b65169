/*
 * apply_pairs.h -- outputs of `attnbench apply` with a number for each query and key: its score at three stages,
 * and its weight. All are by definition, in double.
 */
#ifndef APPLY_PAIRS_H
#define APPLY_PAIRS_H

#include "apply_options.h"
#include "subject.h"

enum pairs { PAIRS_LOGITS, PAIRS_SOFTCAPPED, PAIRS_BIASED, PAIRS_WEIGHTS, PAIRS_COUNT };

/* What follows --out. */
extern const char *const pairs_names[PAIRS_COUNT];

/* The output of that name; -1: none of these. */
int pairs_find(const char *name);

/* Ends the program with exit code 2 where the variant, with the tensors of the command line, has no such
   numbers. */
void pairs_verify(enum pairs, const struct apply_options *, const struct attn_variant *);

/* Fills all[batch][heads][nq][nk]. */
void pairs_fill(enum pairs, const struct subject *, float *all);

#endif
