/*
 * fit_memory.c -- the exponent of memory, state and scratch.
 *
 * Sizes are exact, so that differences tell what a fixed part would hide: of a + b n^p the difference over
 * one doubling is 2^p times that over the doubling before. The three greatest lengths decide.
 */
#include <math.h>

#include "fit_parts.h"

static const double tolerance = 0.02, steepest = 8;

/* The p of a + b n^p through three sizes; NaN where they do not grow in such a way. By halving, as lengths
   need not double: the ratio of the differences rises with p. */
static double exponent_of(const double n[3], const double bytes[3]) {
    double first = bytes[1] - bytes[0], second = bytes[2] - bytes[1], low = -steepest, high = steepest;
    if (first == 0 && second == 0) return 0;
    if (!(first > 0 && second > 0)) return (double)NAN;
    for (int i = 0; i < 60; i++) {
        double p = 0.5 * (low + high), x = log(n[1] / n[0]), y = log(n[2] / n[1]);
        double ratio = fabs(p) < 1e-9 ? y / x : exp(p * x) * expm1(p * y) / expm1(p * x);
        if (ratio < second / first) low = p;
        else high = p;
    }
    return 0.5 * (low + high);
}

static double last_exponent(const struct fit_curve *c, size_t *lengths) {
    double n[3], bytes[3];
    *lengths = 0;
    for (size_t i = c->count; i-- > 0 && c->points[i].n >= FIT_FROM;) {
        if (isnan(fit_memory_bytes(c->points[i].row))) continue;
        if (*lengths < 3) {
            n[2 - *lengths] = c->points[i].n;
            bytes[2 - *lengths] = fit_memory_bytes(c->points[i].row);
        }
        ++*lengths;
    }
    return *lengths < FIT_FEWEST ? (double)NAN : exponent_of(n, bytes);
}

struct doc *fit_memory(const struct fit_curve *c) {
    struct doc *memory = doc_object();
    double declared =
        fit_follows_n(c) ? (double)NAN : doc_num(fit_curve_row(c), "growth.memory", (double)NAN);
    size_t lengths;
    double exponent = last_exponent(c, &lengths);
    const double interval[2] = {exponent, exponent};
    doc_put_num(memory, "declared", declared);
    doc_put_num(memory, "exponent", exponent);
    doc_put_str(memory, "verdict",
                lengths < FIT_FEWEST ? "too few lengths"
                : isnan(declared)    ? "not declared"
                : isnan(exponent)    ? "undecided"
                                     : fit_verdict(interval, declared, tolerance));
    return memory;
}
