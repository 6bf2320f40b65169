/* tradeoff.c -- error against time: what the one costs of the other. */
#include "tradeoff.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "dots.h"
#include "picture.h"
#include "text.h"

extern const char tradeoff_gp[]; /* made from scripts/tradeoff.gp */

static const size_t fewest = 3; /* points that make a curve, or mechanisms a picture */

static size_t inexact(const struct dots *dots) {
    size_t n = 0;
    for (size_t i = 0; i < dots->n; i++) n += dots->all[i].error >= ACCURACY_EXACT;
    return n;
}

static int by_time(const void *x, const void *y) {
    const struct dot *a = x, *b = y;
    return (a->time > b->time) - (a->time < b->time);
}

static int is_control(const struct dot *dot) { return !strcmp(doc_str(dot->row, "kind", ""), "control"); }

/* The front: the least error that a time buys, controls aside, as steps from the first point to the right end. */
static void add_front(struct text *script, const struct dots *dots, const double times[2]) {
    struct dot *sorted = xmalloc((dots->n + 1) * sizeof *sorted);
    double best = (double)INFINITY;
    memcpy(sorted, dots->all, dots->n * sizeof *sorted);
    qsort(sorted, dots->n, sizeof *sorted, by_time);
    text_add(script, "$front << EOD\n");
    for (size_t i = 0; i < dots->n && best >= ACCURACY_EXACT; i++) {
        if (sorted[i].error >= best || is_control(&sorted[i])) continue;
        if (sorted[i].error < ACCURACY_EXACT) text_add(script, "%.9g,%.9g\n", sorted[i].time, best);
        best = sorted[i].error;
        if (best >= ACCURACY_EXACT) text_add(script, "%.9g,%.9g\n", sorted[i].time, best);
    }
    if (best >= ACCURACY_EXACT) text_add(script, "%.9g,%.9g\n", times[1] * 1.6, best);
    text_add(script, "EOD\n");
    free(sorted);
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
        if (dots_leader(dots, first) != first) continue;
        const struct dot *dot = &dots->all[first];
        widen(times, dot->time);
        if (dot->error < ACCURACY_EXACT) {
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
            if (dots_leader(dots, x) == first) {
                widen(times, dots->all[x].time), widen(errors, dots->all[x].error);
                text_add(&data, "%zu,%.9g,%.9g,%s\n", curves, dots->all[x].time, dots->all[x].error,
                         dots->all[x].setting);
            }
    }
    text_add(&script, "data = \"%s.csv\"\ncurves = %zu\narray label[%zu]\n%stitle_ = ", name, curves, curves,
             labels.s);
    char *title =
        strcmp(s->axis, "n") ? xstrdup(s->title) : format("%s, n %.10g", s->title, s->x[slice_last(s)]);
    picture_quote(&script, title);
    free(title);
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

/* Those that were not timed have no place here. */
static void keep_timed(struct dots *dots) {
    size_t kept = 0;
    for (size_t i = 0; i < dots->n; i++)
        if (dots->all[i].time > 0) dots->all[kept++] = dots->all[i];
        else free(dots->all[i].family), free(dots->all[i].setting);
    dots->n = kept;
}

int tradeoff_plot(const char *folder, const struct slice *s) {
    struct dots dots;
    dots_collect(&dots, s);
    keep_timed(&dots);
    int enough = dots_largest_curve(&dots, ACCURACY_EXACT) >= fewest || inexact(&dots) >= fewest;
    int drawn = enough ? draw(folder, s, &dots) : 0;
    dots_free(&dots);
    return drawn;
}
