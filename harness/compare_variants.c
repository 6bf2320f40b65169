/* compare_variants.c -- two variants of one run, point by point. */
#include "compare_variants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "floor.h"
#include "idset.h"
#include "paired.h"
#include "row.h"
#include "stats.h"
#include "text.h"

static const double LEVEL = 0.05;

struct pair { /* a point of both variants */
    const struct doc *a, *b;
    size_t processes; /* in which both were timed; 0: there is no time */
    struct paired test;
    double floor;
    int disturbed, agreed; /* by what the row says; all ratios are on one side of 1 */
};

struct comparison {
    struct pair *pairs;
    size_t n, timed;
    struct floor floor;
    double bar; /* the logarithm of 1 + threshold */
};

/* ---- labels ------------------------------------------------------------------------------------ */

static const char *label_of(const struct doc *row) { return doc_str(row, "label", ""); }

/* The labels of the rows, each once; the caller frees the array. */
static const char **labels_of(const struct doc *rows, size_t *n) {
    const char **labels = xmalloc((doc_len(rows) + 1) * sizeof *labels);
    struct idset seen = {0};
    *n = 0;
    for (size_t i = 0; i < doc_len(rows); i++)
        if (idset_add(&seen, label_of(doc_at(rows, i)))) labels[(*n)++] = label_of(doc_at(rows, i));
    idset_free(&seen);
    return labels;
}

static int is_label(const char *const *labels, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(labels[i], word)) return 1;
    return 0;
}

/* Cuts at this comma. */
static void cut(const char *word, const char *comma, char *parts[2]) {
    parts[0] = format("%.*s", (int)(comma - word), word);
    parts[1] = xstrdup(comma + 1);
}

void compare_split(const struct doc *rows, const char *word, char *parts[2]) {
    size_t n, found = 0;
    const char **labels = labels_of(rows, &n), *first = strchr(word, ',');
    if (!first)
        die(EXIT_USAGE, "--variants %s: two labels with a comma between them, as in flash,linear", word);
    for (const char *comma = first; comma; comma = strchr(comma + 1, ',')) {
        char *tried[2];
        cut(word, comma, tried);
        if (is_label(labels, n, tried[0]) && is_label(labels, n, tried[1]) && !found++)
            memcpy(parts, tried, sizeof tried);
        else free(tried[0]), free(tried[1]);
    }
    if (found > 1) die(EXIT_USAGE, "--variants %s: that can be read as more than one pair of labels", word);
    if (!found) {
        cut(word, first, parts);
        int unknown = is_label(labels, n, parts[0]);
        die(EXIT_USAGE, "--variants %s: the run has no curve '%s'; %s", word, parts[unknown],
            suggestion(parts[unknown], labels, n));
    }
    free(labels);
}

/* ---- pairs ------------------------------------------------------------------------------------- */

/* What the id says besides the variant. */
static const char *where(const struct doc *row) {
    const char *id = doc_str(row, "id", ""), *label = label_of(row);
    size_t length = strlen(label);
    if (!strncmp(id, label, length) && id[length] == '/') return id + length + 1;
    return strchr(id, '/') ? strchr(id, '/') + 1 : id;
}

static const struct doc *partner(const struct doc *rows, const char *label, const char *place) {
    for (size_t i = 0; i < doc_len(rows); i++)
        if (!strcmp(label_of(doc_at(rows, i)), label) && !strcmp(where(doc_at(rows, i)), place))
            return doc_at(rows, i);
    return NULL;
}

static int is_disturbed(const struct doc *row) { return doc_has_word(doc_get(row, "flags"), "disturbed"); }

static int all_agree(const double *ratios, size_t n) {
    for (size_t i = 1; i < n; i++)
        if ((ratios[i] < 1) != (ratios[0] < 1)) return 0;
    return 1;
}

static struct pair pair_of(const struct comparison *c, const struct doc *a, const struct doc *b) {
    struct pair p = {.a = a, .b = b};
    if (!row_is_ok(a) || !row_is_ok(b)) return p;
    double *ratios = paired_ratios(a, b, &p.processes);
    p.test = paired_point(ratios, p.processes, c->n, 0);
    p.floor = fmax(c->floor.log, fmax(floor_of_group(a), floor_of_group(b)));
    p.disturbed = is_disturbed(a) || is_disturbed(b);
    p.agreed = all_agree(ratios, p.processes);
    free(ratios);
    return p;
}

static void find_pairs(struct comparison *c, const struct doc *rows, const char *a, const char *b) {
    c->pairs = xmalloc((doc_len(rows) + 1) * sizeof *c->pairs);
    for (size_t i = 0; i < doc_len(rows); i++) {
        const struct doc *row = doc_at(rows, i), *other;
        if (strcmp(label_of(row), b) || !(other = partner(rows, a, where(row)))) continue;
        c->pairs[c->n] = pair_of(c, other, row);
        c->timed += c->pairs[c->n++].processes > 0;
    }
}

static void test(struct comparison *c) {
    struct paired *tests = xmalloc((c->timed + 1) * sizeof *tests);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->pairs[i].processes) tests[n++] = c->pairs[i].test;
    paired_test(tests, n);
    n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->pairs[i].processes) c->pairs[i].test = tests[n++];
    free(tests);
}

/* ---- the document ------------------------------------------------------------------------------ */

/* Where other work took the processors away, what is left of six processes may agree by chance: all of them
   have to. */
static const char *word_of(const struct pair *q, const struct compare_evidence *e, const char **why) {
    const char *word = compare_word(e, why);
    if (!q->disturbed || q->agreed || !strcmp(word, "same") || !strcmp(word, "ambiguous")) return word;
    *why = "disturbed by other work, and its processes do not agree";
    return "ambiguous";
}

static struct doc *time_doc(const struct comparison *c, const struct pair *q) {
    double at = q->test.ratio.at, reach = paired_reach(&q->test);
    struct compare_evidence e = {.effect = at,
                                 .holm = q->test.holm,
                                 .far = at,
                                 .reach = reach,
                                 .df = q->test.df,
                                 .bar = c->bar,
                                 .noise = q->floor};
    struct doc *d = doc_object();
    const char *why, *word = word_of(q, &e, &why);
    doc_put_str(d, "verdict", word);
    if (why) doc_put_str(d, "why", why);
    doc_put_num(d, "ratio", exp(at));
    doc_put(d, "ci", doc_pair(exp(at - reach), exp(at + reach)));
    doc_put_num(d, "p", q->test.p);
    doc_put_num(d, "p_holm", q->test.holm);
    doc_put_num(d, "df", q->test.df);
    doc_put_num(d, "floor", expm1(q->floor));
    doc_put_bool(d, "disturbed", q->disturbed);
    doc_put(d, "median_ns", doc_pair(doc_num(q->a, "time.median_ns", 0), doc_num(q->b, "time.median_ns", 0)));
    doc_put_num(d, "processes", (double)q->processes);
    return d;
}

static double bytes_of(const struct doc *row) {
    return doc_num(row, "memory.state_bytes", (double)NAN) +
           doc_num(row, "memory.scratch_bytes", (double)NAN);
}

static double distance_of(const struct doc *row) {
    return doc_num(row, "accuracy.softmax.rel_fro", (double)NAN);
}

/* Memory and accuracy, as numbers and in words. */
static void put_beside(struct doc *d, const struct pair *q) {
    double bytes[2] = {bytes_of(q->a), bytes_of(q->b)}, far[2] = {distance_of(q->a), distance_of(q->b)};
    struct text words = {0};
    doc_put(d, "bytes", doc_pair(bytes[0], bytes[1]));
    doc_put(d, "distance", doc_pair(far[0], far[1]));
    if (!isnan(bytes[0]) && !isnan(bytes[1]))
        text_add(&words, "memory %s -> %s", show_bytes(bytes[0]), show_bytes(bytes[1]));
    if (!isnan(far[0]) && !isnan(far[1]))
        text_add(&words, "%sdistance to softmax %.3g -> %.3g", words.length ? ", " : "", far[0], far[1]);
    if (words.length) doc_put_str(d, "beside", words.s);
    free(words.s);
}

static void add_status(struct doc *changes, const struct pair *q) {
    const char *a = doc_str(q->a, "status", ""), *b = doc_str(q->b, "status", "");
    if (!strcmp(a, b)) return;
    struct doc *one = doc_object();
    char *words =
        format("%s -> %s (%s)", a, b, doc_str(row_is_ok(q->a) ? q->b : q->a, "reason", "no reason given"));
    doc_put_str(one, "field", "status");
    doc_put_str(one, "kind", "note");
    doc_put_str(one, "text", words);
    doc_add(changes, one);
    free(words);
}

static struct doc *point_doc(const struct comparison *c, const struct pair *q) {
    struct doc *d = doc_object(), *changes = doc_array();
    doc_put_str(d, "id", doc_str(q->b, "id", ""));
    doc_put_str(d, "id_a", doc_str(q->a, "id", ""));
    doc_put_bool(d, "control", 0);
    if (q->processes) doc_put(d, "time", time_doc(c, q));
    put_beside(d, q);
    add_status(changes, q);
    doc_put(d, "changes", changes);
    doc_put_bool(d, "regression", !strcmp(doc_str(d, "time.verdict", ""), "slower"));
    doc_put_str(d, "repro", doc_str(q->b, "repro", NULL));
    return d;
}

/* The ids of the variant's rows that have no partner under the other label. */
static struct doc *only(const struct doc *rows, const char *label, const char *other) {
    struct doc *d = doc_array();
    for (size_t i = 0; i < doc_len(rows); i++) {
        const struct doc *row = doc_at(rows, i);
        if (!strcmp(label_of(row), label) && !partner(rows, other, where(row)))
            doc_add(d, doc_string(doc_str(row, "id", "")));
    }
    return d;
}

static struct doc *noise_doc(const struct comparison *c) {
    double *sd = xmalloc((c->timed + 1) * sizeof *sd), *least = xmalloc((c->timed + 1) * sizeof *least);
    struct doc *d = doc_object();
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct paired *t = &c->pairs[i].test;
        if (!c->pairs[i].processes || !(t->df > 0)) continue;
        sd[n] = t->error * sqrt((double)t->ratio.kept);
        least[n++] = t->error * inference_t_critical(LEVEL / (double)c->timed, t->df);
    }
    doc_put_num(d, "process_sd", stats_median(sd, n));
    doc_put_num(d, "detectable", expm1(stats_median(least, n)));
    doc_put_num(d, "floor", c->floor.groups ? expm1(c->floor.log) : (double)NAN);
    doc_put_num(d, "floor_groups", (double)c->floor.groups);
    free(sd), free(least);
    return d;
}

struct doc *compare_variants(const struct doc *rows, const char *a, const char *b, double threshold) {
    struct comparison c = {.floor = floor_of_runs(&rows, 1), .bar = log1p(threshold)};
    struct doc *d = doc_object(), *points = doc_array(), *variants = doc_array();
    find_pairs(&c, rows, a, b);
    test(&c);
    doc_add(variants, doc_string(a));
    doc_add(variants, doc_string(b));
    doc_put_num(d, "schema", 1);
    doc_put(d, "variants", variants);
    doc_put_num(d, "threshold", threshold);
    doc_put(d, "noise", noise_doc(&c));
    doc_put_num(d, "counts.timed", (double)c.timed);
    for (size_t i = 0; i < c.n; i++) doc_add(points, point_doc(&c, &c.pairs[i]));
    doc_put(d, "points", points);
    doc_put(d, "only_in_a", only(rows, a, b));
    doc_put(d, "only_in_b", only(rows, b, a));
    compare_count(d);
    free(c.pairs);
    return d;
}
