/*
 * inputs_made.h -- queries, keys and values made from the seed.
 *
 * Values are independent normal unless said otherwise, v with variance 1. Logits are at scale 1 / sqrt(dk).
 *
 *   gauss(s)                q and k with variance s: logits of deviation s
 *   local(scale, gain, s)   half of the dimensions hold Fourier features of the position, so that a logit is
 *                           gain exp(-(distance / scale)^2 / 2) plus what is left of the features' ripple
 *                           (deviation at most gain / sqrt(dk / 2)); the other half adds logits of deviation s. Queries
 *                           stand at the last nq positions.
 *   needle(p, s)            as gauss, but each query has one key, anywhere among those its mask lets it see,
 *                           that holds about p of its weight
 */
#ifndef INPUTS_MADE_H
#define INPUTS_MADE_H

#include "attn.h"
#include "doc.h"

void inputs_made_gauss(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_local(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_needle(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);

/* -1 and the reason where the head size is too small for the settings. */
int inputs_made_local_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_made_needle_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);

#endif
