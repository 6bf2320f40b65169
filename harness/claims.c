/* claims.c -- the `published` section of a sweep. */
#include "claims.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "sections.h"
#include "stats.h"
#include "text.h"
#include "verdict.h"

/* What a kind of claim takes besides metric, name, note and unlike, which all take. */
enum { TAKES_N = 1, TAKES_LENGTHS = 2, TAKES_NUMBER = 4, TAKES_VALUES = 8, NEEDS_PUBLISHED = 16 };

static const struct kind {
    const char *name, *example;
    int takes;
} kinds[] = {
    {"ratio", "ratio = { of = \"full\", over = \"local\" }", TAKES_N | TAKES_NUMBER | NEEDS_PUBLISHED},
    {"growth", "growth = \"full\"", TAKES_LENGTHS | TAKES_NUMBER | TAKES_VALUES | NEEDS_PUBLISHED},
    {"rising", "rising = { of = \"full\", over = \"local\" }", TAKES_LENGTHS | TAKES_VALUES},
    {"order", "order = { \"local\", \"full\" }", TAKES_N},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct reading { /* of one claim */
    struct reader *reader;
    const struct claims_known *known;
    const struct doc *given;
    struct doc *claim;
    const struct kind *kind;
    size_t number; /* 1 is the first */
};

/* Complains about members that are not among the names. A key that stands elsewhere in a config as well gives no place:
   that of the claim's kind does. */
static void known_keys(const struct reading *c, const char *where, const struct doc *object,
                       const char *const *names, size_t n) {
    for (size_t i = 0; i < doc_len(object); i++) {
        const char *key = doc_key(object, i);
        size_t x = 0;
        while (key && x < n && strcmp(key, names[x])) x++;
        if (!key || x < n) continue;
        int is_elsewhere = !strcmp(key, "n") || !strcmp(key, "published");
        char *help = suggestion(key, names, n);
        complain(c->reader, is_elsewhere ? c->kind->name : key, 1,
                 "published: claim %zu: %s: unknown key '%s'; %s", c->number, where, key, help);
        free(help);
    }
}

/* ---- labels -------------------------------------------------------------------------------------- */

static int is_curve(const struct doc *labels, const char *label) {
    for (size_t i = 0; i < doc_len(labels); i++)
        if (evidence_names(label, doc_as_str(doc_at(labels, i)))) return 1;
    return 0;
}

static void complain_label(const struct reading *c, const char *label) {
    const struct doc *labels = c->known->labels;
    size_t n = doc_len(labels);
    const char **names = xmalloc((n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++) names[i] = doc_as_str(doc_at(labels, i));
    char *help = suggestion(label, names, n);
    complain(c->reader, label, 0, "published: claim %zu: no curve of this sweep has the label '%s'; %s",
             c->number, label, help);
    free(help);
    free(names);
}

static void add_label(const struct reading *c, struct doc *labels, const struct doc *item) {
    const char *label = doc_as_str(item);
    if (!label) {
        char *shown = item ? doc_text(item, 0) : xstrdup("nothing");
        complain(c->reader, c->kind->name, 1, "published: claim %zu: %s is no label; for example %s",
                 c->number, shown, c->kind->example);
        free(shown);
        return;
    }
    if (!c->known->is_open && !is_curve(c->known->labels, label) && !verdict_lacks(c->known->absent, label))
        complain_label(c, label);
    doc_add(labels, doc_string(label));
}

/* A label, or { of = LABEL, over = LABEL }; of an order a list. */
static void read_labels(struct reading *c) {
    static const char *const parts[] = {"of", "over"};
    const struct doc *given = doc_get(c->given, c->kind->name);
    struct doc *labels = doc_array();
    int is_order = !strcmp(c->kind->name, "order");
    if (is_order && doc_is_array(given) && doc_len(given) > 1)
        for (size_t i = 0; i < doc_len(given); i++) add_label(c, labels, doc_at(given, i));
    else if (!is_order && doc_is_object(given) && !config_is_function(given)) {
        known_keys(c, c->kind->name, given, parts, 2);
        for (int i = 0; i < 2; i++) add_label(c, labels, doc_get(given, parts[i]));
    } else if (!is_order && strcmp(c->kind->name, "ratio") && doc_is_string(given))
        add_label(c, labels, given);
    else {
        char *shown = doc_text(given, 0);
        complain(c->reader, c->kind->name, 1, "published: claim %zu: %s = %s; for example %s", c->number,
                 c->kind->name, shown, c->kind->example);
        free(shown);
    }
    doc_put(c->claim, "labels", labels);
}

/* ---- numbers ------------------------------------------------------------------------------------- */

static double length_of(const char *key) {
    char *end;
    double n = isdigit((unsigned char)*key) ? strtod(key, &end) : 0;
    return n >= 1 && *end == '\0' ? n : 0;
}

/* The values by ascending length; NULL where they are none. */
static struct doc *by_length(const struct doc *given) {
    struct doc *values = doc_object();
    double *lengths = xmalloc((doc_len(given) + 1) * sizeof *lengths);
    size_t n = doc_is_object(given) && !config_is_function(given) ? doc_len(given) : 0, good = 0;
    for (size_t i = 0; i < n; i++) {
        lengths[i] = length_of(doc_key(given, i));
        good += lengths[i] > 0 && doc_as_num(doc_at(given, i)) > 0;
    }
    stats_sort(lengths, n);
    for (size_t i = 0; good == n && i < n; i++) {
        char *key = format("%.14g", lengths[i]);
        doc_put_num(values, key, doc_num(given, key, 0));
        free(key);
    }
    free(lengths);
    if (n && doc_len(values) == n) return values;
    doc_free(values);
    return NULL;
}

static void read_published(struct reading *c) {
    static const char *const allowed[] = {
        "a number above 0", "values above 0 by length: { [512] = 0.8, [1024] = 2.4 }",
        "an exponent, or values above 0 by length: { [512] = 0.8, [1024] = 2.4 }"};
    const struct doc *given = doc_get(c->given, "published");
    int takes = c->kind->takes, is_exponent = (takes & TAKES_VALUES) && (takes & TAKES_NUMBER);
    const char *expected = allowed[is_exponent ? 2 : takes & TAKES_VALUES ? 1 : 0];
    struct doc *values = takes & TAKES_VALUES ? by_length(given) : NULL;
    if (values) {
        doc_put(c->claim, "published", values);
        return;
    }
    if (!given) {
        if (takes & NEEDS_PUBLISHED)
            complain(c->reader, c->kind->name, 1, "published: claim %zu: published is missing: %s", c->number,
                     expected);
        return;
    }
    if ((takes & TAKES_NUMBER) && doc_is_number(given) && (is_exponent || doc_as_num(given) > 0)) {
        doc_put(c->claim, "published", doc_copy(given));
        return;
    }
    char *shown = doc_text(given, 0);
    complain(c->reader, c->kind->name, 1, "published: claim %zu: published = %s; allowed is %s", c->number,
             shown, expected);
    free(shown);
}

/* One length; where it is missing and `needed`, that is a mistake. */
static void read_length(struct reading *c, const struct doc *from, const char *key, const char *path,
                        int needed) {
    const struct doc *given = doc_get(from, key);
    if (!given && !needed) return;
    if (!given)
        complain(c->reader, c->kind->name, 1,
                 "published: claim %zu: the length is missing; for example at = { n = 512 }", c->number);
    else if (doc_is_number(given) && doc_as_num(given) >= 1) doc_put(c->claim, path, doc_copy(given));
    else {
        char *shown = doc_text(given, 0);
        complain(c->reader, strcmp(key, "n") ? key : c->kind->name, 1,
                 "published: claim %zu: %s = %s; allowed is a length, 1 or more", c->number, key, shown);
        free(shown);
    }
}

/* ---- where and what ------------------------------------------------------------------------------ */

static void read_at(struct reading *c) {
    static const char *const settings[] = {"n",     "mask", "input",   "positions", "batch",
                                           "heads", "dk",   "threads", "seed"};
    enum {
        WORDS = 4,
        SETTINGS = sizeof settings / sizeof *settings
    }; /* up to WORDS they are words but for n */
    const struct doc *at = doc_get(c->given, "at");
    int takes_n = (c->kind->takes & TAKES_N) != 0;
    if (at && (!doc_is_object(at) || config_is_function(at))) {
        char *shown = doc_text(at, 0);
        complain(c->reader, "at", 1, "published: claim %zu: at = %s; give at = { n = 512 }", c->number,
                 shown);
        free(shown);
        return;
    }
    known_keys(c, "at", at, takes_n ? settings : settings + 1, takes_n ? SETTINGS : SETTINGS - 1);
    read_length(c, at, "n", "at.n", takes_n);
    for (size_t i = 1; i < SETTINGS; i++) {
        const struct doc *given = doc_get(at, settings[i]);
        char *path = format("at.%s", settings[i]);
        if (given && (i < WORDS ? doc_is_string(given) : doc_is_number(given)))
            doc_put(c->claim, path, doc_copy(given));
        else if (given) {
            char *shown = doc_text(given, 0);
            complain(c->reader, c->kind->name, 1, "published: claim %zu: %s = %s; allowed is %s", c->number,
                     settings[i], shown, i < WORDS ? "a word, as rows have it" : "a number");
            free(shown);
        }
        free(path);
    }
}

static void read_metric(struct reading *c) {
    const char *metric = doc_str(c->given, "metric", NULL);
    for (size_t i = 0; metric && i < EVIDENCE_METRICS; i++)
        if (!strcmp(metric, evidence_metrics[i])) {
            doc_put_str(c->claim, "metric", metric);
            return;
        }
    const struct doc *given = doc_get(c->given, "metric");
    char *shown = given ? doc_text(given, 0) : xstrdup("nothing"),
         *help = suggestion(metric ? metric : "", evidence_metrics, EVIDENCE_METRICS);
    complain(c->reader, metric ? metric : c->kind->name, !metric, "published: claim %zu: metric = %s; %s",
             c->number, shown, help);
    free(shown), free(help);
}

static void read_words(struct reading *c, const char *key) {
    const struct doc *given = doc_get(c->given, key);
    if (!given) return;
    if (doc_is_string(given)) {
        doc_put(c->claim, key, doc_copy(given));
        return;
    }
    char *shown = doc_text(given, 0);
    complain(c->reader, key, 1, "published: claim %zu: %s = %s; allowed is text", c->number, key, shown);
    free(shown);
}

/* ---- one claim, and all of them ------------------------------------------------------------------ */

/* The one kind that the claim is of; NULL after a complaint. */
static const struct kind *kind_of(struct reader *r, const struct doc *given, size_t number) {
    const struct kind *found = NULL;
    int several = 0;
    for (size_t i = 0; i < KINDS; i++)
        if (doc_get(given, kinds[i].name)) several = found != NULL, found = &kinds[i];
    if (found && !several) return found;
    complain(r, "claims", 1,
             "published: claim %zu has %s ratio, growth, rising and order; it takes one of them", number,
             found ? "several of" : "none of");
    return NULL;
}

static void complain_keys(const struct reading *c) {
    const char *names[16] = {c->kind->name, "metric", "at", "name", "note", "unlike"};
    size_t n = 6;
    if (c->kind->takes & TAKES_LENGTHS) names[n++] = "from", names[n++] = "to";
    if (c->kind->takes & (TAKES_NUMBER | TAKES_VALUES)) names[n++] = "published";
    known_keys(c, c->kind->name, c->given, names, n);
}

static struct doc *read_claim(struct reader *r, const struct doc *given, size_t number,
                              const struct claims_known *known) {
    static const char *const words[] = {"name", "note", "unlike"};
    struct reading c = {r, known, given, doc_object(), kind_of(r, given, number), number};
    if (!c.kind) return c.claim;
    doc_put_str(c.claim, "kind", c.kind->name);
    complain_keys(&c);
    read_labels(&c);
    read_metric(&c);
    read_at(&c);
    if (c.kind->takes & TAKES_LENGTHS) {
        read_length(&c, given, "from", "from", 0);
        read_length(&c, given, "to", "to", 0);
    }
    if (c.kind->takes & (TAKES_NUMBER | TAKES_VALUES)) read_published(&c);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) read_words(&c, words[i]);
    return c.claim;
}

struct doc *claims_read(struct reader *r, const struct doc *sweep, const struct claims_known *known) {
    static const char *const keys[] = {"source", "claims"};
    struct doc *empty = doc_object(), *claims = doc_array();
    const struct doc *given = sections_table(r, sweep, "published", empty), *list = doc_get(given, "claims");
    size_t before = r->errors->length;
    axis_known_keys(r, "published", given, keys, 2);
    if (given != empty && !doc_str(given, "source", NULL))
        complain(r, "published", 1,
                 "published: source is missing; say where the numbers are from: "
                 "source = \"authors, title, year, table\"");
    if (given != empty && (!doc_is_array(list) || !doc_len(list)))
        complain(
            r, "published", 1,
            "published: claims is missing; for example claims = { { growth = \"full\", metric = \"time\", "
            "published = 2 } }");
    for (size_t i = 0; doc_is_array(list) && i < doc_len(list); i++)
        doc_add(claims, read_claim(r, doc_at(list, i), i + 1, known));
    struct doc *published = NULL;
    if (given != empty && r->errors->length == before) {
        published = doc_object();
        doc_put_str(published, "source", doc_str(given, "source", ""));
        doc_put(published, "claims", doc_copy(claims));
    }
    doc_free(claims);
    doc_free(empty);
    return published;
}
