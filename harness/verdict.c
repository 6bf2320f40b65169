/*
 * verdict.c -- one claim of a paper beside the rows of a run.
 *
 * All verdicts go by intervals: those of our processes or seeds decide whether what we see is near to what was
 * published, is not, or could be either.
 */
#include "verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "line.h"
#include "resample.h"
#include "text.h"

const double verdict_ratio_within = 1.5, verdict_exponent_within = 0.15;
const char *const verdict_words[VERDICTS] = {"agrees", "differs", "undecided", "not comparable"};

static const char uncertain[] = "one sample shows no noise";

struct judge {
    const struct doc *claim;
    struct doc *answer; /* a copy of the claim, with what is found */
    struct archive archive;
};

/* ---- claims and their parts ---------------------------------------------------------------------- */

static const struct doc *labels_of(const struct judge *j) { return doc_get(j->claim, "labels"); }

static const char *label_of(const struct judge *j, size_t i) {
    const char *label = doc_as_str(doc_at(labels_of(j), i));
    return label ? label : "";
}

static void say(struct judge *j, enum verdict verdict, const char *reason) {
    doc_put_str(j->answer, "verdict", verdict_words[verdict]);
    if (reason) doc_put_str(j->answer, "reason", reason);
}

/* `off` is how far ours is from what was published, in units of the tolerance; it is for finding the worst. */
static void say_off(struct judge *j, double off, char *words) {
    doc_put_num(j->answer, "off", off);
    doc_put_str(j->answer, "off_words", words);
    free(words);
}

/* The evidence of a label at a length; of two labels, first over second. */
static struct evidence find(const struct judge *j, double n) {
    struct evidence of = evidence_find(&j->archive, label_of(j, 0), n);
    if (of.why || doc_len(labels_of(j)) < 2) return of;
    struct evidence over = evidence_find(&j->archive, label_of(j, 1), n);
    for (size_t d = 0; !over.why && d < RESAMPLE_DRAWS; d++) of.draws[d] -= over.draws[d];
    of.value -= over.value;
    of.is_certain &= over.is_certain;
    of.why = over.why;
    over.why = NULL;
    evidence_free(&over);
    return of;
}

/* ---- a ratio ------------------------------------------------------------------------------------- */

static enum verdict verdict_of(const double interval[2], double low, double high) {
    if (interval[1] < low || interval[0] > high) return DIFFERS;
    return interval[0] >= low && interval[1] <= high ? AGREES : UNDECIDED;
}

static void put_ours(struct judge *j, double value, const double interval[2]) {
    doc_put_num(j->answer, "ours", value);
    doc_put(j->answer, "interval", doc_pair(interval[0], interval[1]));
}

static void judge_ratio(struct judge *j) {
    struct evidence e = find(j, doc_num(j->claim, "at.n", 0));
    double published = doc_num(j->claim, "published", 1), interval[2], off, ours;
    if (e.why) {
        say(j, NOT_COMPARABLE, e.why);
        evidence_free(&e);
        return;
    }
    resample_interval(e.draws, interval);
    off = e.value - log(published);
    for (int i = 0; i < 2; i++) interval[i] = exp(interval[i]);
    ours = exp(e.value);
    put_ours(j, ours, interval);
    if (!e.is_certain) say(j, UNDECIDED, uncertain);
    else
        say(j, verdict_of(interval, published / verdict_ratio_within, published * verdict_ratio_within),
            NULL);
    say_off(j, fabs(off) / log(verdict_ratio_within),
            format("%.3g times %s", exp(fabs(off)), off < 0 ? "less" : "more"));
    evidence_free(&e);
}

/* ---- over lengths -------------------------------------------------------------------------------- */

struct course { /* over lengths, in logarithms */
    size_t count;
    double *n, *published; /* published: NaN where there is none */
    struct evidence *all;
    char *why; /* of the first length without evidence */
    int is_certain;
};

/* Where the claim gives values by length, those lengths; else all of the rows. The caller frees both arrays. */
static double *lengths_of(const struct judge *j, double **published, size_t *count) {
    const struct doc *values = doc_get(j->claim, "published");
    double *n;
    if (!doc_is_object(values)) n = evidence_lengths(&j->archive, label_of(j, 0), count);
    else {
        *count = doc_len(values);
        n = xmalloc((*count + 1) * sizeof *n);
        for (size_t i = 0; i < *count; i++) n[i] = strtod(doc_key(values, i), NULL);
    }
    *published = xmalloc((*count + 1) * sizeof **published);
    for (size_t i = 0; i < *count; i++)
        (*published)[i] = doc_is_object(values) ? log(doc_as_num(doc_at(values, i))) : (double)NAN;
    return n;
}

static struct course course_of(const struct judge *j) {
    double from = doc_num(j->claim, "from", 0), to = doc_num(j->claim, "to", (double)INFINITY);
    struct course c = {.is_certain = 1};
    size_t count;
    c.n = lengths_of(j, &c.published, &count);
    c.all = xmalloc((count + 1) * sizeof *c.all);
    for (size_t i = 0; i < count; i++) {
        struct evidence e = {0};
        if (c.n[i] < from || c.n[i] > to) continue;
        e = find(j, c.n[i]);
        if (e.why) {
            if (!c.why) c.why = xstrdup(e.why);
            evidence_free(&e);
            continue;
        }
        c.is_certain &= e.is_certain;
        c.published[c.count] = c.published[i];
        c.n[c.count] = log(c.n[i]);
        c.all[c.count++] = e;
    }
    if (c.count < 2 && !c.why) c.why = format("it takes two lengths, and there are %zu", c.count);
    return c;
}

static void course_free(struct course *c) {
    for (size_t i = 0; i < c->count; i++) evidence_free(&c->all[i]);
    free(c->n), free(c->published), free(c->all), free(c->why);
}

static void put_lengths(struct judge *j, const struct course *c) {
    struct doc *lengths = doc_array();
    for (size_t i = 0; i < c->count; i++) doc_add(lengths, doc_number(round(exp(c->n[i]))));
    doc_put(j->answer, "lengths", lengths);
}

static double slope_of(const struct course *c, double interval[2]) {
    double *y = xmalloc(c->count * sizeof *y), *slopes = xmalloc(RESAMPLE_DRAWS * sizeof *slopes), slope;
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) {
        for (size_t i = 0; i < c->count; i++) y[i] = c->all[i].draws[d];
        slopes[d] = line_slope(c->n, y, c->count);
    }
    resample_interval(slopes, interval);
    for (size_t i = 0; i < c->count; i++) y[i] = c->all[i].value;
    slope = line_slope(c->n, y, c->count);
    free(y), free(slopes);
    return slope;
}

static void judge_growth(struct judge *j) {
    struct course c = course_of(j);
    double published = doc_num(j->claim, "published", (double)NAN), interval[2];
    put_lengths(j, &c);
    if (c.count < 2) say(j, NOT_COMPARABLE, c.why);
    else {
        double slope = slope_of(&c, interval);
        if (isnan(published)) published = line_slope(c.n, c.published, c.count);
        doc_put_num(j->answer, "published_exponent", published);
        put_ours(j, slope, interval);
        if (!c.is_certain) say(j, UNDECIDED, uncertain);
        else
            say(j,
                verdict_of(interval, published - verdict_exponent_within,
                           published + verdict_exponent_within),
                NULL);
        say_off(j, fabs(slope - published) / verdict_exponent_within, format("%+.2f", slope - published));
    }
    course_free(&c);
}

/* ---- steps: a rise from length to length, an order from label to label --------------------------- */

struct steps {
    int clear, unclear;  /* steps up beyond the noise; covered by it */
    double fall;         /* the greatest step down beyond the noise, in logarithms */
    size_t falls, cover; /* where it is; the first that is covered */
};

static void add_step(struct steps *s, const struct evidence *from, const struct evidence *to, size_t at) {
    double *gaps = xmalloc(RESAMPLE_DRAWS * sizeof *gaps), interval[2];
    for (size_t d = 0; d < RESAMPLE_DRAWS; d++) gaps[d] = to->draws[d] - from->draws[d];
    resample_interval(gaps, interval);
    if (interval[0] > 0) s->clear++;
    else if (!(interval[1] < 0)) s->cover = s->unclear++ ? s->cover : at;
    else if (from->value - to->value > s->fall) s->fall = from->value - to->value, s->falls = at;
    free(gaps);
}

/* names[count] of what the steps lead from and to; of two nobody has to be told which. */
static void judge_steps(struct judge *j, const struct steps *s, char *const *names, size_t count,
                        int is_certain) {
    size_t at = s->fall > 0 ? s->falls : s->cover;
    char *which, *reason = NULL;
    if (!is_certain) reason = xstrdup(uncertain);
    else if (s->fall > 0) {
        which = count > 2 ? format("less for %s than for %s", names[at + 1], names[at])
                          : xstrdup("the other way");
        say_off(j, s->fall / log(verdict_ratio_within), format("%.3g times %s", exp(s->fall), which));
        free(which);
    } else if (s->unclear) {
        which = count > 2 ? format(" of %s and %s", names[at], names[at + 1]) : xstrdup("");
        reason = format("the noise covers the difference%s", which);
        free(which);
    }
    say(j, !is_certain ? UNDECIDED : s->fall > 0 ? DIFFERS : s->unclear ? UNDECIDED : AGREES, reason);
    free(reason);
}

/* Without the last digits, which come from the logarithm. */
static double plain(double logarithm) {
    char text[40];
    snprintf(text, sizeof text, "%.12g", exp(logarithm));
    return strtod(text, NULL);
}

static void put_values(struct judge *j, const struct evidence *all, size_t count) {
    struct doc *values = doc_array();
    for (size_t i = 0; i < count; i++) doc_add(values, doc_number(plain(all[i].value)));
    doc_put(j->answer, "values", values);
}

static void judge_rising(struct judge *j) {
    struct course c = course_of(j);
    struct steps s = {0};
    char **names = xmalloc((c.count + 1) * sizeof *names);
    put_lengths(j, &c);
    put_values(j, c.all, c.count);
    for (size_t i = 0; i < c.count; i++) names[i] = format("n = %.0f", exp(c.n[i]));
    for (size_t i = 0; i + 1 < c.count; i++) add_step(&s, &c.all[i], &c.all[i + 1], i);
    if (c.count < 2) say(j, NOT_COMPARABLE, c.why);
    else judge_steps(j, &s, names, c.count, c.is_certain);
    for (size_t i = 0; i < c.count; i++) free(names[i]);
    free(names);
    course_free(&c);
}

static void judge_order(struct judge *j) {
    size_t count = doc_len(labels_of(j)), found = 0;
    struct evidence *all = xmalloc((count + 1) * sizeof *all);
    char **names = xmalloc((count + 1) * sizeof *names);
    struct steps s = {0};
    const char *why = NULL;
    int is_certain = 1;
    for (; found < count; found++) {
        all[found] = evidence_find(&j->archive, label_of(j, found), doc_num(j->claim, "at.n", 0));
        names[found] = xstrdup(label_of(j, found));
        is_certain &= all[found].is_certain;
        if (all[found].why && !why) why = all[found].why;
    }
    if (why) say(j, NOT_COMPARABLE, why);
    else {
        for (size_t i = 0; i + 1 < count; i++) add_step(&s, &all[i], &all[i + 1], i);
        put_values(j, all, count);
        judge_steps(j, &s, names, count, is_certain);
    }
    for (size_t i = 0; i < found; i++) evidence_free(&all[i]), free(names[i]);
    free(all), free(names);
}

/* ---- one claim --------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    void (*judge)(struct judge *);
} kinds[] = {
    {"ratio", judge_ratio}, {"growth", judge_growth}, {"rising", judge_rising}, {"order", judge_order}};

/* In three parts: "order of time", "local < full", "512"; of many lengths "512 to 2048". */
static void put_words(struct doc *answer) {
    const struct doc *labels = doc_get(answer, "labels"), *lengths = doc_get(answer, "lengths");
    const char *kind = doc_str(answer, "kind", ""), *between = !strcmp(kind, "order") ? " < " : " over ";
    struct text t = {0};
    for (size_t i = 0; i < doc_len(labels); i++)
        text_add(&t, "%s%s", i == 0 ? "" : between, doc_as_str(doc_at(labels, i)));
    char *about = format("%s of %s", kind, doc_str(answer, "metric", ""));
    char *where = doc_get(answer, "at.n") ? format("%.0f", doc_num(answer, "at.n", 0))
                  : doc_len(lengths) > 1  ? format("%.0f to %.0f", doc_as_num(doc_at(lengths, 0)),
                                                   doc_as_num(doc_at(lengths, doc_len(lengths) - 1)))
                                          : xstrdup("");
    doc_put_str(answer, "words.about", about);
    doc_put_str(answer, "words.what", doc_str(answer, "name", t.s));
    doc_put_str(answer, "words.where", where);
    free(about), free(where), free(t.s);
}

/* What the paper measured is something else, whatever ours says. */
static void respect_unlike(struct judge *j) {
    const char *unlike = doc_str(j->claim, "unlike", NULL);
    if (unlike && strcmp(doc_str(j->answer, "verdict", ""), verdict_words[NOT_COMPARABLE]))
        say(j, NOT_COMPARABLE, unlike);
}

int verdict_lacks(const struct doc *absent, const char *label) {
    char *variant = format("%.*s", (int)strcspn(label, ",@"), label);
    int lacks = doc_has_word(absent, variant);
    free(variant);
    return lacks;
}

static int is_lacking(const struct judge *j, const struct doc *absent) {
    for (size_t i = 0; i < doc_len(labels_of(j)); i++)
        if (verdict_lacks(absent, label_of(j, i))) return 1;
    return 0;
}

struct doc *verdict_on(const struct doc *claim, const struct doc *absent, const struct doc *rows) {
    struct judge j = {.claim = claim,
                      .answer = doc_copy(claim),
                      .archive = {rows, doc_get(claim, "at"), doc_str(claim, "metric", "")}};
    int lacking = is_lacking(&j, absent);
    if (lacking) say(&j, NOT_COMPARABLE, "no variant of that name in this build");
    for (size_t i = 0; !lacking && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].kind, doc_str(claim, "kind", ""))) kinds[i].judge(&j);
    if (!lacking) respect_unlike(&j);
    put_words(j.answer);
    return j.answer;
}
