/*
 * test_case.h -- what `attnbench check` tried: a group of checks, a trial, parameters.
 *
 * As a document {group, trial{}, params{}}, which crosses processes; as words, "run nq=7 nk=7 mask=causal
 * window=5", which people paste behind --case. Words that trials do not know are parameters.
 */
#ifndef TEST_CASE_H
#define TEST_CASE_H

#include "trial.h"

struct doc *case_doc(const char *group, const struct trial *, struct doc *params); /* takes params over */
char *case_words(const struct doc *);

/* NULL and the reason where the words are none. The group and the parameters are not looked at. */
struct doc *case_parse(const char *words, struct attn_error *);

/* The features of its trial; "with softcap and key_lengths", or "", of some features and the parameters. */
unsigned case_features(const struct doc *);
char *case_features_words(unsigned features, const struct doc *params);

/* The simplest case that `fails` still, in at most `tries` tries. Both documents are the caller's. */
struct doc *case_shrink(const struct doc *, int (*fails)(void *context, const struct doc *), void *context,
                        int tries);

#endif
