/*
 * floor.h -- how far a variant is from itself: timed twice in the same processes (time.aa of the rows).
 *
 * No difference below that is called one, whoever compares.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include "doc.h"

struct floor {
    size_t groups; /* that have measured it; 0: the floor is not known, and 0 */
    double log;    /* the 0.95 quantile over these of |log median A/A ratio| */
};

/* Of several runs together. */
struct floor floor_of_runs(const struct doc *const *runs, size_t n);

/* |log median A/A ratio| of the group that the row is in; 0 where it was not measured. */
double floor_of_group(const struct doc *row);

#endif
