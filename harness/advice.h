/*
 * advice.h -- in words: which mechanism errs least for its time, and for its memory, and which are no better than the
 * mean of V.
 *
 * Candidates are those that are better than the mean of the visible values (skill above 0); controls are none. Of two
 * whose times' intervals overlap the one that errs less stands for both. An error below 1e-4 is called exact.
 */
#ifndef ADVICE_H
#define ADVICE_H

#include "slice.h"

/* On stdout, for each value of the slice's axis, or for the greatest alone where the axis is n; nothing where no row has
   been judged. */
void advice_print(const struct slice *);

#endif
