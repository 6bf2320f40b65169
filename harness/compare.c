/* compare.c -- two runs, point by point. */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare_facts.h"
#include "idset.h"
#include "inference.h"
#include "noise.h"
#include "row.h"
#include "stats.h"
#include "text.h"

enum { RANKS_MIN = 9 }; /* processes a side from which on ranks can reject among many points */
static const double LEVEL = 0.05;

/* ---- pairs ------------------------------------------------------------------------------------- */

struct pair { /* a point of both runs */
    const struct doc *a, *b;
    double *x, *y; /* logarithms of the process medians of A and of B; NULL unless timed in both */
    size_t nx, ny;
    struct noise_point point;
    double error, df; /* of the effect: deviation, degrees of freedom */
    double reach; /* half the 0.95 interval of the log ratio as measured; without end where it is unknown */
    double effect, far;    /* of noise_effect() */
    double p, holm;        /* chance of an effect as large; the same over all points */
    const char *ranks;     /* the test that had to agree, or NULL */
    const char *disturbed; /* why its times tell no change, or NULL */
};

struct comparison {
    const struct doc *rows_a, *rows_b;
    double bar; /* the logarithm of 1 + threshold */
    struct pair *pairs;
    size_t n, timed;
    struct noise noise;
};

static double *log_medians(const struct doc *row, size_t *n) {
    double *x = noise_positive(doc_get(row, "time.process_medians_ns"), n);
    for (size_t i = 0; i < *n; i++) x[i] = log(x[i]);
    return x;
}

/* What the sentinel measured beside this row, flops a nanosecond; NaN where it did not. */
static double peak(const struct doc *row) {
    double share = doc_num(row, "peak_fraction", 0), rate = doc_num(row, "gflops", 0);
    return share > 0 && rate > 0 ? rate / share : (double)NAN;
}

static const char *disturbed(const struct pair *p) {
    int a = doc_has_word(doc_get(p->a, "flags"), "disturbed"),
        b = doc_has_word(doc_get(p->b, "flags"), "disturbed");
    return a && b ? "disturbed: in both runs the system took a processor away during many of its samples"
           : a    ? "disturbed: in A the system took a processor away during many of its samples"
           : b    ? "disturbed: in B the system took a processor away during many of its samples"
                  : NULL;
}

static void read_times(struct pair *p) {
    if (!row_is_ok(p->a) || !row_is_ok(p->b)) return;
    p->x = log_medians(p->a, &p->nx);
    p->y = log_medians(p->b, &p->ny);
    if (p->nx == 0 || p->ny == 0) {
        free(p->x), free(p->y);
        p->x = p->y = NULL;
        return;
    }
    p->point.x = p->x, p->point.y = p->y;
    p->point.nx = p->nx, p->point.ny = p->ny;
    p->point.a = inference_middle(p->x, p->nx);
    p->point.b = inference_middle(p->y, p->ny);
    p->point.control = !strcmp(doc_str(p->b, "kind", ""), "control");
    p->point.label = doc_str(p->b, "label", doc_str(p->b, "variant", ""));
    p->point.peak = log(peak(p->a) / peak(p->b));
    p->disturbed = disturbed(p);
}

/* The place of `word` among names[0 .. *n), where it is added; takes `word` over. */
static size_t place(char **names, size_t *n, char *word) {
    for (size_t i = 0; i < *n; i++)
        if (!strcmp(names[i], word)) {
            free(word);
            return i;
        }
    names[*n] = word;
    return (*n)++;
}

static void find_groups(struct comparison *c) {
    char **names = xmalloc((c->n + 1) * sizeof *names);
    size_t groups = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->pairs[i].x) c->pairs[i].point.group = place(names, &groups, noise_group(c->pairs[i].b));
    while (groups > 0) free(names[--groups]);
    free(names);
}

struct named {
    const char *id;
    const struct doc *row;
};

static int by_id(const void *a, const void *b) {
    return strcmp(((const struct named *)a)->id, ((const struct named *)b)->id);
}

/* The rows in the order of their ids. */
static struct named *sorted(const struct doc *rows) {
    size_t n = doc_len(rows);
    struct named *all = xmalloc((n + 1) * sizeof *all);
    for (size_t i = 0; i < n; i++)
        all[i] = (struct named){doc_str(doc_at(rows, i), "id", ""), doc_at(rows, i)};
    qsort(all, n, sizeof *all, by_id);
    return all;
}

/* The points of both runs, in the order of B. */
static void match(struct comparison *c) {
    struct named *in_a = sorted(c->rows_a);
    c->pairs = xmalloc((doc_len(c->rows_b) + 1) * sizeof *c->pairs);
    for (size_t i = 0; i < doc_len(c->rows_b); i++) {
        struct named key = {doc_str(doc_at(c->rows_b, i), "id", ""), NULL},
                     *found = bsearch(&key, in_a, doc_len(c->rows_a), sizeof key, by_id);
        if (!found) continue;
        c->pairs[c->n] = (struct pair){.a = found->row, .b = doc_at(c->rows_b, i)};
        read_times(&c->pairs[c->n]);
        c->timed += c->pairs[c->n].x ? 1 : 0;
        c->n++;
    }
    free(in_a);
    find_groups(c);
}

/* ---- the test ---------------------------------------------------------------------------------- */

static void estimate_noise(struct comparison *c) {
    struct noise_point *points = xmalloc((c->timed + 1) * sizeof *points);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->pairs[i].x) points[n++] = c->pairs[i].point;
    noise_estimate(&c->noise, points, n, c->bar);
    noise_add_floor(&c->noise, c->rows_a, c->rows_b);
    n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->pairs[i].x) c->pairs[i].point = points[n++];
    free(points);
}

/* Ranks know of no variance and no normal distribution. Where there are enough processes for them to be able to
   reject, they have to. */
static void test_ranks(struct pair *p, double p_max) {
    double by = noise_log_ratio(&p->point) - p->effect, *y;
    if (p->nx < RANKS_MIN || p->ny < RANKS_MIN || inference_mann_whitney_least(p->nx, p->ny) > p_max) return;
    y = xmalloc(p->ny * sizeof *y);
    for (size_t i = 0; i < p->ny; i++) y[i] = p->y[i] - by;
    p->p = fmax(p->p, inference_mann_whitney(p->x, p->nx, y, p->ny));
    p->ranks = "mann-whitney";
    free(y);
}

static double reach(const struct comparison *c, const struct pair *q) {
    double df, variance = noise_variance_measured(&c->noise, &q->point, &df);
    return df > 0 ? inference_t_critical(LEVEL, df) * sqrt(variance) : (double)INFINITY;
}

static void test(struct comparison *c) {
    double *p = xmalloc((c->timed + 1) * sizeof *p);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        struct pair *q = &c->pairs[i];
        if (!q->x) continue;
        q->error = sqrt(noise_variance(&c->noise, &q->point, &q->df));
        q->reach = reach(c, q);
        q->effect = noise_effect(&c->noise, &q->point, &q->far);
        q->p = q->effect == 0 ? 1 : inference_t_tail(q->effect / q->error, q->df);
        test_ranks(q, LEVEL / (double)c->timed);
        p[n++] = q->p;
    }
    inference_holm(p, n);
    n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->pairs[i].x) c->pairs[i].holm = p[n++];
    free(p);
}

const char *compare_word(const struct compare_evidence *e, const char **why) {
    int significant = e->holm<LEVEL, beyond = fabs(e->effect)> e->bar;
    *why = NULL;
    if (significant && beyond && fabs(e->effect) > e->noise) return e->effect > 0 ? "slower" : "faster";
    if (fabs(e->far) + e->reach <= e->bar) return "same";
    *why = !(e->df > 0)             ? "one process a side has no scatter"
           : beyond && !significant ? "beyond the threshold, but it may be chance"
           : beyond                 ? "beyond the threshold, but within what the machine does by itself"
           : significant            ? "different, perhaps by more than the threshold"
                                    : "too noisy for the threshold";
    return "ambiguous";
}

static const char *verdict(const struct comparison *c, const struct pair *q, const char **why) {
    struct compare_evidence e = {.effect = q->effect,
                                 .holm = q->holm,
                                 .far = q->far,
                                 .reach = q->reach,
                                 .df = q->df,
                                 .bar = c->bar,
                                 .noise = noise_bar(&c->noise, &q->point)};
    const char *word = compare_word(&e, why);
    int is_change = !strcmp(word, "slower") || !strcmp(word, "faster");
    if (!q->disturbed || !is_change) return word;
    *why = q->disturbed;
    return "ambiguous";
}

/* The least change that half of the points could show, as a share; NaN where there is none. */
static double detectable(const struct comparison *c) {
    double *least = xmalloc((c->timed + 1) * sizeof *least), middle;
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct pair *q = &c->pairs[i];
        if (q->x && q->df > 0) least[n++] = q->error * inference_t_critical(LEVEL / (double)c->timed, q->df);
    }
    middle = expm1(stats_median(least, n));
    free(least);
    return middle;
}

/* ---- the document ------------------------------------------------------------------------------ */

static struct doc *time_doc(const struct comparison *c, const struct pair *q) {
    struct doc *d = doc_object();
    double ratio = noise_log_ratio(&q->point);
    const char *why, *word = verdict(c, q, &why);
    doc_put_str(d, "verdict", word);
    if (why) doc_put_str(d, "why", why);
    doc_put_num(d, "ratio", exp(ratio));
    doc_put(d, "ci", doc_pair(exp(ratio - q->reach), exp(ratio + q->reach)));
    doc_put_num(d, "ratio_least", exp(q->effect));
    doc_put_num(d, "p", q->p);
    doc_put_num(d, "p_holm", q->holm);
    doc_put_num(d, "df", q->df);
    if (q->ranks) doc_put_str(d, "ranks", q->ranks);
    doc_put(d, "median_ns", doc_pair(doc_num(q->a, "time.median_ns", 0), doc_num(q->b, "time.median_ns", 0)));
    doc_put(d, "processes", doc_pair((double)q->nx, (double)q->ny));
    return d;
}

static int is_worse(const struct doc *point) {
    const struct doc *changes = doc_get(point, "changes");
    for (size_t i = 0; i < doc_len(changes); i++)
        if (!strcmp(doc_str(doc_at(changes, i), "kind", ""), "worse")) return 1;
    return !strcmp(doc_str(point, "time.verdict", ""), "slower") && !doc_flag(point, "control");
}

static struct doc *point_doc(const struct comparison *c, const struct pair *q) {
    struct doc *d = doc_object(), *changes = doc_array();
    doc_put_str(d, "id", doc_str(q->b, "id", ""));
    doc_put_bool(d, "control", q->point.control);
    compare_facts(changes, q->a, q->b);
    if (q->x) doc_put(d, "time", time_doc(c, q));
    doc_put(d, "changes", changes);
    doc_put_bool(d, "regression", is_worse(d));
    doc_put_str(d, "repro", doc_str(q->b, "repro", NULL));
    return d;
}

/* The ids of `rows` that `others` do not have. */
static struct doc *only(const struct doc *rows, const struct doc *others) {
    struct idset ids = {0};
    struct doc *d = doc_array();
    for (size_t i = 0; i < doc_len(others); i++) idset_add(&ids, doc_str(doc_at(others, i), "id", ""));
    for (size_t i = 0; i < doc_len(rows); i++) {
        const char *id = doc_str(doc_at(rows, i), "id", "");
        if (!idset_has(&ids, id)) doc_add(d, doc_string(id));
    }
    idset_free(&ids);
    return d;
}

/* The groups that moved as a whole, beside the common shift, by more than the threshold. */
static struct doc *groups_apart(const struct comparison *c) {
    struct doc *d = doc_array();
    for (size_t i = 0, next = 0; i < c->n; i++) { /* groups are numbered as they are met */
        const struct pair *q = &c->pairs[i];
        if (!q->x || q->point.group != next) continue;
        double by = c->noise.group_shift[next++];
        const char *id = doc_str(q->b, "id", ""), *slash = strchr(id, '/');
        if (!(fabs(by) > c->bar)) continue; /* NaN: not known */
        struct doc *one = doc_object();
        doc_put_str(one, "group", slash ? slash + 1 : id);
        doc_put_num(one, "ratio", exp(by));
        doc_add(d, one);
    }
    return d;
}

static struct doc *noise_doc(const struct comparison *c) {
    const struct noise *z = &c->noise;
    struct doc *d = doc_object();
    doc_put_num(d, "groups", (double)z->groups);
    doc_put_num(d, "process_sd", z->groups ? sqrt(stats_median(z->pooled, z->groups)) : (double)NAN);
    doc_put_num(d, "detectable", detectable(c));
    doc_put_num(d, "floor", z->has_floor ? expm1(z->floor) : (double)NAN);
    doc_put_num(d, "floor_groups", (double)z->floor_groups);
    doc_put_num(d, "shift", z->has_shift ? exp(z->shift) : (double)NAN);
    doc_put_num(d, "credited", exp(z->credited));
    doc_put_num(d, "spread", z->has_spread ? z->spread : (double)NAN);
    doc_put_num(d, "spread_groups", (double)z->spread_groups);
    doc_put_num(d, "controls", z->has_controls ? exp(z->controls) : (double)NAN);
    doc_put(d, "groups_apart", groups_apart(c));
    doc_put_num(d, "sentinel", z->has_peak ? exp(z->peak) : (double)NAN);
    return d;
}

void compare_count(struct doc *d) {
    static const char *const words[] = {"slower", "faster", "same", "ambiguous"};
    const struct doc *points = doc_get(d, "points");
    size_t times[4] = {0}, regressions = 0, controls = 0;
    for (size_t i = 0; i < doc_len(points); i++) {
        const char *word = doc_str(doc_at(points, i), "time.verdict", "");
        int moved = !strcmp(word, "slower") || !strcmp(word, "faster");
        regressions += doc_flag(doc_at(points, i), "regression") ? 1 : 0;
        if (moved && doc_flag(doc_at(points, i), "control")) controls++;
        else
            for (int w = 0; w < 4; w++) times[w] += !strcmp(word, words[w]) ? 1 : 0;
    }
    doc_put_num(d, "counts.points", (double)doc_len(points));
    doc_put_num(d, "counts.regressions", (double)regressions);
    doc_put_num(d, "counts.controls", (double)controls);
    for (int w = 0; w < 4; w++) {
        char *path = format("counts.%s", words[w]);
        doc_put_num(d, path, (double)times[w]);
        free(path);
    }
}

struct doc *compare_runs(const struct doc *rows_a, const struct doc *rows_b, double threshold) {
    struct comparison c = {.rows_a = rows_a, .rows_b = rows_b, .bar = log1p(threshold)};
    struct doc *d = doc_object(), *points = doc_array();
    match(&c);
    estimate_noise(&c);
    test(&c);
    doc_put_num(d, "schema", 1);
    doc_put_num(d, "threshold", threshold);
    doc_put(d, "noise", noise_doc(&c));
    doc_put_num(d, "counts.timed", (double)c.timed);
    for (size_t i = 0; i < c.n; i++) doc_add(points, point_doc(&c, &c.pairs[i]));
    doc_put(d, "points", points);
    doc_put(d, "only_in_a", only(rows_a, rows_b));
    doc_put(d, "only_in_b", only(rows_b, rows_a));
    compare_count(d);
    for (size_t i = 0; i < c.n; i++) free(c.pairs[i].x), free(c.pairs[i].y);
    free(c.pairs);
    noise_free(&c.noise);
    return d;
}
