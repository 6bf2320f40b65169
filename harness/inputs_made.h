/*
 * inputs_made.h -- queries, keys and values made from the seed.
 *
 * Values are independent normal unless said otherwise, v with variance 1. Logits are at scale 1 / sqrt(dk).
 *
 *   gauss(s, mean_v)        q and k with variance s: logits of deviation s; mean_v is added to all of v
 *   local(scale, gain, s)   half of the dimensions hold Fourier features of the position, so that a logit is
 *                           gain exp(-(distance / scale)^2 / 2) plus what is left of the features' ripple
 *                           (deviation at most gain / sqrt(dk / 2)); the other half adds logits of deviation s. Queries
 *                           stand at the last nq positions.
 *   needle(p, s)            as gauss, but each query has one key, anywhere among those its mask lets it see,
 *                           that holds about p of its weight
 *   sink(tokens, mass, s)   as gauss, but the first keys hold about `mass` of each row's weight, whatever its mask
 *                           lets it see beyond them, and their values are a tenth as long
 *   heavy(alpha, s)         as gauss, but the key of rank r, of 1 .. nk in random order, has r^-alpha times the
 *                           weight: what a key gets of all queries together follows a power law
 *   cluster(clusters, spread, gain)
 *                           queries and keys stand around centroids of random direction, as many keys around each as
 *                           nearly as possible, positions shuffled: the logit is about `gain` where the centroid is the
 *                           same, and of deviation gain / sqrt(dk) where it is not. `spread` is the deviation of a
 *                           coordinate around the centroid over that of the centroid's own coordinates.
 *   lowrank(rank, s)        q and k lie in a subspace of dimension `rank`, another for each head of k
 *   numerics(case)          numbers that are hard on floats:
 *     logits_1e2, logits_1e4  every logit is 1e2 (1e4) or its negative, by the key, plus a normal one of deviation 1
 *     key_norms               as gauss(1), but the norms of the keys are spread over a factor of 1e3
 *     equal_keys              all keys of a head are one
 *     zero_vectors            as gauss(1), but a third of the queries and of the keys are zero
 *     masked_nan              as gauss(1), but the keys that no query sees, and their values, are NaN and -inf in turn:
 *                             those beyond the diagonal of causal_top_left where nk > nq, or of a causal mask whose
 *                             shift is below 0
 */
#ifndef INPUTS_MADE_H
#define INPUTS_MADE_H

#include "attn.h"
#include "doc.h"

/* Fill q, k and v. */
void inputs_made_gauss(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_local(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_needle(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_sink(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_heavy(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_cluster(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_lowrank(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);
void inputs_made_numerics(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v);

/* -1 and the reason where head size, length or mask leave no room for the settings. */
int inputs_made_local_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_made_needle_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_made_sink_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_made_heavy_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_made_cluster_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_made_lowrank_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_made_numerics_suffices(const struct doc *input, const struct attn_problem *, struct attn_error *);

/* The words of `case`, ended by NULL. */
extern const char *const inputs_made_cases[];

#endif
