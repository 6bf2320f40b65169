/* projections.h -- random projections for feature maps. */
#ifndef PROJECTIONS_H
#define PROJECTIONS_H

#include "attn.h"

enum projections { PROJECTIONS_ORTHOGONAL, PROJECTIONS_INDEPENDENT, PROJECTIONS_REGULARISED };

/* w[m][d], each row N(0, I_d). ORTHOGONAL: within blocks of d rows directions are orthogonal and uniform
   (Haar), lengths are independent chi(d); REGULARISED: the same with every length sqrt(d). Values follow from
   the seed alone. -1 where there is no memory for a d x d matrix. */
int projections_draw(enum projections, uint64_t seed, int m, int d, float *w);

#endif
