/* tradeoff.c -- error against time: what the one costs of the other. */
#include "tradeoff.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "text.h"

extern const char tradeoff_gp[]; /* made from scripts/tradeoff.gp */

static const double exact = 1e-4; /* a curve that lies below is a line of its time */
static const size_t fewest = 3;   /* points that make a curve, or mechanisms a picture */

struct dot {
    const struct doc *row;
    char *family, *setting; /* "linformer", "rank=64": the label without the numbers that vary, and those */
    double time, error;
};

struct dots {
    size_t n, room;
    struct dot *all;
};

static int is_measured(const struct doc *row) {
    return row && !strcmp(doc_str(row, "status", ""), "ok") && doc_num(row, "time.median_ns", 0) > 0 &&
           doc_is_number(doc_get(row, "accuracy.softmax.rel_fro"));
}

/* Does a number of this name take several values among the measured points of the variant? */
static int varies(const struct dots *dots, const struct dot *dot, const char *name) {
    const struct doc *own = doc_get(doc_get(dot->row, "params"), name);
    if (!doc_is_number(own)) return 0;
    for (size_t i = 0; i < dots->n; i++)
        if (!strcmp(doc_str(dots->all[i].row, "variant", ""), doc_str(dot->row, "variant", "")) &&
            doc_num(doc_get(dots->all[i].row, "params"), name, 0) != doc_as_num(own))
            return 1;
    return 0;
}

/* Cuts the label, "name,key=value,key=value", into what names the curve and what varies along it. */
static void split_label(const struct dots *dots, struct dot *dot) {
    struct text family = {0}, setting = {0};
    const char *label = doc_str(dot->row, "label", ""), *end;
    const struct doc *params = doc_get(dot->row, "params");
    end = label + strcspn(label, ",");
    text_add(&family, "%.*s", (int)(end - label), label);
    for (label = end; *label; label = end) {
        const char *key = label + 1;
        end = key + strcspn(key, ",");
        char *name = format("%.*s", (int)strcspn(key, "="), key);
        if (!varies(dots, dot, name)) text_add(&family, "%.*s", (int)(end - label), label);
        free(name);
    }
    for (size_t i = 0; i < doc_len(params); i++)
        if (varies(dots, dot, doc_key(params, i)))
            text_add(&setting, "%s%.6g", setting.length ? " " : "", doc_num(params, doc_key(params, i), 0));
    text_append(&setting, "", 0);
    dot->family = family.s;
    dot->setting = setting.s;
}

static void collect(struct dots *dots, const struct slice *s) {
    *dots = (struct dots){.all = xmalloc(s->ncurves * sizeof *dots->all)};
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct doc *row = s->curves[c].rows[s->nx - 1];
        if (!is_measured(row)) continue;
        dots->all[dots->n++] = (struct dot){.row = row,
                                            .time = doc_num(row, "time.median_ns", 0) * 1e-9,
                                            .error = doc_num(row, "accuracy.softmax.rel_fro", 0)};
    }
    for (size_t i = 0; i < dots->n; i++) split_label(dots, &dots->all[i]);
}

/* The place of the first point of the curve that point i belongs to. */
static size_t leader(const struct dots *dots, size_t i) {
    size_t first = 0;
    while (strcmp(dots->all[first].family, dots->all[i].family)) first++;
    return first;
}

static size_t inexact(const struct dots *dots) {
    size_t n = 0;
    for (size_t i = 0; i < dots->n; i++) n += dots->all[i].error >= exact;
    return n;
}

static int by_time(const void *x, const void *y) {
    const struct dot *a = x, *b = y;
    return (a->time > b->time) - (a->time < b->time);
}

/* The front: the least error that a time buys, as steps from the first point to the right end. */
static void add_front(struct text *script, const struct dots *dots, const double times[2]) {
    struct dot *sorted = xmalloc((dots->n + 1) * sizeof *sorted);
    double best = (double)INFINITY;
    memcpy(sorted, dots->all, dots->n * sizeof *sorted);
    qsort(sorted, dots->n, sizeof *sorted, by_time);
    text_add(script, "$front << EOD\n");
    for (size_t i = 0; i < dots->n && best >= exact; i++) {
        if (sorted[i].error >= best) continue;
        if (sorted[i].error < exact) text_add(script, "%.9g,%.9g\n", sorted[i].time, best);
        best = sorted[i].error;
        if (best >= exact) text_add(script, "%.9g,%.9g\n", sorted[i].time, best);
    }
    if (best >= exact) text_add(script, "%.9g,%.9g\n", times[1] * 1.6, best);
    text_add(script, "EOD\n");
    free(sorted);
}

static size_t largest_curve(const struct dots *dots) {
    size_t most = 0;
    for (size_t i = 0; i < dots->n; i++) {
        size_t n = 0;
        for (size_t x = 0; x < dots->n; x++) n += leader(dots, x) == i && dots->all[x].error >= exact;
        most = n > most ? n : most;
    }
    return most;
}

static void widen(double range[2], double x) {
    range[0] = fmin(range[0], x);
    range[1] = fmax(range[1], x);
}

/* Data and script in one go: curve after curve, a curve in the order of its settings. */
static int draw(const char *folder, const struct slice *s, const struct dots *dots) {
    struct text data = {0}, script = {0}, labels = {0};
    char *name = format("tradeoff-%s", s->slug);
    double times[2] = {(double)INFINITY, 0}, errors[2] = {(double)INFINITY, 0};
    size_t curves = 0;
    picture_heading(&script, name);
    text_add(&data, "curve,seconds,error,setting\n");
    for (size_t first = 0; first < dots->n; first++) {
        if (leader(dots, first) != first) continue;
        const struct dot *dot = &dots->all[first];
        widen(times, dot->time);
        if (dot->error < exact) {
            text_add(&script, "set arrow from %.9g, graph 0 to %.9g, graph 1 nohead lc rgb '#555555' dt 4\n",
                     dot->time, dot->time);
            text_add(&script, "set label ");
            picture_quote(&script, dot->family);
            text_add(&script,
                     " at %.9g, graph 0.98 right rotate by 90 offset -0.8, 0 noenhanced font ',10'\n",
                     dot->time);
            continue;
        }
        curves++;
        text_add(&labels, "label[%zu] = ", curves);
        picture_quote(&labels, dot->family);
        text_add(&labels, "\n");
        for (size_t x = first; x < dots->n; x++)
            if (leader(dots, x) == first) {
                widen(times, dots->all[x].time), widen(errors, dots->all[x].error);
                text_add(&data, "%zu,%.9g,%.9g,%s\n", curves, dots->all[x].time, dots->all[x].error,
                         dots->all[x].setting);
            }
    }
    text_add(&script, "data = \"%s.csv\"\ncurves = %zu\narray label[%zu]\n%stitle_ = ", name, curves, curves,
             labels.s);
    picture_quote(&script, s->title);
    text_add(&script, "\n");
    text_add(&script, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", times[0] / 1.6, times[1] * 1.6,
             errors[0] / 1.6, errors[1] * 1.6);
    add_front(&script, dots, times);
    picture_terminals(&script, name, tradeoff_gp);
    int failed = picture_save(folder, name, ".csv", data.s) || picture_draw(folder, name, script.s);
    free(labels.s);
    free(name);
    return failed ? -1 : 1;
}

int tradeoff_plot(const char *folder, const struct slice *s) {
    struct dots dots;
    collect(&dots, s);
    int drawn = largest_curve(&dots) >= fewest || inexact(&dots) >= fewest ? draw(folder, s, &dots) : 0;
    for (size_t i = 0; i < dots.n; i++) free(dots.all[i].family), free(dots.all[i].setting);
    free(dots.all);
    return drawn;
}
