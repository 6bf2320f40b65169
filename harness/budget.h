/*
 * budget.h -- the seconds of a whole run, spread over its points.
 *
 * Every point gets a row before any gets a narrow interval: the seconds for which a point is timed shrink until all that
 * are left fit. A long call is made whatever its share, so what it takes comes off first. A short one has all its samples
 * soon, and more seconds would tell nothing of it (timing.h): what it leaves is for the others, where it tells most.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include "forecast.h"

struct budget {
    double most;    /* seconds for which a point is timed where there is no budget */
    int replicates; /* processes that time it */
    double aside;   /* seconds that a point takes beside its timing: its inputs, its probe */
};

/* What each of the points may be timed so that all fit into `left` seconds: at most `most`, at least 0. calls[] has the
   forecast of one call of each in seconds, NaN where there is none. */
double budget_share(const struct budget *, const double *calls, size_t n, double left);

/* For how long a point is timed that may be for `share` seconds; all of them where its call has no forecast, NaN. */
double budget_timed(const struct budget *, double call, double share);

/* What it takes in all. */
double budget_seconds(const struct budget *, double call, double share);

#endif
