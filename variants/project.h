/* project.h -- learned projections of queries or keys, ahead of the tiles. */
#ifndef PROJECT_H
#define PROJECT_H

#include "attn.h"

/* y [batch][heads][n][width] = x [batch][heads][n][dk] w[dk][width], plus b [width] unless NULL; w and b are
   views with a head stride. batch, dk, threads and isa are the problem's. */
void project(const struct attn_problem *, const struct attn_view *x, int heads, int n, int width,
             const struct attn_view *w, const struct attn_view *b, float *y);

#endif
