/*
 * evidence.h -- what the rows of a run say of one curve at one length: a value and draws of it, or why there is none.
 *
 * Rows that differ in nothing but their seed are samples of one value, as the processes of a row are, and the seeds
 * within one; rows that differ in more, such as two masks, are none: `at` has to choose.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "doc.h"

struct archive { /* where to look */
    const struct doc *rows;
    const struct doc *at; /* settings of the rows: mask, input, batch, heads, dk, threads, seed; NULL: any */
    const char *metric;   /* one of evidence_metrics */
};

struct evidence {
    double value, *draws; /* RESAMPLE_DRAWS of them; both logarithms */
    int is_certain;       /* its draws show what it may be off by: two samples, or a size, which is exact */
    char *why;            /* there is no value; NULL: there is one */
};

enum { EVIDENCE_METRICS = 4 };
extern const char *const evidence_metrics[EVIDENCE_METRICS]; /* "time", "memory", "footprint", "error" */

/* The caller ends it with evidence_free(). */
struct evidence evidence_find(const struct archive *, const char *label, double n);
void evidence_free(struct evidence *);

/* The lengths at which the curve has rows, ascending; *n of them. The caller frees them. */
double *evidence_lengths(const struct archive *, const char *label, size_t *n);

/* Is this the curve that the label names? The instruction set, "flash@generic", may be left out. */
int evidence_names(const char *label, const char *curve);

/* A value, not its logarithm, as people read it; of metric "" without a unit. Valid for the next few calls. */
const char *evidence_show(const char *metric, double value);

#endif
