/*
 * inference.h -- tests of small samples: are two runs different, and is the answer more than chance?
 *
 * A sample is summed up by its trimmed mean: a fifth of the values is left out at each end, one of six. Its
 * variance comes from the winsorised sample (Yuen 1974), so that one wild process of six moves neither.
 */
#ifndef INFERENCE_H
#define INFERENCE_H

#include <stddef.h>

struct middle {
    double at;      /* the trimmed mean */
    double squares; /* sum of squared deviations of the winsorised sample: squares / (kept - 1) / kept is the
                       variance of `at` */
    size_t kept;
};
struct middle inference_middle(const double *x, size_t n);

double inference_t_tail(double t, double df);         /* chance of |T| > |t| */
double inference_t_critical(double alpha, double df); /* the t whose tail is alpha */
double inference_f_tail(double f, double df1, double df2);
double inference_chi_median(double df); /* the median of chi^2 over its degrees of freedom */
double inference_trigamma(double x);    /* x > 0 */
double inference_trigamma_inverse(double y);

/* Adjusts p[0 .. n) in place so that all of them may be held against one level (Holm 1979). */
void inference_holm(double *p, size_t n);

/* Chance, both sides, of ranks as far apart as those of a and b (Mann and Whitney 1947): exact, with ties by
   the normal approximation. */
double inference_mann_whitney(const double *a, size_t na, const double *b, size_t nb);

/* The least that it can be: samples that do not overlap. */
double inference_mann_whitney_least(size_t na, size_t nb);

#endif
