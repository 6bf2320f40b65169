/*
 * shares.h -- what of a layer's time its operator takes, and from which length on that is most of it.
 *
 * A row of a layer has parts{project_in, operator, project_out}, and positions where these turn q and k, each timed by itself beside the whole, and what share of
 * all parts each has in every process: so what slows a process down cancels. The operator dominates where the whole range
 * of its shares lies above one half.
 */
#ifndef SHARES_H
#define SHARES_H

#include "slice.h"

/* Does the slice show layers whose parts were timed? */
int shares_known(const struct slice *);

/* On stdout: with which mechanisms the operator takes more than half of the layer, and from where on; controls are none. */
void shares_print(const struct slice *);

/* parts-SLUG: time of the operators, and of projections and positions, over the axis; where they cross is marked. 1: drawn, 0: there
   is nothing to draw, -1 after a warning. */
int shares_plot(const char *folder, const struct slice *);

/* Where the operator takes half, on lines through the median shares over the logarithm of the axis; NaN where that is
   nowhere, or at more than one place. `seconds`, unless NULL, is how long that is. */
double shares_crossing(const struct slice *, const struct curve *, double *seconds);

#endif
