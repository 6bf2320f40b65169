/*
 * fit_fixed.c -- the part of a call's time that does not shrink with n.
 *
 * a + b n^p with the declared p is fitted to the shortest lengths by least squares of relative errors, so
 * that each length counts alike; a is the answer. As with the slope, its interval is the wider of bootstrap
 * and scatter, and where that reaches down to nothing the answer is what it stays below. So it is where a part
 * that grows with the square root of n^p, in place of the fixed one, fits better: then it is no fixed cost that
 * shows, and what grows beside one leaves it the less. Nor is it more than the shortest call takes.
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
    double squares;     /* of relative errors */
};

/* Least squares of a u + b v = 1, where u = slow / t and v = fast / t. */
static struct fixed solve(const double *slow, const double *fast, const double *ns, size_t n) {
    double uu = 0, uv = 0, vv = 0, us = 0, vs = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double u = slow[i] / ns[i], v = fast[i] / ns[i];
        uu += u * u, uv += u * v, vv += v * v, us += u, vs += v;
    }
    double det = uu * vv - uv * uv, a = (us * vv - vs * uv) / det, b = (vs * uu - us * uv) / det;
    for (size_t i = 0; i < n; i++) {
        double off = (a * slow[i] + b * fast[i]) / ns[i] - 1;
        squares += off * off;
    }
    return (struct fixed){a, line_student(n - 2) * sqrt(squares / (double)(n - 2) * vv / det), squares};
}

/* The fixed part and its interval. -1 where one that grows fits better. */
static int fixed_of(const struct fit_point *points, size_t n, double p, struct fixed *f, double interval[2]) {
    double one[SHORTEST], root[SHORTEST], power[SHORTEST], ns[SHORTEST], draws[RESAMPLE_DRAWS];
    for (size_t i = 0; i < n; i++) {
        one[i] = 1;
        power[i] = pow(points[i].n / points[0].n, p);
        root[i] = sqrt(power[i]);
        ns[i] = exp(points[i].log_ns);
    }
    *f = solve(one, power, ns, n);
    int grows = solve(root, power, ns, n).squares < f->squares;
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) {
        for (size_t i = 0; i < n; i++) ns[i] = exp(points[i].draws[d]);
        draws[d] = solve(one, power, ns, n).ns;
    }
    resample_interval(draws, interval);
    interval[0] = fmin(interval[0], f->ns - f->scatter);
    interval[1] = fmax(interval[1], f->ns + f->scatter);
    return grows ? -1 : 0;
}

static void cannot(struct doc *growth, const char *why) {
    char *words = format("cannot be told: %s", why);
    doc_put_str(growth, "fixed_ns", NULL);
    doc_put_str(growth, "fixed_words", words);
    free(words);
}

/* The most that it can be. */
static void tell_bound(struct doc *growth, const struct fit_point *shortest, double high, const char *why) {
    double whole[2];
    resample_interval(shortest->draws, whole);
    high = fmin(high, exp(whole[1]));
    if (!(high > 0)) {
        cannot(growth, "short lengths grow faster");
        return;
    }
    char *words = format("below %s: %s", show_seconds(high * 1e-9), why);
    doc_put_str(growth, "fixed_ns", NULL);
    doc_put_num(growth, "fixed_below_ns", high);
    doc_put_str(growth, "fixed_words", words);
    free(words);
}

static void tell(struct doc *growth, double ns, const double interval[2]) {
    char *words = format("%s (%s to %s)", show_seconds(ns * 1e-9), show_seconds(interval[0] * 1e-9),
                         show_seconds(interval[1] * 1e-9));
    doc_put_num(growth, "fixed_ns", ns);
    doc_put_str(growth, "fixed_words", words);
    free(words);
}

void fit_fixed(struct doc *growth, const struct fit_curve *c) {
    double declared = doc_num(growth, "time.declared", (double)NAN), interval[2];
    size_t n = c->count < SHORTEST ? c->count : SHORTEST;
    if (isnan(declared)) cannot(growth, "no exponent is declared");
    else if (declared == 0) cannot(growth, "its declared time is all fixed");
    else if (n < FIT_FEWEST) cannot(growth, "too few lengths");
    else if (!strcmp(doc_str(growth, "time.verdict", ""), "contradicted"))
        cannot(growth, "time does not grow as declared");
    else {
        struct fixed f;
        int grows = fixed_of(c->points, n, declared, &f, interval);
        doc_put(growth, "fixed_interval_ns", doc_pair(interval[0], interval[1]));
        if (!(interval[0] > 0)) tell_bound(growth, c->points, interval[1], "the noise covers it");
        else if (grows) tell_bound(growth, c->points, interval[1], "a part that grows fits better");
        else tell(growth, f.ns, interval);
    }
}
