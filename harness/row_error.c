/* row_error.c -- how far a row is from softmax. */
#include "row_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "row.h"
#include "stats.h"

static double own_error(const struct doc *row) {
    return row_is_ok(row) ? doc_num(row, "accuracy.softmax.rel_fro", (double)NAN) : (double)NAN;
}

int row_error_is_from_softmax(const struct doc *row) {
    return !strcmp(doc_str(row, "accuracy.target", "softmax"), "softmax");
}

/* skill is 1 - (error / error of the mean)^2. So near to 1 it is nothing but rounding. */
double row_error_mean_v(const struct doc *row) {
    const double least = 1e-9;
    double lack = 1 - doc_num(row, "accuracy.softmax.skill", (double)NAN);
    return lack > least ? own_error(row) / sqrt(lack) : (double)NAN;
}

struct row_error row_error(const struct doc *row) {
    double own = own_error(row), mean_v = row_error_mean_v(row);
    struct row_error e = {own, own, own, (double)NAN};
    size_t n;
    if (isnan(own)) return e;
    e.skill = doc_num(row, "accuracy.softmax.skill", (double)NAN);
    double *seeds = doc_numbers(doc_get(row, "accuracy.seeds.rel_fro"), &n);
    if (n) {
        e.value = stats_median(seeds, n);
        e.low = stats_quantile(seeds, n, 0.05);
        e.high = stats_quantile(seeds, n, 0.95);
        if (!isnan(mean_v)) e.skill = 1 - e.value * e.value / mean_v / mean_v;
    }
    free(seeds);
    return e;
}

const char *row_error_control(const struct doc *row) {
    struct row_error e = row_error(row);
    if (e.skill <= 0) return "mean_v";
    return e.value >= 1 ? "zero" : NULL;
}
