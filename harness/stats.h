/* stats.h -- order statistics of small samples. */
#ifndef STATS_H
#define STATS_H

#include <stddef.h>

double stats_median(const double *x, size_t n);             /* NaN where n is 0 */
double stats_mad(const double *x, size_t n);                /* median absolute deviation, unscaled */
double stats_quantile(const double *x, size_t n, double q); /* linear between order statistics */
double stats_min(const double *x, size_t n);
double stats_max(const double *x, size_t n);
void stats_sort(double *x, size_t n); /* ascending */

/* Chance that the range of n independent values holds the median of their distribution, whatever that
   is: 1 - 2^(1 - n). 0.969 for six. */
double stats_range_confidence(size_t n);

#endif
