/*
 * row_error.h -- how far a row is from softmax, as tables, pictures and verdicts take it.
 *
 * With measure.seeds above 1 the row of a mechanism that draws has an error for each seed, and the one of its own seed is
 * one draw of many: its error is their median. Of all other rows it is accuracy.softmax.rel_fro.
 */
#ifndef ROW_ERROR_H
#define ROW_ERROR_H

#include "doc.h"

struct row_error {
    double value;     /* relative Frobenius; NaN where the row was not judged against softmax */
    double low, high; /* 5 and 95 % of the seeds; the value itself without any */
    double skill;     /* that of `value`: above 0 is better than the mean of V; NaN where not known */
};

/* Of any row, NULL too. One that is not ok has none. */
struct row_error row_error(const struct doc *row);

/* Is the error measured from softmax attention, and not from another target? */
int row_error_is_from_softmax(const struct doc *row);

/* The error of the mean of V on the inputs of the row; NaN where the row cannot tell. */
double row_error_mean_v(const struct doc *row);

/* The control that the row is no better than, "zero" or "mean_v", run or not; NULL: it is better than both. */
const char *row_error_control(const struct doc *row);

#endif
