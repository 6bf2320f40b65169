/*
 * heatmap.h -- the attention rows of heads as pictures: softmax, a mechanism, and the difference.
 *
 * Up to HEATMAP_CELLS queries and keys are a cell each. Longer ones are pooled: a cell is the mean over its queries of the
 * weight on its keys together, so that a pooled row of softmax still sums to one.
 */
#ifndef HEATMAP_H
#define HEATMAP_H

#include "head_rows.h"

enum { HEATMAP_CELLS = 128, HEATMAP_HEADS = 6 };

struct heatmap { /* starts as {0} */
    int heads, number[HEATMAP_HEADS];
    int nq, nk, cells_q, cells_k;                        /* as many for every head */
    double *softmax[HEATMAP_HEADS], *own[HEATMAP_HEADS]; /* [cells_q][cells_k] */
};

/* to [ceil(nq / step_q)][ceil(nk / step_k)] = the cells of weights [nq][nk]. */
void heatmap_pool(const double *weights, int nq, int nk, int step_q, int step_k, double *to);

/* Queries and keys of a cell. */
int heatmap_step(int n);

void heatmap_add(struct heatmap *, int head, const struct head_rows *);

/* Writes NAME.csv and NAME.gp into the folder and draws NAME.svg and NAME.png. `tokens`, unless NULL, are labels of the
   positions 0 .. ntokens - 1. -1 after a warning. */
int heatmap_draw(const struct heatmap *, const char *folder, const char *name, const char *mechanism,
                 const char *title, char *const *tokens, int ntokens);

void heatmap_free(struct heatmap *);

#endif
