/* slice.h -- rows put in order for tables and pictures: one slice for each setting but length and
   variant, one curve for each variant with its parameters, one row for each length. */
#ifndef SLICE_H
#define SLICE_H

#include "doc.h"

struct curve {
    const char *label;
    const struct doc **rows; /* for each length of the slice; NULL where there is none */
};

struct slice {
    char *title, *slug; /* for people; for file names */
    size_t lengths, ncurves;
    double *n; /* ascending */
    struct curve *curves;
};

struct slices {
    size_t count;
    struct slice *all;
};

/* The rows belong to the caller and must stay. */
void slices_make(struct slices *, const struct doc *rows);
void slices_free(struct slices *);

#endif
