/*
 * trial.h -- one small problem that a variant is tried on, as numbers, as a document and as words.
 *
 * In words a trial is what differs from its defaults: "batch=2 heads=4 kv_heads=2 nq=7 nk=7 mask=causal
 * shift=-3 strided threads=2". 0 in kv_heads and dv stands for heads and dk.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "attn.h"
#include "doc.h"
#include "text.h"

struct trial {
    int batch, heads, kv_heads, nq, nk, dk, dv;
    enum attn_mask mask;
    int shift;
    float softcap;
    float scale; /* times 1 / sqrt(dk); 0 as 1 */
    enum attn_bias_kind bias;
    int lengths; /* key lengths: item 0 has all keys, item 1 about half, item 2 none */
    int strided; /* rows with gaps, heads innermost */
    int threads, isa;
};

/* {batch, heads, ...}: what differs from the defaults. */
struct doc *trial_doc(const struct trial *);

/* The reverse; -1 and the reason where a value is none. */
int trial_from_doc(const struct doc *, struct trial *, struct attn_error *);

/* Is it a word of trials, such as "nq" or "strided"? */
int trial_knows(const char *key);

/* What a trial has beyond a plain problem, one bit each, and the name of a bit: "softcap", "shift", ...;
   NULL beyond the last. */
unsigned trial_features(const struct trial *);
const char *trial_feature(unsigned bit);

/* How many of the features are asked for in so many words: sizes, threads and the like count for nothing. */
int trial_options(unsigned features);

/* The trial one step simpler, by step 0, 1, ..., the boldest first. 1: there it is; 0: this step leads nowhere from here;
   -1: there are no more steps. */
int trial_simpler(const struct trial *, int step, struct trial *simpler);

#endif
