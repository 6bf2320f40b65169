/*
 * fit_crossing.c -- from which length on a curve is faster than a baseline.
 *
 * At each length that both have, the logarithm of the ratio of their times: "faster" or "slower" where it lies
 * beyond the noise floor by more than chance, over all lengths of all curves of the run at once (paired.h), else
 * covered by the noise. Lengths that are clear decide what is said at all; between two clear ones of opposite
 * kind the ratio is interpolated, straight in logarithms, in every draw of the bootstrap. Where the noise covers
 * the lengths on one side of the clear ones, the crossing is bounded from the other. Nothing is said beyond the
 * lengths.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "paired.h"
#include "text.h"

static const double LEVEL = 0.05;

struct gap { /* between the two times at one length, in logarithms; below 0: faster */
    double n, log_n, value, *draws;
    struct paired test;
    int side; /* -1 faster, 1 slower, 0 the noise covers it */
};

struct duel { /* a curve and its baseline */
    const struct fit_series *series;
    const struct fit_curve *curve, *base;
    struct gap *gaps;
    size_t n;
};

/* Of a plugin, whose processes are its own, the ratios are those in which the baseline ran as well. */
static int is_beside(const struct fit_point *p, const struct fit_point *base) {
    return !strcmp(doc_str(p->row, "time.beside.label", ""), doc_str(base->row, "label", "?"));
}

static struct gap gap_between(const struct fit_point *p, const struct fit_point *base, size_t group) {
    struct gap g = {.n = p->n, .log_n = log(p->n), .value = p->log_ns - base->log_ns};
    size_t n;
    double *ratios = paired_ratios(base->row, p->row, &n);
    g.draws = xmalloc(RESAMPLE_DRAWS * sizeof *g.draws);
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) g.draws[d] = p->draws[d] - base->draws[d];
    if (n && is_beside(p, base)) g.value = resample_log_median(ratios, n, (uint64_t)p->n, g.draws);
    g.test = paired_point(ratios, n, group, fmax(p->floor, base->floor));
    free(ratios);
    return g;
}

/* Of points of the baseline, those before it in the run are `before`. */
static void find_gaps(struct duel *d, size_t before) {
    d->gaps = xmalloc((d->curve->count + 1) * sizeof *d->gaps);
    for (size_t i = 0; i < d->curve->count; i++) {
        const struct fit_point *at = fit_curve_at(d->base, d->curve->points[i].n);
        if (!at) continue;
        d->gaps[d->n++] = gap_between(&d->curve->points[i], at, before + (size_t)(at - d->base->points));
    }
}

/* All lengths of all curves are one family. */
static void find_sides(struct duel *duels, size_t n) {
    size_t all = 0, at = 0;
    for (size_t i = 0; i < n; i++) all += duels[i].n;
    struct paired *tests = xmalloc((all + 1) * sizeof *tests);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < duels[i].n; k++) tests[at++] = duels[i].gaps[k].test;
    paired_test(tests, all);
    at = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < duels[i].n; k++) {
            struct gap *g = &duels[i].gaps[k];
            g->test = tests[at++];
            if (g->test.holm < LEVEL) g->side = g->test.ratio.at < 0 ? -1 : 1;
        }
    free(tests);
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

/* Bounds the place at which the curve is `behind` of it: null where it has no bound. */
static void bound(struct doc *answer, const char *verdict, const char *behind, double low, double high,
                  char *words) {
    doc_put_str(answer, "behind", behind);
    doc_put(answer, "interval", doc_pair(low, high));
    say(answer, verdict, words);
}

/* The same side at all clear lengths; noise at either end could hide a crossing, in between hardly. */
static void one_side(struct doc *answer, const struct gap *gaps, const struct sides *s, size_t n) {
    int faster = gaps[s->first].side < 0;
    const char *here = faster ? "faster" : "slower", *there = faster ? "slower" : "faster";
    double from = gaps[s->first].n, to = gaps[s->last].n;
    int below = s->first > 0, above = s->last + 1 < n; /* lengths that the noise covers */
    if (below && above)
        say(answer, "unclear",
            format("unclear: %s from n = %.0f to %.0f, the noise covers the difference below and above", here,
                   from, to));
    else if (below)
        bound(answer, "at the latest", here, (double)NAN, from,
              format("%s from n = %.0f on at the latest, the noise covers the difference below", here, from));
    else if (above)
        bound(answer, "at the earliest", there, to, (double)NAN,
              format("%s up to n = %.0f at least, the noise covers the difference above", here, to));
    else if (faster) say(answer, "faster", format("faster from the shortest length on (n = %.0f)", from));
    else say(answer, "slower", format("slower up to n = %.0f", to));
}

static void compare(struct doc *answer, const struct duel *d) {
    struct sides s = sides_of(d->gaps, d->n);
    if (d->n < 2) say(answer, "too few", format("too few lengths: %zu in common", d->n));
    else if (s.clear == 0) say(answer, "unclear", format("unclear: the noise covers the difference"));
    else if (s.changes > 1) say(answer, "several", format("crosses more than once"));
    else if (s.changes == 1) crosses(answer, d->gaps, &s);
    else one_side(answer, d->gaps, &s, d->n);
}

static struct doc *lengths_of(const struct duel *d) {
    struct doc *list = doc_array();
    for (size_t i = 0; i < d->n; i++) {
        const struct gap *g = &d->gaps[i];
        double at = g->test.ratio.at, reach = paired_reach(&g->test);
        struct doc *one = doc_object();
        doc_put_num(one, "n", g->n);
        doc_put_num(one, "ratio", exp(at));
        doc_put(one, "interval", doc_pair(exp(at - reach), exp(at + reach)));
        doc_put_str(one, "side", g->side < 0 ? "faster" : g->side > 0 ? "slower" : "unclear");
        doc_add(list, one);
    }
    return list;
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

/* Adds the duels of a series. */
static size_t find_duels(struct duel *duels, size_t n, const struct fit_series *s, const char *baseline,
                         size_t before) {
    const struct fit_curve *base = baseline ? labelled(s, baseline) : fastest_exact(s);
    for (size_t i = 0; base && i < s->ncurves; i++) {
        if (&s->curves[i] == base || fit_curve_is(&s->curves[i], "control")) continue;
        duels[n] = (struct duel){.series = s, .curve = &s->curves[i], .base = base};
        find_gaps(&duels[n++], before);
    }
    return n;
}

static size_t count_points(const struct fit_series *s) {
    size_t points = 0;
    for (size_t i = 0; i < s->ncurves; i++) points += s->curves[i].count;
    return points;
}

static void answer_duel(struct doc *list, struct duel *d) {
    struct doc *answer = doc_object();
    doc_put_str(answer, "label", d->curve->label);
    doc_put_str(answer, "baseline", d->base->label);
    doc_put(answer, "series", doc_copy(d->series->about));
    compare(answer, d);
    doc_put(answer, "lengths", lengths_of(d));
    doc_add(list, answer);
    for (size_t i = 0; i < d->n; i++) free(d->gaps[i].draws);
    free(d->gaps);
}

void fit_crossings(struct doc *list, const struct fit_run *run, const char *baseline) {
    size_t curves = 0, points = 0, n = 0;
    for (size_t i = 0; i < run->count; i++) curves += run->all[i].ncurves;
    struct duel *duels = xmalloc((curves + 1) * sizeof *duels);
    for (size_t i = 0; i < run->count; i++) {
        n = find_duels(duels, n, &run->all[i], baseline, points);
        points += count_points(&run->all[i]);
    }
    find_sides(duels, n);
    for (size_t i = 0; i < n; i++) answer_duel(list, &duels[i]);
    free(duels);
}
