/*
 * resample.h -- the bootstrap over processes: what else the median of a point could have been.
 *
 * The samples of one process depend on each other, so that whole processes are drawn anew, with replacement,
 * and the median of their medians is taken. All is done in logarithms. So few processes make the drawn
 * medians too alike; their distance from the true one is therefore widened by what Student's t says of as
 * many values.
 *
 * The draws come from the project's counter-based generator: the same rows give the same answer every time.
 * Two points with the same stream and the same number of processes draw the same processes, as it must be
 * where these ran both.
 */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum { RESAMPLE_DRAWS = 1000 };

/* draws[RESAMPLE_DRAWS] of the median of log x[0 .. n); all alike where n is 1. Returns the median itself. */
double resample_log_median(const double *x, size_t n, uint64_t stream, double *draws);

/* The middle 95 percent of the draws. */
void resample_interval(const double *draws, double interval[2]);

#endif
