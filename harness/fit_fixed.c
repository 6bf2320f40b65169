/*
 * fit_fixed.c -- the part of a call's time that does not shrink with n.
 *
 * a + b n^p with the declared p is fitted to the shortest lengths by least squares of relative errors, so that each
 * length counts alike; a is the answer. As with the slope, its interval is the wider of bootstrap and scatter, and
 * where that reaches down to nothing the answer is that it cannot be told.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "line.h"
#include "text.h"

enum { SHORTEST = 4 };

struct fixed {
    double ns, scatter; /* half the width of its interval */
};

/* Least squares of a u + b v = 1, where u = 1 / t and v = n^p / t. */
static struct fixed solve(const double *power, const double *ns, size_t n) {
    double uu = 0, uv = 0, vv = 0, us = 0, vs = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double u = 1 / ns[i], v = power[i] / ns[i];
        uu += u * u, uv += u * v, vv += v * v, us += u, vs += v;
    }
    double det = uu * vv - uv * uv, a = (us * vv - vs * uv) / det, b = (vs * uu - us * uv) / det;
    for (size_t i = 0; i < n; i++) {
        double off = (a + b * power[i]) / ns[i] - 1;
        squares += off * off;
    }
    return (struct fixed){a, line_student(n - 2) * sqrt(squares / (double)(n - 2) * vv / det)};
}

static double fixed_interval(const struct fit_point *points, size_t n, double p, double interval[2]) {
    double power[SHORTEST], ns[SHORTEST], draws[RESAMPLE_DRAWS];
    for (size_t i = 0; i < n; i++)
        power[i] = pow(points[i].n / points[0].n, p), ns[i] = exp(points[i].log_ns);
    struct fixed f = solve(power, ns, n);
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) {
        for (size_t i = 0; i < n; i++) ns[i] = exp(points[i].draws[d]);
        draws[d] = solve(power, ns, n).ns;
    }
    resample_interval(draws, interval);
    interval[0] = fmin(interval[0], f.ns - f.scatter);
    interval[1] = fmax(interval[1], f.ns + f.scatter);
    return f.ns;
}

static void cannot(struct doc *growth, const char *why) {
    char *words = format("cannot be told: %s", why);
    doc_put_str(growth, "fixed_ns", NULL);
    doc_put_str(growth, "fixed_words", words);
    free(words);
}

void fit_fixed(struct doc *growth, const struct fit_curve *c) {
    double declared = doc_num(growth, "time.declared", (double)NAN), interval[2];
    size_t n = c->count < SHORTEST ? c->count : SHORTEST;
    if (isnan(declared)) cannot(growth, "no exponent is declared");
    else if (declared == 0) cannot(growth, "all of the time is declared not to grow");
    else if (n < FIT_FEWEST) cannot(growth, "too few lengths");
    else if (!strcmp(doc_str(growth, "time.verdict", ""), "contradicted"))
        cannot(growth, "time does not grow as declared");
    else {
        double ns = fixed_interval(c->points, n, declared, interval);
        doc_put(growth, "fixed_interval_ns", fit_pair(interval[0], interval[1]));
        if (!(interval[0] > 0)) {
            cannot(growth, "the noise covers it");
            return;
        }
        char *words = format("%s (%s to %s)", show_seconds(ns * 1e-9), show_seconds(interval[0] * 1e-9),
                             show_seconds(interval[1] * 1e-9));
        doc_put_num(growth, "fixed_ns", ns);
        doc_put_str(growth, "fixed_words", words);
        free(words);
    }
}
