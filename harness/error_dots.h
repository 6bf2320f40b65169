/* error_dots.h -- errors at one place of the axis: a line for each mechanism, with its seeds, controls and oracles. */
#ifndef ERROR_DOTS_H
#define ERROR_DOTS_H

#include "slice.h"

/* An error above this is drawn at the end of its axis: ten times that of zeros is wrong in any picture. */
#define ERROR_CAP 10.0

/* What the mean of V errs on the inputs of position i, by any row that can tell; NaN: none. */
double error_of_mean_v(const struct slice *, size_t i);

/* Draws error-SLUG of a slice that has one position; returns 1, 0 where nothing errs, or -1 after a warning. */
int error_dots_plot(const char *folder, const struct slice *);

#endif
