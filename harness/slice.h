/*
 * slice.h -- rows put in order for tables and pictures.
 *
 * A run is drawn along one axis: the length n where it varies; else, among inputs of one family, the setting of
 * theirs that varies; else the number of threads. A slice is one combination of all other settings but the variant,
 * a curve is one variant with its parameters, a row stands at each value of the axis.
 */
#ifndef SLICE_H
#define SLICE_H

#include "doc.h"

struct curve {
    const char *label;
    const struct doc **rows; /* for each value of the axis; NULL where there is none */
};

struct slice {
    char *title, *slug;      /* for people; for file names */
    const char *axis, *what; /* "n" and "sequence length n"; a setting of an input; "threads" */
    size_t nx, ncurves;
    double *x; /* ascending */
    struct curve *curves;
};

struct slices {
    size_t count;
    struct slice *all;
};

/* The rows belong to the caller and must stay. */
void slices_make(struct slices *, const struct doc *rows);
void slices_free(struct slices *);

/* The last position of the axis at which anything was measured; 0 where nothing was. */
size_t slice_last(const struct slice *);

#endif
