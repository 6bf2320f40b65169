/* paired.c -- two variants of one run, process by process. */
#include "paired.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "text.h"

enum { POOL_MIN = 3 };
/* A median of variances is worth that share of their mean; a point is wild beyond that chance. */
static const double POOL_WORTH = 0.3, WILD = 0.01, NORMAL_MAD = 1.4826, LEVEL = 0.05;

/* ---- ratios ------------------------------------------------------------------------------------ */

static int is_beside(const struct doc *row, const struct doc *other) {
    const char *label = doc_str(other, "label", NULL);
    return label && !strcmp(doc_str(row, "time.beside.label", ""), label);
}

/* Those of `row` over its neighbour, to the power of `sign`. */
static double *beside(const struct doc *row, double sign, size_t *n) {
    size_t all, kept = 0;
    double *x = doc_numbers(doc_get(row, "time.beside.process_ratios"), &all);
    for (size_t i = 0; i < all; i++)
        if (x[i] > 0 && isfinite(x[i])) x[kept++] = pow(x[i], sign);
    *n = kept;
    return x;
}

double *paired_ratios(const struct doc *a, const struct doc *b, size_t *n) {
    size_t na, nb, kept = 0;
    if (is_beside(b, a)) return beside(b, 1, n);
    if (is_beside(a, b)) return beside(a, -1, n);
    double *x = doc_numbers(doc_get(a, "time.process_medians_ns"), &na);
    double *y = doc_numbers(doc_get(b, "time.process_medians_ns"), &nb);
    for (size_t i = 0; i < na && i < nb; i++)
        if (x[i] > 0 && y[i] > 0 && isfinite(x[i]) && isfinite(y[i])) x[kept++] = y[i] / x[i];
    free(y);
    *n = kept;
    return x;
}

struct paired paired_point(const double *ratios, size_t n, size_t group, double least) {
    double *logs = xmalloc((n + 1) * sizeof *logs);
    for (size_t i = 0; i < n; i++) logs[i] = log(ratios[i]);
    struct paired p = {.ratio = inference_middle(logs, n), .group = group, .least = least};
    free(logs);
    return p;
}

/* ---- the pool ---------------------------------------------------------------------------------- */

struct pool {
    double variance;     /* the common one of a process; 0: none */
    double prior, known; /* degrees of freedom that it may count for, that are behind it */
};

static double own_df(const struct paired *p) { return p->ratio.kept ? (double)p->ratio.kept - 1 : 0; }
static double own_variance(const struct paired *p) { return p->ratio.squares / own_df(p); }
static double scaled(const struct paired *p) { return own_variance(p) / inference_chi_median(own_df(p)); }

/* Half of the variance of two ratios over one variant is common to them, so that their variances agree by a
   quarter: as many points of a group know as much as so many that have nothing in common. */
static double known(const struct paired *p, size_t n) {
    double all = 0;
    size_t groups = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i].group >= groups) groups = p[i].group + 1;
    double *df = xmalloc((groups + 1) * sizeof *df), *points = xmalloc((groups + 1) * sizeof *points);
    for (size_t g = 0; g < groups; g++) df[g] = points[g] = 0;
    for (size_t i = 0; i < n; i++)
        if (own_df(&p[i]) > 0) df[p[i].group] += own_df(&p[i]), points[p[i].group]++;
    for (size_t g = 0; g < groups; g++)
        if (points[g] > 0) all += df[g] / (1 + (points[g] - 1) / 4);
    free(df), free(points);
    return all;
}

static struct pool pool_of(const struct paired *p, size_t n) {
    struct pool z = {0};
    double *x = xmalloc((n + 1) * sizeof *x), chance = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (own_df(&p[i]) > 0 && own_variance(&p[i]) > 0) x[m++] = scaled(&p[i]);
    if (m >= POOL_MIN) {
        z.variance = stats_median(x, m);
        z.known = known(p, n);
        m = 0;
        for (size_t i = 0; i < n; i++) {
            if (!(own_df(&p[i]) > 0) || !(own_variance(&p[i]) > 0)) continue;
            chance += inference_trigamma(own_df(&p[i]) / 2);
            x[m++] = log(scaled(&p[i]) / z.variance);
        }
        double mad = NORMAL_MAD * stats_mad(x, m), excess = mad * mad - chance / (double)m;
        z.prior = excess > 0 ? 2 * inference_trigamma_inverse(excess) : (double)INFINITY;
        z.prior = fmin(z.prior, POOL_WORTH * z.known);
    }
    free(x);
    return z;
}

/* The variance of a process for this point, and its degrees of freedom. */
static double variance(const struct pool *z, const struct paired *p, double *df) {
    double own = own_variance(p);
    *df = own_df(p);
    if (!(z->variance > 0) || !(z->prior > 0)) return own;
    if (inference_f_tail(own / z->variance, *df, z->prior) < WILD) return own;
    double weight = z->prior / (z->prior + *df);
    *df = fmax(*df, fmin(*df + z->prior, z->known));
    return weight * z->variance + (1 - weight) * own;
}

/* ---- the test ---------------------------------------------------------------------------------- */

static void test(struct paired *p, const struct pool *z) {
    double beyond = fabs(p->ratio.at) - p->least;
    p->p = 1;
    if (!(own_df(p) > 0)) return;
    p->error = sqrt(variance(z, p, &p->df) / (double)p->ratio.kept);
    if (beyond > 0) p->p = p->error > 0 ? inference_t_tail(beyond / p->error, p->df) : 0;
}

void paired_test(struct paired *p, size_t n) {
    struct pool z = pool_of(p, n);
    double *holm = xmalloc((n + 1) * sizeof *holm);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        test(&p[i], &z);
        p[i].holm = 1;
        if (p[i].df > 0) holm[m++] = p[i].p;
    }
    inference_holm(holm, m);
    m = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i].df > 0) p[i].holm = holm[m++];
    free(holm);
}

double paired_reach(const struct paired *p) {
    return p->df > 0 ? inference_t_critical(LEVEL, p->df) * p->error : (double)INFINITY;
}
