/* tradeoff.c -- error against time: what the one costs of the other. */
#include "tradeoff.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "dots.h"
#include "error_dots.h"
#include "front.h"
#include "picture.h"
#include "text.h"

extern const char tradeoff_gp[]; /* made from scripts/tradeoff.gp */

static const size_t fewest = 3; /* points that make a curve, or mechanisms a picture */

static size_t inexact(const struct dots *dots) {
    size_t n = 0;
    for (size_t i = 0; i < dots->n; i++) n += dots->all[i].error >= ACCURACY_EXACT;
    return n;
}

static int is_control(const struct dot *dot) { return !strcmp(doc_str(dot->row, "kind", ""), "control"); }

/* The front as steps to the right end: the errors of those that the words list, see advice.h. */
static void add_front(struct text *script, const struct dots *dots, const double times[2]) {
    struct rival *all = xmalloc((dots->n + 1) * sizeof *all);
    size_t *behind = xmalloc((dots->n + 1) * sizeof *behind), n = 0;
    double best = (double)INFINITY;
    for (size_t i = 0; i < dots->n; i++) {
        all[n] = rival_of(dots->all[i].family, dots->all[i].row);
        n += (size_t)rival_is_candidate(&all[n]);
    }
    n = front_sort(all, n, FRONT_TIME, behind);
    text_add(script, "$front << EOD\n");
    for (size_t i = 0; i < n && best > ACCURACY_EXACT; i++) {
        if (behind[i] != i) continue;
        if (all[i].error > ACCURACY_EXACT) best = all[i].error;
        if (isfinite(best)) text_add(script, "%.9g,%.9g\n", all[i].ns * 1e-9, best);
        if (all[i].error <= ACCURACY_EXACT) best = ACCURACY_EXACT;
    }
    if (best > ACCURACY_EXACT && isfinite(best)) text_add(script, "%.9g,%.9g\n", times[1] * 1.6, best);
    text_add(script, "EOD\n");
    free(all), free(behind);
}

static void widen(double range[2], double x) {
    range[0] = fmin(range[0], x);
    range[1] = fmax(range[1], x);
}

/* An error beyond the cap stands at it, in figures. */
static void add_point(struct text *data, size_t curve, const struct dot *dot) {
    double shown = fmin(dot->error, ERROR_CAP);
    text_add(data, "%zu,%.9g,%.9g,%.9g,%.9g,%s", curve, dot->time, shown, fmin(dot->low, shown),
             fmin(dot->high, ERROR_CAP), dot->setting);
    if (dot->error > ERROR_CAP) text_add(data, "%s(%.3g)", *dot->setting ? " " : "", dot->error);
    text_add(data, "\n");
}

/* Data and script in one go: curve after curve, a curve in the order of its settings. */
static int draw(const char *folder, const struct slice *s, const struct dots *dots) {
    struct text data = {0}, script = {0}, labels = {0};
    char *name = format("tradeoff-%s", s->slug);
    double times[2] = {(double)INFINITY, 0}, errors[2] = {(double)INFINITY, 0};
    size_t curves = 0, arrows = 0;
    double mean_v = error_of_mean_v(s, slice_last(s));
    widen(errors, 1), widen(errors, mean_v); /* NaN is no number */
    picture_heading(&script, name);
    text_add(&data, "curve,seconds,error,low,high,setting\n");
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
                     " at %.9g, graph %.2f right rotate by 90 offset -0.8, 0 noenhanced font ',10'\n",
                     dot->time, 0.98 - 0.3 * (double)(arrows++ % 3));
            continue;
        }
        curves++;
        text_add(&labels, "label[%zu] = ", curves);
        picture_quote(&labels, dot->family);
        text_add(&labels, "\ngrey[%zu] = %d\n", curves, is_control(dot));
        for (size_t x = first; x < dots->n; x++)
            if (dots_leader(dots, x) == first) {
                widen(times, dots->all[x].time), widen(errors, fmin(dots->all[x].error, ERROR_CAP));
                add_point(&data, curves, &dots->all[x]);
            }
    }
    text_add(&script,
             "data = \"%s.csv\"\ncurves = %zu\narray label[%zu]\narray grey[%zu]\n%smean_v = %.9g\ntitle_ = ",
             name, curves, curves, curves, labels.s, isnan(mean_v) ? 0 : mean_v);
    char *title = format("%s, %s %.10g", s->title, s->axis, s->x[slice_last(s)]);
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
