/* line.c -- a straight line through a handful of points. */
#include "line.h"

#include <math.h>
#include <stdlib.h>

#include "stats.h"
#include "text.h"

double line_slope(const double *x, const double *y, size_t n) {
    double *slopes = xmalloc((n * n / 2 + 1) * sizeof *slopes), middle;
    size_t pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) slopes[pairs++] = (y[j] - y[i]) / (x[j] - x[i]);
    middle = stats_median(slopes, pairs);
    free(slopes);
    return middle;
}

double line_scatter(const double *x, const double *y, size_t n, double slope) {
    if (n < 3) return (double)INFINITY;
    double mean = 0, spread = 0, squares = 0, *rest = xmalloc(n * sizeof *rest);
    for (size_t i = 0; i < n; i++) mean += x[i] / (double)n, rest[i] = y[i] - slope * x[i];
    double height = stats_median(rest, n);
    for (size_t i = 0; i < n; i++) {
        spread += (x[i] - mean) * (x[i] - mean);
        squares += (rest[i] - height) * (rest[i] - height);
    }
    free(rest);
    return line_student(n - 2) * sqrt(squares / (double)(n - 2) / spread);
}

double line_student(size_t freedom) {
    static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
    if (freedom == 0) return (double)INFINITY;
    return freedom <= 10 ? table[freedom - 1] : 1.96 + 2.68 / (double)freedom;
}
