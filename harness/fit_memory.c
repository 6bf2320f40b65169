/*
 * fit_memory.c -- the exponent of memory, state and scratch.
 *
 * Sizes are exact, so that differences tell what a fixed part would hide: of a + b n^p the difference over
 * one doubling is 2^p times that over the doubling before. The three greatest lengths decide.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "text.h"

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

struct sizes { /* of the lengths from FIT_FROM on, ascending */
    size_t count;
    double *n, *bytes;
};

static struct sizes sizes_of(const struct fit_curve *c) {
    struct sizes s = {0, xmalloc((c->count + 1) * sizeof *s.n), xmalloc((c->count + 1) * sizeof *s.bytes)};
    for (size_t i = 0; i < c->count; i++) {
        double bytes = fit_memory_bytes(c->points[i].row);
        if (c->points[i].n < FIT_FROM || isnan(bytes)) continue;
        s.n[s.count] = c->points[i].n;
        s.bytes[s.count++] = bytes;
    }
    return s;
}

static int grows_as(const struct sizes *s, size_t from, double declared) {
    return fabs(exponent_of(s->n + from, s->bytes + from) - declared) <= tolerance;
}

/* The gap between two lengths that is all that is not as declared: any three in a row on one side of it are. The caller
   frees the words; NULL: there is no such gap. */
static char *step_words(const struct sizes *s, double declared) {
    for (size_t gap = 0; gap + 1 < s->count; gap++) {
        size_t good = 0, bad = 0;
        for (size_t i = 0; i + 2 < s->count; i++) {
            if (gap == i || gap == i + 1) continue;
            if (grows_as(s, i, declared)) good++;
            else bad++;
        }
        if (good && !bad)
            return format("as declared but for a step between n = %.0f and n = %.0f", s->n[gap],
                          s->n[gap + 1]);
    }
    return NULL;
}

struct doc *fit_memory(const struct fit_curve *c) {
    struct doc *memory = doc_object();
    struct sizes s = sizes_of(c);
    double declared =
               fit_follows_n(c) ? (double)NAN : doc_num(fit_curve_row(c), "growth.memory", (double)NAN),
           exponent =
               s.count < FIT_FEWEST ? (double)NAN : exponent_of(s.n + s.count - 3, s.bytes + s.count - 3);
    const double interval[2] = {exponent, exponent};
    const char *verdict = s.count < FIT_FEWEST ? "too few lengths"
                          : isnan(declared)    ? "not declared"
                          : isnan(exponent)    ? "undecided"
                                               : fit_verdict(interval, declared, tolerance);
    doc_put_num(memory, "declared", declared);
    doc_put_num(memory, "exponent", exponent);
    doc_put_str(memory, "verdict", verdict);
    char *why = strcmp(verdict, "confirmed") ? step_words(&s, declared) : NULL;
    if (why) doc_put_str(memory, "why", why);
    free(why), free(s.n), free(s.bytes);
    return memory;
}
