/*
 * fit_crossing.c -- from which length on a curve is faster than a baseline.
 *
 * At each length that both have, the logarithm of the ratio of their times and its interval: "faster",
 * "slower", or covered by the noise. Lengths that are clear decide what is said at all; between two clear
 * ones of opposite kind the ratio is interpolated, straight in logarithms, in every draw of the bootstrap.
 * Nothing is said beyond the lengths.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "text.h"

struct gap { /* between the two times at one length, in logarithms; below 0: faster */
    double log_n, value, *draws;
    int side; /* -1 faster, 1 slower, 0 the noise covers it */
};

/* Of a plugin, whose processes are its own, the ratios in which the baseline ran as well. */
static double *ratios_beside(const struct fit_point *p, const char *baseline, size_t *n) {
    if (strcmp(doc_str(p->row, "time.beside.label", ""), baseline)) return NULL;
    return doc_numbers(doc_get(p->row, "time.beside.process_ratios"), n);
}

static struct gap gap_between(const struct fit_point *p, const struct fit_point *base, const char *baseline) {
    struct gap g = {.log_n = log(p->n), .value = p->log_ns - base->log_ns};
    size_t n = p->processes < base->processes ? p->processes : base->processes;
    double interval[2], *beside = ratios_beside(p, baseline, &n);
    g.draws = xmalloc(RESAMPLE_DRAWS * sizeof *g.draws);
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) g.draws[d] = p->draws[d] - base->draws[d];
    if (beside && n) g.value = resample_log_median(beside, n, (uint64_t)p->n, g.draws);
    free(beside);
    resample_interval(g.draws, interval);
    if (n > 1) g.side = interval[1] < 0 ? -1 : interval[0] > 0 ? 1 : 0;
    return g;
}

static size_t gaps_between(const struct fit_curve *c, const struct fit_curve *base, struct gap *gaps) {
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct fit_point *at = fit_curve_at(base, c->points[i].n);
        if (at) gaps[n++] = gap_between(&c->points[i], at, base->label);
    }
    return n;
}

/* What the clear lengths say. */
struct sides {
    size_t first, last;  /* clear ones */
    size_t before, next; /* the clear ones on either side of the change */
    int clear, changes;
};

static struct sides sides_of(const struct gap *gaps, size_t n) {
    struct sides s = {0};
    for (size_t i = 0; i < n; i++) {
        if (!gaps[i].side) continue;
        if (!s.clear++) s.first = i;
        else if (gaps[i].side != gaps[s.last].side) s.changes++, s.before = s.last, s.next = i;
        s.last = i;
    }
    return s;
}

/* Where the line through the values changes sign between lengths `from` and `to`: the first and the last
   place. Of draw d; of the values themselves where d is negative. A draw that has the other sign at an end
   already ends there. */
static void places(const struct gap *gaps, size_t from, size_t to, int d, double place[2]) {
    int side = gaps[from].side, found = 0;
    place[0] = place[1] = gaps[side * (d < 0 ? 1.0 : gaps[from].draws[d]) < 0 ? from : to].log_n;
    for (size_t i = from; i < to; i++) {
        double y = d < 0 ? gaps[i].value : gaps[i].draws[d];
        double z = d < 0 ? gaps[i + 1].value : gaps[i + 1].draws[d];
        if ((y < 0) == (z < 0)) continue;
        place[1] = gaps[i].log_n + (gaps[i + 1].log_n - gaps[i].log_n) * y / (y - z);
        if (!found++ && place[0] != gaps[from].log_n) place[0] = place[1];
    }
}

/* n and its interval, in logarithms. */
static double crossing(const struct gap *gaps, const struct sides *s, double interval[2]) {
    double *first = xmalloc(RESAMPLE_DRAWS * sizeof *first), *last = xmalloc(RESAMPLE_DRAWS * sizeof *last);
    double place[2], low[2], high[2];
    for (int d = 0; d < RESAMPLE_DRAWS; d++) {
        places(gaps, s->before, s->next, d, place);
        first[d] = place[0];
        last[d] = place[1];
    }
    resample_interval(first, low);
    resample_interval(last, high);
    interval[0] = low[0];
    interval[1] = high[1];
    places(gaps, s->before, s->next, -1, place);
    free(first), free(last);
    return 0.5 * (place[0] + place[1]);
}

/* To three digits, as no crossing is known better. */
static double rounded(double x) {
    double unit = pow(10, floor(log10(x)) - 2);
    return unit > 1 ? round(x / unit) * unit : round(x);
}

static void crosses(struct doc *answer, const struct gap *gaps, const struct sides *s) {
    double interval[2], n = exp(crossing(gaps, s, interval)), low = exp(interval[0]), high = exp(interval[1]);
    int faster = gaps[s->next].side < 0;
    char *words = format("crosses at %.0f (%.0f to %.0f)%s", rounded(n), rounded(low), rounded(high),
                         faster ? "" : ": faster below, slower above");
    doc_put_str(answer, "verdict", "crosses");
    doc_put_str(answer, "behind", faster ? "faster" : "slower");
    doc_put_num(answer, "n", n);
    doc_put(answer, "interval", doc_pair(low, high));
    doc_put_str(answer, "words", words);
    free(words);
}

static void say(struct doc *answer, const char *verdict, char *words) {
    doc_put_str(answer, "verdict", verdict);
    doc_put_str(answer, "words", words);
    free(words);
}

/* The same side at all clear lengths; noise at either end could hide a crossing, in between hardly. */
static void one_side(struct doc *answer, const struct gap *gaps, const struct sides *s, size_t n) {
    int faster = gaps[s->first].side < 0;
    double from = exp(gaps[s->first].log_n), to = exp(gaps[s->last].log_n);
    if (s->first > 0 || s->last + 1 < n)
        say(answer, "unclear",
            format("unclear: %s from n = %.0f to %.0f, the noise covers the difference %s",
                   faster ? "faster" : "slower", from, to,
                   s->first == 0      ? "above"
                   : s->last + 1 == n ? "below"
                                      : "below and above"));
    else if (faster) say(answer, "faster", format("faster from the shortest length on (n = %.0f)", from));
    else say(answer, "slower", format("slower up to n = %.0f", to));
}

static void compare(struct doc *answer, const struct fit_curve *c, const struct fit_curve *base) {
    struct gap *gaps = xmalloc((c->count + 1) * sizeof *gaps);
    size_t n = gaps_between(c, base, gaps);
    struct sides s = sides_of(gaps, n);
    if (n < 2) say(answer, "too few", format("too few lengths: %zu in common", n));
    else if (s.clear == 0) say(answer, "unclear", format("unclear: the noise covers the difference"));
    else if (s.changes > 1) say(answer, "several", format("crosses more than once"));
    else if (s.changes == 1) crosses(answer, gaps, &s);
    else one_side(answer, gaps, &s, n);
    for (size_t i = 0; i < n; i++) free(gaps[i].draws);
    free(gaps);
}

/* The exact curve that is fastest at the greatest length of any. */
static const struct fit_curve *fastest_exact(const struct fit_series *s) {
    const struct fit_curve *best = NULL;
    for (size_t i = 0; i < s->ncurves; i++) {
        const struct fit_curve *c = &s->curves[i];
        if (!fit_curve_is(c, "exact")) continue;
        const struct fit_point *own = &c->points[c->count - 1];
        const struct fit_point *other = best ? &best->points[best->count - 1] : NULL;
        if (!best || own->n > other->n || (own->n == other->n && own->log_ns < other->log_ns)) best = c;
    }
    return best;
}

static const struct fit_curve *labelled(const struct fit_series *s, const char *label) {
    for (size_t i = 0; i < s->ncurves; i++)
        if (!strcmp(s->curves[i].label, label)) return &s->curves[i];
    return NULL;
}

void fit_crossings(struct doc *list, const struct fit_series *s, const char *baseline) {
    const struct fit_curve *base = baseline ? labelled(s, baseline) : fastest_exact(s);
    for (size_t i = 0; base && i < s->ncurves; i++) {
        const struct fit_curve *c = &s->curves[i];
        if (c == base || fit_curve_is(c, "control")) continue;
        struct doc *answer = doc_object();
        doc_put_str(answer, "label", c->label);
        doc_put_str(answer, "baseline", base->label);
        doc_put(answer, "series", doc_copy(s->about));
        compare(answer, c, base);
        doc_add(list, answer);
    }
}
