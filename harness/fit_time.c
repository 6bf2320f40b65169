/*
 * fit_time.c -- the exponent of time.
 *
 * Two things make a slope uncertain. The medians have noise, which the processes of each point show: the
 * bootstrap. And points that lie on no line at all, because the machine was another one from length to
 * length or the curve bends: their scatter about the line. The second holds the first, but from very few
 * points; so the interval is, on either side, the wider of the two.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "line.h"
#include "text.h"

static const double tolerance = 0.1;

struct fit_slope fit_slope_of(const struct fit_point *points, size_t n) {
    struct fit_slope s = {(double)NAN, {(double)NAN, (double)NAN}};
    if (n < FIT_FEWEST) return s;
    double *x = xmalloc(n * sizeof *x), *y = xmalloc(n * sizeof *y);
    double *slopes = xmalloc(RESAMPLE_DRAWS * sizeof *slopes), scatter;
    for (size_t i = 0; i < n; i++) x[i] = log(points[i].n), y[i] = points[i].log_ns;
    s.value = line_slope(x, y, n);
    scatter = line_scatter(x, y, n, s.value);
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) {
        for (size_t i = 0; i < n; i++) y[i] = points[i].draws[d];
        slopes[d] = line_slope(x, y, n);
    }
    resample_interval(slopes, s.interval);
    s.interval[0] = fmin(s.interval[0], s.value - scatter);
    s.interval[1] = fmax(s.interval[1], s.value + scatter);
    free(x), free(y), free(slopes);
    return s;
}

static struct doc *local_slopes(const struct fit_curve *c) {
    struct doc *all = doc_array();
    for (size_t i = 0; i + 1 < c->count; i++) {
        const struct fit_point *a = &c->points[i], *b = a + 1;
        struct doc *local = doc_object();
        doc_put_num(local, "from", a->n);
        doc_put_num(local, "to", b->n);
        doc_put_num(local, "slope", (b->log_ns - a->log_ns) / log(b->n / a->n));
        doc_add(all, local);
    }
    return all;
}

struct doc *fit_time(const struct fit_curve *c) {
    struct doc *time = doc_object();
    double declared = fit_follows_n(c) ? (double)NAN : doc_num(fit_curve_row(c), "growth.time", (double)NAN);
    size_t first = 0, n;
    while (first < c->count && c->points[first].n < FIT_FROM) first++;
    n = c->count - first;
    struct fit_slope s = fit_slope_of(c->points + first, n);
    const char *verdict = n < FIT_FEWEST    ? "too few lengths"
                          : isnan(declared) ? "not declared"
                                            : fit_verdict(s.interval, declared, tolerance);
    doc_put_num(time, "declared", declared);
    doc_put_num(time, "counted", fit_counted(c->points + first, n));
    doc_put_num(time, "slope", s.value);
    doc_put(time, "interval", doc_pair(s.interval[0], s.interval[1]));
    doc_put_str(time, "verdict", verdict);
    if (!strcmp(verdict, "undecided") || !strcmp(verdict, "contradicted")) {
        char *why = fit_reason(c->points + first, n, &s, declared, tolerance);
        doc_put_str(time, "why", why);
        free(why);
    }
    doc_put_num(time, "points", (double)n);
    doc_put(time, "local", local_slopes(c));
    return time;
}
