/* stats.c -- order statistics of small samples. */
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stats_sort(double *x, size_t n) { qsort(x, n, sizeof *x, ascending); }

double stats_quantile(const double *x, size_t n, double q) {
    if (n == 0) return (double)NAN;
    double *sorted = memcpy(xmalloc(n * sizeof *x), x, n * sizeof *x), at = q * (double)(n - 1), y;
    size_t low = (size_t)at;
    stats_sort(sorted, n);
    y = sorted[low];
    if (low + 1 < n) y += (at - (double)low) * (sorted[low + 1] - y);
    free(sorted);
    return y;
}

double stats_median(const double *x, size_t n) { return stats_quantile(x, n, 0.5); }
double stats_min(const double *x, size_t n) { return stats_quantile(x, n, 0); }
double stats_max(const double *x, size_t n) { return stats_quantile(x, n, 1); }

double stats_mad(const double *x, size_t n) {
    double middle = stats_median(x, n), *far = xmalloc(n * sizeof *far), mad;
    for (size_t i = 0; i < n; i++) far[i] = fabs(x[i] - middle);
    mad = stats_median(far, n);
    free(far);
    return mad;
}

double stats_range_confidence(size_t n) { return n ? 1 - ldexp(1, 1 - (int)n) : 0; }
