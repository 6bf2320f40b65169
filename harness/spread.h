/* spread.h -- how the errors of a mechanism are spread over the query rows. */
#ifndef SPREAD_H
#define SPREAD_H

#include "slice.h"

/* Draws the slice at the last position that was measured, a box for each mechanism that is not exact; returns 1, 0
   where there are fewer than three, or -1 after a warning. */
int spread_plot(const char *folder, const struct slice *);

#endif
