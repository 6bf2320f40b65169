/* budget.c -- the seconds of a whole run, spread over its points. */
#include "budget.h"

#include <math.h>

#include "timing.h"

enum {
    PROBED_CALLS = 3,
    LEAST_CALLS = 2, /* calls that each process makes at least: one untimed, one timed */
};

double budget_timed(const struct budget *b, double call, double share) {
    if (isnan(call)) return share;
    double least = b->replicates * LEAST_CALLS * call, most = b->replicates * timing_most(call);
    return fmax(fmin(share, most), least);
}

double budget_seconds(const struct budget *b, double call, double share) {
    return b->aside + (isnan(call) ? 0 : PROBED_CALLS * call) + budget_timed(b, call, share);
}

static double all_seconds(const struct budget *b, const double *calls, size_t n, double share) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += budget_seconds(b, calls[i], share);
    return sum;
}

double budget_share(const struct budget *b, const double *calls, size_t n, double left) {
    double low = 0, high = b->most;
    if (all_seconds(b, calls, n, high) <= left) return high;
    for (int step = 0; step < 40; step++) {
        double middle = (low + high) / 2;
        if (all_seconds(b, calls, n, middle) <= left) low = middle;
        else high = middle;
    }
    return low;
}
