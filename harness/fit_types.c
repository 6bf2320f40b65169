/*
 * fit_types.c -- the table of layer types: what is declared of each, and how its time grows with n and with d.
 *
 * "Attention is all you need" (Vaswani et al. 2017, table 1) lists operations, sequential operations and the longest
 * path of each type of layer. Series that differ in nothing but the size of a head, dk = dv, are one here. Where three
 * sizes or more have a time, the exponent of time in d is told at the greatest length that all of them have, beside that
 * of the operations counted there; the exponent in n is that of the greatest size with enough lengths. Controls are no
 * type of layer, and within a multi-head layer it is not the operator alone whose time is told.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_parts.h"
#include "line.h"
#include "text.h"

/* ---- curves of one label at several sizes --------------------------------------------------------- */

struct size {
    double d;
    const struct fit_curve *curve;
};

struct sizes {
    struct doc *about; /* of the series, without the size of a head */
    const char *label;
    size_t count;
    struct size *all; /* by ascending size */
};

static struct doc *without_size(const struct fit_series *s) {
    struct doc *about = doc_copy(s->about);
    doc_drop(about, "dk");
    doc_drop(about, "dv");
    return about;
}

/* In its place. */
static void add_size(struct sizes *x, double d, const struct fit_curve *c) {
    size_t at = x->count;
    x->all = xrealloc(x->all, (x->count + 1) * sizeof *x->all);
    for (; at > 0 && x->all[at - 1].d > d; at--) x->all[at] = x->all[at - 1];
    x->all[at] = (struct size){d, c};
    x->count++;
}

/* The curve of the label in a series that is `about`, whatever its size; NULL: none. */
static const struct fit_curve *curve_in(const struct fit_series *s, const struct doc *about,
                                        const char *label) {
    struct doc *own = without_size(s);
    int is_it = doc_num(s->about, "dk", 0) == doc_num(s->about, "dv", -1) && doc_equal(own, about);
    doc_free(own);
    for (size_t c = 0; is_it && c < s->ncurves; c++)
        if (!strcmp(s->curves[c].label, label)) return &s->curves[c];
    return NULL;
}

/* All sizes of a label of series number `first`; none where an earlier series has told of it. */
static struct sizes sizes_of(const struct fit_run *run, size_t first, const char *label) {
    struct sizes x = {.about = without_size(&run->all[first]), .label = label};
    for (size_t s = 0; s < run->count; s++) {
        const struct fit_curve *curve = curve_in(&run->all[s], x.about, label);
        if (curve && s < first) break;
        if (curve) add_size(&x, doc_num(run->all[s].about, "dk", 1), curve);
    }
    return x;
}

static void free_sizes(struct sizes *x) {
    doc_free(x->about);
    free(x->all);
}

/* The greatest length that every size has; 0: none. */
static double common_length(const struct sizes *x) {
    const struct fit_curve *c = x->all[0].curve;
    for (size_t i = c->count; i-- > 0;) {
        size_t have = 0;
        for (size_t s = 0; s < x->count; s++) have += fit_curve_at(x->all[s].curve, c->points[i].n) != NULL;
        if (have == x->count) return c->points[i].n;
    }
    return 0;
}

/* ---- answers -------------------------------------------------------------------------------------- */

static double counted(const struct sizes *x, double n) {
    double *d = xmalloc(x->count * sizeof *d), *flops = xmalloc(x->count * sizeof *flops), slope;
    for (size_t i = 0; i < x->count; i++) {
        d[i] = log(x->all[i].d);
        flops[i] = log(doc_num(fit_curve_at(x->all[i].curve, n)->row, "flops", (double)NAN));
    }
    slope = line_slope(d, flops, x->count);
    free(d), free(flops);
    return isfinite(slope) ? slope : (double)NAN;
}

static struct doc *over_d(const struct sizes *x, double n) {
    struct fit_point *points = xmalloc(x->count * sizeof *points);
    struct doc *answer = doc_object(), *sizes = doc_array();
    for (size_t i = 0; i < x->count; i++) {
        points[i] = fit_point_make(fit_curve_at(x->all[i].curve, n)->row, x->all[i].d);
        doc_add(sizes, doc_number(x->all[i].d));
    }
    struct fit_slope s = fit_slope_of(points, x->count);
    for (size_t i = 0; i < x->count; i++) free(points[i].draws);
    free(points);
    doc_put_num(answer, "counted", counted(x, n));
    doc_put_num(answer, "slope", s.value);
    doc_put(answer, "interval", doc_pair(s.interval[0], s.interval[1]));
    doc_put_num(answer, "at_n", n);
    doc_put(answer, "sizes", sizes);
    return answer;
}

static struct doc *over_n(const struct sizes *x) {
    size_t at = x->count - 1;
    struct doc *answer = fit_time(x->all[at].curve);
    while (at > 0 && doc_num(answer, "points", 0) < FIT_FEWEST) {
        doc_free(answer);
        answer = fit_time(x->all[--at].curve);
    }
    doc_drop(answer, "local");
    doc_put_num(answer, "at_d", x->all[at].d);
    return answer;
}

static void tell(struct doc *list, const struct sizes *x) {
    const struct doc *row = fit_curve_row(x->all[0].curve);
    double n = common_length(x);
    if (n == 0) return;
    struct doc *one = doc_object();
    doc_put_str(one, "label", x->label);
    doc_put_str(one, "variant", doc_str(row, "variant", x->label));
    doc_put_str(one, "family", doc_str(row, "family", "other"));
    doc_put(one, "series", doc_copy(x->about));
    doc_put_str(one, "operations", doc_str(row, "growth.operations", "?"));
    doc_put_str(one, "steps", doc_str(row, "growth.steps", "?"));
    doc_put_str(one, "path", doc_str(row, "growth.path", "?"));
    doc_put(one, "n", over_n(x));
    doc_put(one, "d", over_d(x, n));
    doc_add(list, one);
}

void fit_layer_types(struct doc *list, const struct fit_run *run) {
    for (size_t s = 0; s < run->count; s++)
        for (size_t c = 0; c < run->all[s].ncurves; c++) {
            if (doc_get(run->all[s].about, "layer") || fit_curve_is(&run->all[s].curves[c], "control"))
                continue;
            struct sizes x = sizes_of(run, s, run->all[s].curves[c].label);
            if (x.count >= FIT_FEWEST) tell(list, &x);
            free_sizes(&x);
        }
}
