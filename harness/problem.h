/* problem.h -- a planned point as an attn_problem, and what a variant says to it. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "attn.h"
#include "doc.h"

/* What configs and commands accept: a count (batch, heads, length, shift), a head size, the logits. */
enum { PROBLEM_LENGTH_MAX = 1 << 24, PROBLEM_WIDTH_MAX = 4096, PROBLEM_THREADS_MAX = 1024 };
#define PROBLEM_SCALE_MIN 1e-6
#define PROBLEM_SCALE_MAX 1e6
#define PROBLEM_SOFTCAP_MAX 1e6
#define PROBLEM_SEED_MAX 9007199254740991.0 /* 2^53 - 1: exact in every JSON reader */

const char *problem_mask_name(enum attn_mask); /* "none", "causal", "causal_top_left" */
int problem_mask_find(const char *name);       /* -1: unknown */

/* The problem of a row of plan.jsonl: shape, mask, logits, bias of the positions, seed, threads and isa. */
void problem_from_point(const struct doc *point, struct attn_problem *);

/* 0 where the variant takes the problem, else -1 and the reason: a missing capability, or its check(). To a control a
   bias by distance, ALiBi or bucketed, is none. */
int problem_accept(const struct attn_variant *, const struct attn_problem *, const void *params,
                   struct attn_error *);

/* x [batch][heads][n][d], without gaps. */
struct attn_view problem_packed(const float *x, int heads, int n, int d);

/* Bytes of q, k and v together, and of o. */
double problem_input_bytes(const struct attn_problem *);
double problem_output_bytes(const struct attn_problem *);

#endif
