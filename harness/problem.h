/* problem.h -- a planned point as an attn_problem, and what a variant says to it. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "attn.h"
#include "doc.h"

const char *problem_mask_name(enum attn_mask); /* "none", "causal", "causal_top_left" */
int problem_mask_find(const char *name);       /* -1: unknown */

/* The problem of a row of plan.jsonl: shape, mask, logits, seed, threads and isa. */
void problem_from_point(const struct doc *point, struct attn_problem *);

/* 0 where the variant takes the problem, else -1 and the reason: a missing capability, or its check(). */
int problem_accept(const struct attn_variant *, const struct attn_problem *, const void *params,
                   struct attn_error *);

/* The instruction set that ATTNBENCH_ISA forces, ATTN_ISA_BEST where it is not set. Where this CPU has it not:
   -1 and the reason, to be freed. */
int problem_forced_isa(char **reason);

/* Bytes of q, k and v together, and of o. */
double problem_input_bytes(const struct attn_problem *);
double problem_output_bytes(const struct attn_problem *);

#endif
