/*
 * dots.h -- the judged points of a slice at the last position that was measured, put together by what varies among
 * them: the settings of one mechanism make a curve.
 */
#ifndef DOTS_H
#define DOTS_H

#include "slice.h"

struct dot {
    const struct doc *row;
    char *family, *setting; /* "linformer", "rank=64": the label without the numbers that vary, and those */
    double time, error;     /* seconds, NaN where it was not timed; relative */
    double low, high;       /* of the error over seeds; see row_error.h */
};

struct dots {
    size_t n;
    struct dot *all;
};

void dots_collect(struct dots *, const struct slice *);
void dots_free(struct dots *);

/* The place of the first point of the curve that point i belongs to. */
size_t dots_leader(const struct dots *, size_t i);

/* The most points with an error of at least `least` on one curve. */
size_t dots_largest_curve(const struct dots *, double least);

#endif
