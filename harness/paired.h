/*
 * paired.h -- two variants of one run, process by process: are they apart by more than chance?
 *
 * Each process timed both in turn, so that what it did to both cancels. The trimmed mean of the logarithms of
 * their ratios (inference.h) is held against Student's t. Six ratios hardly know their own variance: it is drawn
 * towards the median one of all points by as much as variances agree at all, and a point that is wild for the
 * others keeps its own, as in noise.h.
 */
#ifndef PAIRED_H
#define PAIRED_H

#include "doc.h"
#include "inference.h"

struct paired {
    struct middle ratio; /* of log times, b less a */
    size_t group;        /* points of a group have the processes and one of the two variants in common */
    double least;        /* a difference, as a logarithm, that is none yet: it is tested that there is more */
    /* set by paired_test() */
    double error, df; /* deviation of `ratio`, degrees of freedom: 0 of these where it is not known */
    double p, holm;   /* chance of a ratio so far beyond `least`; the same over all points */
};

/* The ratios of the times of `b` over those of `a`, by process; where one was timed beside the other in processes of
   its own, those. The caller frees them. */
double *paired_ratios(const struct doc *a, const struct doc *b, size_t *n);

/* The point that these ratios make. */
struct paired paired_point(const double *ratios, size_t n, size_t group, double least);

void paired_test(struct paired *, size_t n);

/* Half the 0.95 interval of the log ratio of a point; without end where it is not known. */
double paired_reach(const struct paired *);

#endif
