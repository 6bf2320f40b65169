/* inference.c -- tests of small samples. */
#include "inference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "text.h"

struct middle inference_middle(const double *x, size_t n) {
    size_t cut = n / 5, kept = n - 2 * cut;
    struct middle m = {(double)NAN, 0, kept};
    double sum = 0, mean = 0;
    if (n == 0) return m;
    double *y = memcpy(xmalloc(n * sizeof *y), x, n * sizeof *y);
    stats_sort(y, n);
    for (size_t i = 0; i < cut; i++) y[i] = y[cut], y[n - 1 - i] = y[n - 1 - cut];
    for (size_t i = 0; i < n; i++) mean += y[i] / (double)n;
    for (size_t i = 0; i < n; i++) m.squares += (y[i] - mean) * (y[i] - mean);
    for (size_t i = cut; i < n - cut; i++) sum += y[i];
    m.at = sum / (double)kept;
    free(y);
    return m;
}

/* ---- distributions ----------------------------------------------------------------------------- */

/* The continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), f;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    f = d;
    for (int m = 1; m < 1000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        for (int step = 0; step < 2; step++) {
            double factor = step ? odd : even;
            d = 1 + factor * d;
            c = 1 + factor / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            if (fabs(c) < tiny) c = tiny;
            f *= c * d;
        }
        if (fabs(c * d - 1) < 1e-14) break;
    }
    return f;
}

/* The regularised incomplete beta function I_x(a, b). */
static double beta(double a, double b, double x) {
    if (!(x > 0)) return 0;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* From here on t is as good as normal, and the fraction above slow. */
static const double MANY = 1e4;

double inference_t_tail(double t, double df) {
    if (!(df > 0) || isnan(t)) return 1;
    if (isinf(t)) return 0;
    return df > MANY ? erfc(fabs(t) / sqrt(2)) : beta(df / 2, 0.5, df / (df + t * t));
}

double inference_t_critical(double alpha, double df) {
    double low = 0, high = 1;
    if (!(df > 0)) return (double)INFINITY;
    while (inference_t_tail(high, df) > alpha && high < 1e12) high *= 2;
    for (int i = 0; i < 60; i++) {
        double half = (low + high) / 2;
        if (inference_t_tail(half, df) > alpha) low = half;
        else high = half;
    }
    return high;
}

double inference_f_tail(double f, double df1, double df2) {
    if (df2 > MANY) df2 = MANY;
    return f > 0 ? beta(df2 / 2, df1 / 2, df2 / (df2 + df1 * f)) : 1;
}

/* Wilson and Hilferty 1931. */
double inference_chi_median(double df) { return pow(1 - 2 / (9 * df), 3); }

double inference_trigamma(double x) {
    double sum = 0;
    for (; x < 20; x++) sum += 1 / (x * x);
    return sum + 1 / x + 1 / (2 * x * x) + 1 / (6 * x * x * x);
}

double inference_trigamma_inverse(double y) {
    double low = 1e-6, high = 1e8;
    for (int i = 0; i < 200; i++) {
        double half = sqrt(low * high);
        if (inference_trigamma(half) > y) low = half;
        else high = half;
    }
    return high;
}

/* ---- Holm -------------------------------------------------------------------------------------- */

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->at > y->at) - (x->at < y->at);
}

void inference_holm(double *p, size_t n) {
    struct ranked *r = xmalloc((n + 1) * sizeof *r);
    double most = 0;
    for (size_t i = 0; i < n; i++) r[i] = (struct ranked){p[i], i};
    qsort(r, n, sizeof *r, by_p);
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fmin(1, r[i].p * (double)(n - i)));
        p[r[i].at] = most;
    }
    free(r);
}

/* ---- Mann-Whitney ------------------------------------------------------------------------------ */

/* Chance of U <= u for samples that come from one distribution: ways[k] counts the ways to get k. */
static double u_below(size_t na, size_t nb, size_t u) {
    size_t most = na * nb;
    double *ways = xmalloc((most + 1) * sizeof *ways), all = 0, below = 0;
    memset(ways, 0, (most + 1) * sizeof *ways);
    ways[0] = 1;
    for (size_t i = 1; i <= na; i++) { /* times (1 - q^(nb + i)) / (1 - q^i) */
        for (size_t k = most; k >= nb + i; k--) ways[k] -= ways[k - nb - i];
        for (size_t k = i; k <= most; k++) ways[k] += ways[k - i];
    }
    for (size_t k = 0; k <= most; k++) all += ways[k];
    for (size_t k = 0; k <= u && k <= most; k++) below += ways[k];
    free(ways);
    return below / all;
}

/* The variance of U where ties share their ranks. */
static double tied_variance(const double *a, size_t na, const double *b, size_t nb) {
    size_t n = na + nb;
    double *all = xmalloc(n * sizeof *all), ties = 0, m = (double)n;
    memcpy(all, a, na * sizeof *a);
    memcpy(all + na, b, nb * sizeof *b);
    stats_sort(all, n);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && all[j] == all[i]; j++) {}
        double t = (double)(j - i);
        ties += t * t * t - t;
    }
    free(all);
    return (double)na * (double)nb / 12 * (m + 1 - ties / (m * (m - 1)));
}

double inference_mann_whitney(const double *a, size_t na, const double *b, size_t nb) {
    enum { EXACT_MAX = 50 }; /* counts beyond 2^53 only lose digits; beyond this the normal is as good */
    double u = 0, mean = (double)na * (double)nb / 2;
    int ties = 0;
    if (na == 0 || nb == 0) return 1;
    for (size_t i = 0; i < na; i++)
        for (size_t j = 0; j < nb; j++) {
            u += a[i] > b[j] ? 1 : a[i] == b[j] ? 0.5 : 0;
            ties |= a[i] == b[j];
        }
    if (u > mean) u = 2 * mean - u;
    if (!ties && na <= EXACT_MAX && nb <= EXACT_MAX) return fmin(1, 2 * u_below(na, nb, (size_t)u));
    double variance = tied_variance(a, na, b, nb);
    return variance > 0 ? erfc(fmax(0, mean - u - 0.5) / sqrt(2 * variance)) : 1;
}

double inference_mann_whitney_least(size_t na, size_t nb) {
    double n = (double)(na + nb), m = (double)na;
    return fmin(1, 2 * exp(lgamma(m + 1) + lgamma(n - m + 1) - lgamma(n + 1)));
}
