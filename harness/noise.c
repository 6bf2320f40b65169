/* noise.c -- how far two runs of the same code stray from each other. */
#include "noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "idset.h"
#include "pairing.h"
#include "stats.h"
#include "text.h"

enum {
    LABELS_MIN = 3,
    GROUPS_MIN = 3,
    GROUP_POINTS_MIN = 3,
    POOL_MIN = 3,
    CONTROLS_MIN = 3,
    JUDGED_GROUP_MIN = 5
};
/* A median of variances is worth that share of their mean, where there is nothing wild among them. */
static const double POOL_WORTH = 0.3;
static const double WILD = 0.01, NORMAL_MAD = 1.4826;

double noise_log_ratio(const struct noise_point *p) { return p->b.at - p->a.at; }

/* ---- the pool ---------------------------------------------------------------------------------- */

static double own_df(const struct noise_point *p) { return (double)(p->rest_a.kept + p->rest_b.kept) - 2; }

/* The variance of a process by this point alone. */
static double own_variance(const struct noise_point *p) {
    return (p->rest_a.squares + p->rest_b.squares) / own_df(p);
}

/* Do the points belong to one pool? Paired ones to that of their group, all others to one of their own. */
static int pooled_together(const struct noise_point *p, const struct noise_point *q) {
    return p->paired ? p->group == q->group : !q->paired;
}

/* Unpaired points of a group saw the same processes, so all of them know no more than the one that knows most. */
static double most_df(const struct noise_point *p, size_t n, size_t group) {
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i].group == group) most = fmax(most, own_df(&p[i]));
    return most;
}

/* Fills in the pool of the group that `of` is in; `scaled` has room for n numbers. */
static void pool_one(struct noise *z, const struct noise_point *p, size_t n, const struct noise_point *of,
                     double *scaled) {
    size_t m = 0, last = (size_t)-1;
    double df = 0;
    for (size_t i = 0; i < n; i++) {
        if (!pooled_together(of, &p[i]) || !(own_df(&p[i]) > 0)) continue;
        scaled[m++] = own_variance(&p[i]) / inference_chi_median(own_df(&p[i]));
        if (of->paired) df += own_df(&p[i]);
        else if (p[i].group != last) df += most_df(p, n, last = p[i].group);
    }
    z->pooled[of->group] = m >= POOL_MIN ? stats_median(scaled, m) : 0;
    z->df_max[of->group] = df;
}

/* Do variances differ from their common value by chance alone, or by more? */
static double agreement(const struct noise *z, const struct noise_point *p, size_t n, double *logs) {
    double chance = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(own_df(&p[i]) > 0) || !(own_variance(&p[i]) > 0) || !(z->pooled[p[i].group] > 0)) continue;
        chance += inference_trigamma(own_df(&p[i]) / 2);
        logs[m++] = log(own_variance(&p[i]) / inference_chi_median(own_df(&p[i])) / z->pooled[p[i].group]);
    }
    if (m == 0) return 0;
    double mad = NORMAL_MAD * stats_mad(logs, m), excess = mad * mad - chance / (double)m;
    return excess > 0 ? 2 * inference_trigamma_inverse(excess) : (double)INFINITY;
}

static void pool(struct noise *z, const struct noise_point *p, size_t n) {
    double *room = xmalloc((n + 1) * sizeof *room);
    size_t done = 0; /* groups are numbered as they are met */
    for (size_t i = 0; i < n; i++)
        if (p[i].group == done) {
            pool_one(z, p, n, &p[i], room);
            done++;
        }
    z->prior = agreement(z, p, n, room);
    free(room);
}

/* The variance of a process for this point, and its degrees of freedom. */
static double process_variance(const struct noise *z, const struct noise_point *p, double *df) {
    double own = own_df(p) > 0 ? own_variance(p) : 0, pooled = z->pooled[p->group],
           known = z->df_max[p->group];
    double prior = fmin(z->prior, POOL_WORTH * known);
    *df = own_df(p);
    if (!(pooled > 0) || !(prior > 0)) return own;
    if (*df > 0 && inference_f_tail(own / pooled, *df, prior) < WILD) return own;
    double weight = prior / (prior + *df);
    *df = fmax(*df, fmin(*df + prior, known));
    return weight * pooled + (1 - weight) * own;
}

/* The sum of two variances, with the degrees of freedom of Satterthwaite. */
static double add(double x, double *df, double y, double df_y) {
    double sum = x + y;
    if (*df > 0 && y > 0 && df_y > 0) *df = sum * sum / (x * x / *df + y * y / df_y);
    return sum;
}

double noise_variance(const struct noise *z, const struct noise_point *p, double *df) {
    double processes = process_variance(z, p, df) * (1 / (double)p->rest_a.kept + 1 / (double)p->rest_b.kept);
    /* beside a group, what its processes did to all of it does not matter; else it does */
    if (p->paired)
        return z->shift == z->credited ? processes : add(processes, df, p->together, p->together_df);
    return z->has_spread ? add(processes, df, z->spread * z->spread, (double)z->spread_groups - 1)
                         : processes;
}

double noise_variance_measured(const struct noise *z, const struct noise_point *p, double *df) {
    double rest = noise_variance(z, p, df);
    return p->paired && z->shift == z->credited ? add(rest, df, p->together, p->together_df) : rest;
}

/* ---- shift and spread -------------------------------------------------------------------------- */

static size_t count_labels(const struct noise_point *p, size_t n) {
    struct idset seen = {0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += idset_add(&seen, p[i].label) ? 1 : 0;
    idset_free(&seen);
    return count;
}

/* How far log ratios scatter around their median because the median of a few is none of many. */
static double median_error(const double *d, size_t n) {
    return 1.2533 * NORMAL_MAD * stats_mad(d, n) / sqrt((double)n);
}

/* What scatter within the groups explains is taken off; processes are shared in a group, which only makes the
   spread an overestimate. */
static void spread(struct noise *z, const struct noise_point *p, size_t n) {
    double *middles = xmalloc((z->groups + 1) * sizeof *middles), *d = xmalloc((n + 1) * sizeof *d);
    double *errors = xmalloc((z->groups + 1) * sizeof *errors);
    size_t found = 0;
    for (size_t g = 0; g < z->groups; g++) {
        size_t m = 0;
        for (size_t i = 0; i < n; i++)
            if (p[i].group == g) d[m++] = noise_log_ratio(&p[i]);
        if (m < GROUP_POINTS_MIN) continue;
        errors[found] = median_error(d, m);
        middles[found] = stats_median(d, m);
        found++;
    }
    if (found >= GROUPS_MIN) {
        double mad = NORMAL_MAD * stats_mad(middles, found), chance = stats_median(errors, found);
        z->has_spread = 1;
        z->spread_groups = found;
        z->spread = sqrt(fmax(0, mad * mad - chance * chance));
    }
    free(middles), free(errors), free(d);
}

/* The part of the shift that goes to the machine. */
static double credit(const struct noise *z, double bar) {
    double sign = copysign(1, z->shift), moved = 0;
    if (fabs(z->shift) <= bar) return z->shift;
    if (z->has_peak) moved = fmax(moved, sign * z->peak);
    if (z->has_controls) moved = fmax(moved, sign * z->controls);
    return sign * fmin(moved, fabs(z->shift));
}

static void witnesses(struct noise *z, const struct noise_point *p, size_t n) {
    double *peaks = xmalloc((n + 1) * sizeof *peaks), *controls = xmalloc((n + 1) * sizeof *controls);
    size_t np = 0, nc = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(p[i].peak)) peaks[np++] = p[i].peak;
        if (p[i].control) controls[nc++] = noise_log_ratio(&p[i]);
    }
    z->has_peak = np > 0;
    z->has_controls = nc >= CONTROLS_MIN && nc < n;
    if (z->has_peak) z->peak = stats_median(peaks, np);
    if (z->has_controls) z->controls = stats_median(controls, nc);
    free(peaks), free(controls);
}

static double rest_ratio(const struct noise_point *p) { return p->rest_b.at - p->rest_a.at; }

static void group_shifts(struct noise *z, const struct noise_point *p, size_t n) {
    double *d = xmalloc((n + 1) * sizeof *d);
    for (size_t g = 0; g < z->groups; g++) {
        size_t m = 0;
        for (size_t i = 0; i < n; i++)
            if (p[i].group == g && p[i].paired) d[m++] = rest_ratio(&p[i]);
        if (m) z->group_shift[g] = stats_median(d, m) - z->shift;
    }
    free(d);
}

static void shift(struct noise *z, const struct noise_point *p, size_t n, double bar) {
    double *d = xmalloc((n + 1) * sizeof *d);
    for (size_t i = 0; i < n; i++) d[i] = noise_log_ratio(&p[i]);
    z->labels = count_labels(p, n);
    z->has_shift = z->labels >= LABELS_MIN;
    witnesses(z, p, n);
    if (z->has_shift) {
        z->shift = stats_median(d, n);
        z->credited = credit(z, bar);
        spread(z, p, n);
        group_shifts(z, p, n);
    }
    free(d);
}

static double *numbers(size_t n, double value) {
    double *x = xmalloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = value;
    return x;
}

void noise_estimate(struct noise *z, struct noise_point *p, size_t n, double bar) {
    *z = (struct noise){0};
    for (size_t i = 0; i < n; i++)
        if (p[i].group >= z->groups) z->groups = p[i].group + 1;
    z->group_shift = numbers(z->groups, (double)NAN);
    z->pooled = numbers(z->groups, 0);
    z->df_max = numbers(z->groups, 0);
    pairing_make(p, n, z->groups);
    pool(z, p, n);
    shift(z, p, n, bar);
}

void noise_free(struct noise *z) { free(z->group_shift), free(z->pooled), free(z->df_max); }

double noise_bar(const struct noise *z, const struct noise_point *p) {
    double group = z->group_shift[p->group], bar = fmax(z->floor, fabs(z->credited));
    return isnan(group) ? bar : fmax(bar, fabs(group));
}

static double nearer(double x, double y) {
    if (x * y <= 0) return 0;
    return fabs(x) < fabs(y) ? x : y;
}

double noise_effect(const struct noise *z, const struct noise_point *p, double *far) {
    double d = noise_log_ratio(p), beside = d - z->credited, group = z->group_shift[p->group];
    double effect = nearer(d, beside);
    *far = fabs(d) > fabs(beside) ? d : beside;
    if (isnan(group)) return effect;
    beside = rest_ratio(p) - z->credited - group;
    if (fabs(beside) > fabs(*far)) *far = beside;
    return nearer(effect, beside);
}

/* ---- the floor --------------------------------------------------------------------------------- */

double *noise_positive(const struct doc *array, size_t *n) {
    size_t all, kept = 0;
    double *x = doc_numbers(array, &all);
    for (size_t i = 0; i < all; i++)
        if (isfinite(x[i]) && x[i] > 0) x[kept++] = x[i];
    *n = kept;
    return x;
}

char *noise_group(const struct doc *row) {
    static const char *const parts[] = {"shape", "mask",   "logits", "input_label",     "threads",
                                        "seed",  "plugin", "cache",  "positions_label", "layer"};
    struct text t = {0};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *part = doc_get(row, parts[i]) ? doc_text(doc_get(row, parts[i]), 0) : xstrdup("");
        text_add(&t, "%s/", part);
        free(part);
    }
    return t.s;
}

void noise_add_floor(struct noise *z, const struct doc *rows_a, const struct doc *rows_b) {
    const struct doc *runs[] = {rows_a, rows_b};
    struct floor f = floor_of_runs(runs, 2);
    z->has_floor = f.groups > 0;
    z->floor_groups = f.groups;
    z->floor = f.log;
}
