/*
 * fit_reason.c -- why the exponent of time is not confirmed, as far as the rows can tell.
 *
 * Time is operations over their rate, so that its slope is that of the operations which the rows count less that of the
 * rate. Where parts of lower order weigh in, the first shows it; where a call has work beside what is counted, or a memory
 * that the longer lengths outgrow, the second. What remains is an interval that no exponent fits into.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "line.h"
#include "text.h"

static const double apart = 0.02; /* exponents that are nearer than this are the same */

double fit_counted(const struct fit_point *points, size_t n) {
    double *x = xmalloc((n + 1) * sizeof *x), *y = xmalloc((n + 1) * sizeof *y);
    for (size_t i = 0; i < n; i++) {
        x[i] = log(points[i].n);
        y[i] = log(doc_num(points[i].row, "flops", (double)NAN));
    }
    double slope = line_slope(x, y, n);
    free(x), free(y);
    return isfinite(slope) ? slope : (double)NAN;
}

/* "its operations grow as n^1.83 at these lengths", where that is not what is declared. */
static void tell_operations(struct text *why, double counted, double declared) {
    if (isnan(counted) || fabs(counted - declared) <= apart) return;
    text_add(why, "the operations counted grow as n^%.2f at these lengths", counted);
}

/* The rate, where its slope is more than the slope's own uncertainty. */
static void tell_rate(struct text *why, const struct fit_point *points, size_t n, double counted,
                      const struct fit_slope *s) {
    double first = doc_num(points[0].row, "roofline_fraction", (double)NAN);
    double last = doc_num(points[n - 1].row, "roofline_fraction", (double)NAN);
    double up = counted - s->interval[1], down = s->interval[0] - counted;
    if (isnan(first) || isnan(last) || !(up > apart || down > apart) || (last > first) != (up > apart))
        return;
    text_add(
        why,
        "%s at %.0f %% of the nearer ceiling at n = %.0f and at %.0f %% at n = %.0f, so that time grows %s",
        why->length ? ", and run" : "the operations counted run", 100 * first, points[0].n, 100 * last,
        points[n - 1].n, up > apart ? "less" : "more");
}

static void tell_interval(struct text *why, const struct fit_slope *s, double tolerance) {
    if (s->interval[1] - s->interval[0] <= 2 * tolerance) return;
    text_add(why,
             "%sthe interval is wider than %g, so that no exponent fits: more lengths, or a quieter machine",
             why->length ? "; " : "", 2 * tolerance);
}

char *fit_reason(const struct fit_point *points, size_t n, const struct fit_slope *s, double declared,
                 double tolerance) {
    struct text why = {0};
    double counted = fit_counted(points, n);
    tell_operations(&why, counted, declared);
    tell_rate(&why, points, n, counted, s);
    tell_interval(&why, s, tolerance);
    if (!why.length)
        text_add(&why, "the interval reaches beyond %g on %s side of what is declared", tolerance,
                 s->value < declared ? "the lower" : "the upper");
    return why.s;
}
