/*
 * front.h -- which of several rows no other beats: the one rule that words, pictures and `fit` go by.
 *
 * x beats y where it costs less and its error is no greater. Errors of rounding are all alike. The same place among the
 * process medians of two rows is the same process, so times are compared process by process: x is faster where all but so
 * few processes say so, by more than the floor of floor.h, that chance would do it in 5 % of the cases at most (all of six,
 * all but one of nine). Below six
 * processes the ranges of the two have to be apart.
 */
#ifndef FRONT_H
#define FRONT_H

#include "doc.h"

struct rival {
    const char *label;
    const struct doc *row;
    double floor;     /* no difference of times below it is one: a logarithm, of the row's group */
    double ns, bytes; /* median time of a call, state and scratch; NaN where not measured */
    double error;     /* ACCURACY_EXACT at least; NaN where not judged, or from another target */
};

enum front_price { FRONT_TIME, FRONT_MEMORY, FRONT_BOTH };

struct rival rival_of(const char *label, const struct doc *row); /* a row that is not ok, or NULL: all NaN */
int rival_is_control(const struct rival *);

/* Neither a control nor no better than one: what a list of the best may have. */
int rival_is_candidate(const struct rival *);

int rival_is_faster(const struct rival *x, const struct rival *y);
int rival_beats(const struct rival *x, const struct rival *y, enum front_price);
int rival_is_beaten(const struct rival *, const struct rival *all, size_t n, enum front_price);

/*
 * Puts those of all[n] that none beats first, by ascending time or memory; how many. behind[i] is the place of the one
 * that stands for the i-th, as it errs less, or as much and comes first, and cannot be told to cost more; or i itself.
 * Of those with behind[i] == i each costs more than the one before and errs less. behind has n places.
 */
size_t front_sort(struct rival *all, size_t n, enum front_price, size_t *behind);

#endif
