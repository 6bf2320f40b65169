/*
 * advice.h -- in words: which mechanism errs least for its time, and for its memory, and which are no better than the
 * mean of V, or than zeros.
 *
 * Candidates are those that are better than both, as row_error.h has it; controls are none. A front is that of front.h: of
 * two whose times cannot be told apart the one that errs less is listed, and the sentence names the other. An error
 * below 1e-4 is called exact.
 */
#ifndef ADVICE_H
#define ADVICE_H

#include "slice.h"

/* On stdout, for each value of the slice's axis, or for the greatest alone where the axis is n; nothing where no row has
   been judged. */
void advice_print(const struct slice *);

/* A sentence for each of the same positions of each slice, under what their titles share: what errs least in less time,
   and in no more memory, than the cheapest exact mechanism takes, or of all where none is exact; who is beyond the bound
   of its definition; and how many are no better than the mean of V. */
void advice_summary(const struct slices *);

#endif
