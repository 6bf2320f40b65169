/*
 * fit_parts.h -- what the parts of the answers share; for fit*.c alone.
 *
 * A series is one combination of all settings but variant and length, a curve is one label in it, a point is
 * a row with a time at one length n = nq = nk. Rows without a time are no points.
 */
#ifndef FIT_PARTS_H
#define FIT_PARTS_H

#include "doc.h"
#include "floor.h"
#include "resample.h"

struct fit_point {
    double n;
    const struct doc *row;
    size_t processes;
    double log_ns, *draws; /* of the median time, in logarithms */
    double floor; /* no difference below it is one: that of the run, or of its group where that is larger */
};

struct fit_curve {
    const char *label;
    size_t count;
    struct fit_point *points; /* by ascending length */
};

struct fit_series {
    char *key;
    struct doc *about; /* {mask, input, ...}, as the answers name it */
    size_t ncurves;
    struct fit_curve *curves;
};

struct fit_run {
    size_t count;
    struct fit_series *all;
    struct floor floor; /* of the run */
};

/* A point at x, its length or what else it is one of several by; points with other x draw other processes. */
struct fit_point fit_point_make(const struct doc *row, double x);

/* The rows belong to the caller and must stay. */
void fit_run_make(struct fit_run *, const struct doc *rows);
void fit_run_free(struct fit_run *);

const struct doc *fit_curve_row(const struct fit_curve *); /* any of its rows: what they have in common */
const struct fit_point *fit_curve_at(const struct fit_curve *, double n); /* NULL: not there */
int fit_curve_is(const struct fit_curve *, const char *kind);
double fit_memory_bytes(const struct doc *row); /* state + scratch; NaN where not measured */

/* Does a parameter or a layout of the curve change with n? Then what the variant declares does not apply. */
int fit_follows_n(const struct fit_curve *);

/* Exponents are told from this length on: below it fixed costs and small tiles weigh in. */
enum { FIT_FROM = 2048, FIT_FEWEST = 3 };

/* log time over log x of points in order, with 95 percent; NaN below FIT_FEWEST of them. */
struct fit_slope {
    double value, interval[2];
};
struct fit_slope fit_slope_of(const struct fit_point *, size_t n); /* fit_time.c */

/* "confirmed" where the interval lies within `tolerance` of what was declared, "contradicted" where all of
   it lies outside, else "undecided". */
const char *fit_verdict(const double interval[2], double declared, double tolerance);

/* fit_reason.c: the exponent of the operations that the rows count, NaN where they count none; and in words, for the
   caller to free, why such a slope is not confirmed. */
double fit_counted(const struct fit_point *, size_t n);
char *fit_reason(const struct fit_point *, size_t n, const struct fit_slope *, double declared,
                 double tolerance);

/* The answers. Those that return a document give it to the caller. */
struct doc *fit_time(const struct fit_curve *);               /* fit_time.c */
struct doc *fit_memory(const struct fit_curve *);             /* fit_memory.c */
void fit_fixed(struct doc *growth, const struct fit_curve *); /* fit_fixed.c: after fit_time() */
void fit_crossings(struct doc *list, const struct fit_run *, const char *baseline); /* fit_crossing.c */
void fit_fronts(struct doc *list, const struct fit_series *);                       /* fit_front.c */
void fit_ceilings(struct doc *list, const struct fit_series *);                     /* fit_ceiling.c */
void fit_layer_types(struct doc *list, const struct fit_run *);                     /* fit_types.c */

#endif
