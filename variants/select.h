/*
 * select.h -- for each query the k keys that score highest: the engine under topk and memory.
 *
 * Which keys those are is a matter of the scores in double, and of two that are equal there the lower index wins: no
 * rounding of the float scores moves the choice, so it is the same for every instruction set.
 */
#ifndef SELECT_H
#define SELECT_H

#include "attn.h"
#include "kernels/kern.h"

struct select {
    const struct attn_call *call;
    struct attn_view q, k; /* [b][h][nq][dk] and [b][hk][keys][dk] */
    int keys, most;        /* how many there are, and how many a query chooses, if it sees as many */
    float scale;           /* score = scale q.k */
    int unit_keys;         /* 1: of keys brought to length 1; zero vectors stay */
    /* Query i of item b sees keys 0 .. visible() - 1. */
    int (*visible)(const struct attn_call *, int b, int i);
    /* Softcap, bias and the like on s[0 .. n), the scores of query i against keys j0 .. j0 + n - 1; -inf hides a key.
       May move two scores no farther apart, but for what it adds to both. NULL: nothing. */
    void (*adjust)(const struct attn_call *, const struct kern *, int b, int h, int i, int j0, int n,
                   float *s);
    /* The score in double. */
    double (*exact)(const struct attn_call *, int b, int h, int i, int j);
    /* The chosen keys of query i, ascending, and their scores, which it may spoil. */
    void (*chosen)(const struct select *, const struct kern *, int b, int h, int i, int n, const int *index,
                   float *score);
    const void *context; /* for chosen() */
};

/* Bytes of scratch: constant in nq and in the keys, but for what k of them need. */
size_t select_scratch(const struct attn_problem *, int keys, int most);

/* Runs chosen() for every query of the call, over its threads. */
void select_forward(const struct select *, void *scratch);

/* Softmax over n scores, in place and undivided; returns the sum, and the maximum to *top. 0 where there are none. */
float select_soften(const struct kern *, int n, float *score, float *top);

#endif
