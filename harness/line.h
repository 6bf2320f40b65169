/*
 * line.h -- a straight line through a handful of points, and how well they tell its slope.
 *
 * The slope is that of Theil and Sen, the median over all pairs of points: one wild point in four does not
 * move it far.
 */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>

double line_slope(const double *x, const double *y, size_t n); /* x ascending; NaN below two points */

/* Half the width of the 95 percent interval of the slope that the scatter of the points about the line
   gives, by Student's t with n - 2 degrees of freedom. Infinite below three points. */
double line_scatter(const double *x, const double *y, size_t n, double slope);

/* The 97.5 percent quantile of Student's t, to half a percent; infinite without a degree of freedom. */
double line_student(size_t freedom);

#endif
