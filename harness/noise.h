/*
 * noise.h -- how far two runs of the same code stray from each other, told from the runs themselves.
 *
 *   pool    the scatter of processes, over all points: a single point has six processes a side and hardly
 *           knows its own. First what a process did to all points of its group is taken out (pairing.h). Then
 *           variances are shrunk towards the common value of their group, or of all where groups are small, by
 *           as much as they agree over all points (Smyth 2004). The common value is a median, so that a wild
 *           point moves it by no more than any other; and a point that is wild for the pool (1 in 100) is judged
 *           by its own variance.
 *   shift   what all points have in common, the median of their log ratios: another boot, a neighbour. A
 *           single variant cannot tell the machine's share from its own, so it takes three.
 *           It is put down to the machine up to the threshold; beyond that only as far as a witness moved with
 *           it: the sentinel, or the controls, which are no mechanism.
 *   group   the same of the points that were timed in the same processes, five or more: a neighbour who came
 *           for a while moves them all.
 *   spread  in smaller groups that cannot be told; there, how far the groups of points stray from that shift: a neighbour who came for a while, a clock
 *           that drifts. It takes three groups of three points.
 *   floor   how far apart one variant is from itself, timed twice in the same processes.
 */
#ifndef NOISE_H
#define NOISE_H

#include "doc.h"
#include "inference.h"

struct noise_point {
    const double *x, *y; /* logarithms of the process medians of A and of B */
    size_t nx, ny;
    struct middle a, b; /* theirs */
    const char *label;  /* the variant with its parameters */
    size_t group;       /* points that were timed in the same processes */
    double peak;        /* log of the sentinel's peak in A over that in B; NaN where unknown */
    int control;
    /* set by pairing_make() */
    struct middle rest_a,
        rest_b; /* without what the processes did to all points of the group; else a and b */
    int paired;
    double together, together_df; /* the variance of that part of the log ratio */
};

struct noise {
    size_t groups, labels;
    double *pooled; /* [groups]: the common variance of a process; 0 where there is none */
    double *df_max; /* [groups]: degrees of freedom behind that */
    double prior;   /* as many as it may count where variances agree no better than they do */
    int has_shift, has_spread, has_peak, has_controls, has_floor;
    double shift, peak, controls, credited, spread, floor; /* logarithms */
    double *group_shift; /* [groups], beside the common shift; NaN where points are not paired */
    size_t spread_groups, floor_groups;
};

/* Everything but the floor, also in the points. `bar` is the logarithm of the threshold. */
void noise_estimate(struct noise *, struct noise_point *, size_t n, double bar);

/* That of both runs together (floor.h). */
void noise_add_floor(struct noise *, const struct doc *rows_a, const struct doc *rows_b);

void noise_free(struct noise *);

double noise_log_ratio(const struct noise_point *);

/* Of its log ratio as measured, beside the credited shift, and beside its group: the one nearest to 0, or 0 where
   their signs differ; and in *far the one furthest from 0. */
double noise_effect(const struct noise *, const struct noise_point *, double *far);

/* What the machine does by itself: the floor, or the shift that was put down to it, of all points or of its group. A
   machine that much busier does not slow everything alike, so an effect has to be larger. */
double noise_bar(const struct noise *, const struct noise_point *);

/* The variance that noise_effect() is to be held against, and the degrees of freedom that go with it, 0 of these
   where it is unknown; and that of the log ratio as measured. */
double noise_variance(const struct noise *, const struct noise_point *, double *df);
double noise_variance_measured(const struct noise *, const struct noise_point *, double *df);

/* What rows share that were measured in the same processes, as text; the caller frees it. */
char *noise_group(const struct doc *row);

/* The positive numbers of an array; the caller frees them. */
double *noise_positive(const struct doc *array, size_t *n);

#endif
