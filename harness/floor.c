/* floor.c -- how far a variant is from itself. */
#include "floor.h"

#include <math.h>
#include <stdlib.h>

#include "idset.h"
#include "noise.h"
#include "stats.h"
#include "text.h"

static const double QUANTILE = 0.95;

double floor_of_group(const struct doc *row) {
    size_t n;
    double *ratios = noise_positive(doc_get(row, "time.aa.process_ratios"), &n);
    double far = n ? fabs(log(stats_median(ratios, n))) : 0;
    free(ratios);
    return far;
}

static int is_measured(const struct doc *row) {
    size_t n;
    free(noise_positive(doc_get(row, "time.aa.process_ratios"), &n));
    return n > 0;
}

/* Adds that of every group of the run, once. */
static size_t add_groups(const struct doc *rows, double *far, size_t n) {
    struct idset seen = {0};
    for (size_t r = 0; r < doc_len(rows); r++) {
        const struct doc *row = doc_at(rows, r);
        char *group = noise_group(row);
        if (is_measured(row) && idset_add(&seen, group)) far[n++] = floor_of_group(row);
        free(group);
    }
    idset_free(&seen);
    return n;
}

struct floor floor_of_runs(const struct doc *const *runs, size_t n) {
    size_t rows = 0, groups = 0;
    for (size_t i = 0; i < n; i++) rows += doc_len(runs[i]);
    double *far = xmalloc((rows + 1) * sizeof *far);
    for (size_t i = 0; i < n; i++) groups = add_groups(runs[i], far, groups);
    struct floor f = {groups, groups ? stats_quantile(far, groups, QUANTILE) : 0};
    free(far);
    return f;
}
