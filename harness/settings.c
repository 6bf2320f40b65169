/* settings.c -- error over the parameter that buys accuracy. */
#include "settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "dots.h"
#include "picture.h"
#include "text.h"

extern const char settings_gp[]; /* made from scripts/settings.gp */

enum { FEWEST = 3 };

/* The one number that varies along the curve of the dot; NaN where there are several, or none. */
static double value_of(const struct dot *dot) {
    char *end;
    double x = strtod(dot->setting, &end);
    return *dot->setting && !*end && x > 0 ? x : (double)NAN;
}

static size_t curve_length(const struct dots *dots, size_t first) {
    size_t n = 0;
    for (size_t i = first; i < dots->n; i++)
        n += dots_leader(dots, i) == first && !isnan(value_of(&dots->all[i])) &&
             dots->all[i].error > ACCURACY_EXACT;
    return n;
}

static int by_value(const void *x, const void *y) {
    double a = value_of(*(const struct dot *const *)x), b = value_of(*(const struct dot *const *)y);
    return (a > b) - (a < b);
}

/* The points of one curve, ascending. */
static void add_curve(struct text *data, const struct dots *dots, size_t first, size_t number) {
    const struct dot **sorted = xmalloc(dots->n * sizeof *sorted);
    size_t n = 0;
    for (size_t i = first; i < dots->n; i++)
        if (dots_leader(dots, i) == first && !isnan(value_of(&dots->all[i]))) sorted[n++] = &dots->all[i];
    qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t i = 0; i < n; i++) {
        double oracle = doc_num(sorted[i]->row, "accuracy.oracle.rel_fro", (double)NAN);
        text_add(data, "%zu,%.9g,%.9g,%.9g,%.9g,", number, value_of(sorted[i]),
                 fmax(sorted[i]->error, ACCURACY_EXACT), fmax(sorted[i]->low, ACCURACY_EXACT),
                 fmax(sorted[i]->high, ACCURACY_EXACT));
        if (oracle > ACCURACY_EXACT) text_add(data, "%.9g", oracle);
        text_add(data, "\n");
    }
    free(sorted);
}

static int draw(const char *folder, const struct slice *s, const struct dots *dots) {
    struct text data = {0}, script = {0}, labels = {0}, oracles = {0};
    char *name = format("settings-%s", s->slug);
    size_t curves = 0;
    text_append(&oracles, "", 0);
    picture_heading(&script, name);
    text_add(&data, "curve,value,error,low,high,oracle\n");
    for (size_t first = 0; first < dots->n; first++) {
        if (dots_leader(dots, first) != first || curve_length(dots, first) < FEWEST) continue;
        add_curve(&data, dots, first, ++curves);
        text_add(&labels, "label[%zu] = ", curves);
        picture_quote(&labels, dots->all[first].family);
        text_add(&labels, "\n");
        if (doc_num(dots->all[first].row, "accuracy.oracle.rel_fro", 0) > ACCURACY_EXACT)
            text_add(&oracles, "%zu ", curves);
    }
    text_add(&script,
             "data = \"%s.csv\"\ncurves = %zu\narray label[%zu]\n%soracles = \"%s\"\ntitle_ = ", name, curves,
             curves, labels.s, oracles.s);
    char *title = format("%s, %s %.10g", s->title, s->axis, s->x[slice_last(s)]);
    picture_quote(&script, title);
    text_add(&script, "\n");
    picture_terminals(&script, name, settings_gp);
    int failed = picture_save(folder, name, ".csv", data.s) || picture_draw(folder, name, script.s);
    free(labels.s), free(oracles.s);
    free(title), free(name);
    return failed ? -1 : 1;
}

int settings_plot(const char *folder, const struct slice *s) {
    struct dots dots;
    size_t most = 0;
    dots_collect(&dots, s);
    for (size_t i = 0; i < dots.n; i++) {
        size_t n = dots_leader(&dots, i) == i ? curve_length(&dots, i) : 0;
        most = n > most ? n : most;
    }
    int drawn = most >= FEWEST ? draw(folder, s, &dots) : 0;
    dots_free(&dots);
    return drawn;
}
