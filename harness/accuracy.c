/* accuracy.c -- how far an output is from a definition in double. */
#include "accuracy.h"

#include <stdlib.h>

#include "stats.h"
#include "text.h"

static double cosine(const float *x, const double *y, size_t n) {
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        xx += (double)x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
    }
    if (xx == 0 && yy == 0) return 1;
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

struct distance accuracy_distance(const float *got, const double *want, size_t rows, size_t columns) {
    struct distance d = {0};
    double error = 0, size = 0, *cosines = xmalloc(rows * sizeof *cosines), sum = 0;
    for (size_t i = 0; i < rows * columns; i++) {
        double e = fabs(got[i] - want[i]);
        if (!isfinite(got[i]) && isfinite(want[i])) d.bad++;
        if (e > d.max_abs) d.max_abs = e, d.max_at = i;
        error += e * e;
        size += want[i] * want[i];
    }
    for (size_t r = 0; r < rows; r++)
        sum += cosines[r] = cosine(got + r * columns, want + r * columns, columns);
    d.nmse = error == 0 ? 0 : size > 0 ? error / size : (double)INFINITY;
    d.rel_fro = sqrt(d.nmse);
    d.cosine_mean = sum / (double)rows;
    d.cosine_p01 = stats_quantile(cosines, rows, 0.01);
    if (d.bad) d.max_abs = d.rel_fro = d.nmse = (double)INFINITY;
    free(cosines);
    return d;
}

double accuracy_skill(const float *got, const double *want, const double *mean, size_t n) {
    const double rounding = 1e-12; /* where the mean is the answer but for that, nothing is better or worse */
    double error = 0, baseline = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        error += (got[i] - want[i]) * (got[i] - want[i]);
        baseline += (mean[i] - want[i]) * (mean[i] - want[i]);
        size += want[i] * want[i];
    }
    return baseline > rounding * rounding * size ? 1 - error / baseline : error == 0 ? 1 : -(double)INFINITY;
}

static const double MOST = 1e-2; /* beyond it no answer would be wrong */

double accuracy_bound(enum attn_kind kind, double max_logit) {
    double unit = kind == ATTN_EXACT ? 2e-6 : 1e-5;
    if (kind == ATTN_CONTROL) return unit; /* controls know no logits */
    return fmin(unit * fmax(1, max_logit / 20), MOST);
}

double accuracy_bound_hard(enum attn_kind kind, double max_logit, double naive_error) {
    if (kind != ATTN_EXACT) return accuracy_bound(kind, max_logit);
    return fmin(fmax(accuracy_bound(kind, 0), 2 * naive_error), MOST);
}
