/* resample.c -- the bootstrap over processes. */
#include "resample.h"

#include <math.h>
#include <stdlib.h>

#include "attn.h"
#include "line.h"
#include "stats.h"
#include "text.h"

static const uint64_t seed = 0x666974; /* any; fixed, so that answers repeat */

/* The median of a few values, in place: insertion, as there are thousands of such calls. */
static double small_median(double *x, size_t n) {
    for (size_t i = 1; i < n; i++) {
        double value = x[i];
        size_t at = i;
        for (; at > 0 && x[at - 1] > value; at--) x[at] = x[at - 1];
        x[at] = value;
    }
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

static double widening(size_t n) { return line_student(n - 1) / 1.96; }

double resample_log_median(const double *x, size_t n, uint64_t stream, double *draws) {
    double *logs = xmalloc(n * sizeof *logs), *drawn = xmalloc(n * sizeof *drawn);
    for (size_t i = 0; i < n; i++) logs[i] = log(x[i]);
    double middle = stats_median(logs, n);
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) {
        draws[d] = middle;
        if (n < 2) continue;
        for (size_t i = 0; i < n; i++)
            drawn[i] = logs[attn_random_index(seed, stream, d * n + i, (uint32_t)n)];
        draws[d] += widening(n) * (small_median(drawn, n) - middle);
    }
    free(logs), free(drawn);
    return middle;
}

void resample_interval(const double *draws, double interval[2]) {
    interval[0] = stats_quantile(draws, RESAMPLE_DRAWS, 0.025);
    interval[1] = stats_quantile(draws, RESAMPLE_DRAWS, 0.975);
}
