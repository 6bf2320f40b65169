/*
 * fit_front.c -- at each length, the variants that no other beats in time, memory and error together.
 *
 * x beats y where its time is less, the intervals of the two medians apart by more than the noise floor, and
 * neither its memory nor its error is greater. So noise keeps a variant on the front and never takes it off.
 * Errors of rounding are all alike. Controls are no candidates, or `zero` would beat nearly all; whom they beat
 * is told apart: it is no better than nothing.
 */
#include <math.h>
#include <stdlib.h>

#include "accuracy.h"
#include "fit_parts.h"
#include "text.h"

struct rival {
    const char *label;
    double floor; /* of noise, a logarithm */
    double low, high, bytes, error;
};

/* -1 where a row lacks one of the three: it takes no part. */
static int rival_of(struct rival *r, const struct fit_curve *c, double n) {
    const struct fit_point *p = fit_curve_at(c, n);
    if (!p) return -1;
    const struct doc *ci = doc_get(p->row, "time.ci_ns");
    double ns = doc_num(p->row, "time.median_ns", (double)NAN);
    *r = (struct rival){c->label,
                        p->floor,
                        doc_as_num(doc_at(ci, 0)),
                        doc_as_num(doc_at(ci, 1)),
                        fit_memory_bytes(p->row),
                        fmax(doc_num(p->row, "accuracy.softmax.rel_fro", (double)INFINITY), ACCURACY_EXACT)};
    if (isnan(r->low) || isnan(r->high)) r->low = r->high = ns;
    return isnan(r->bytes) || isinf(r->error) ? -1 : 0;
}

static int beats(const struct rival *x, const struct rival *y) {
    return x->high * exp(fmax(x->floor, y->floor)) < y->low && x->bytes <= y->bytes && x->error <= y->error;
}

static int is_beaten(const struct rival *all, size_t n, const struct rival *y) {
    for (size_t i = 0; i < n; i++)
        if (beats(&all[i], y)) return 1;
    return 0;
}

/* Those on the front that beat y; who beats a beaten one beats all that this one beats, so there are some. */
static struct doc *beaters(const struct rival *all, size_t n, const struct rival *y, const char **fastest) {
    struct doc *labels = doc_array();
    double least = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!beats(&all[i], y) || is_beaten(all, n, &all[i])) continue;
        doc_add(labels, doc_string(all[i].label));
        if (all[i].high < least) least = all[i].high, *fastest = all[i].label;
    }
    return labels;
}

static struct doc *front_of(const struct fit_series *s, double n, const struct rival *all, size_t rivals) {
    struct doc *front = doc_object(), *members = doc_array(), *beaten = doc_array();
    for (size_t i = 0; i < rivals; i++) {
        if (!is_beaten(all, rivals, &all[i])) {
            doc_add(members, doc_string(all[i].label));
            continue;
        }
        const char *fastest = NULL;
        struct doc *one = doc_object(), *labels = beaters(all, rivals, &all[i], &fastest);
        doc_put_str(one, "label", all[i].label);
        doc_put_str(one, "by", fastest);
        doc_put(one, "by_all", labels);
        doc_add(beaten, one);
    }
    doc_put(front, "series", doc_copy(s->about));
    doc_put_num(front, "n", n);
    doc_put(front, "members", members);
    doc_put(front, "beaten", beaten);
    return front;
}

/* Members that a control beats. */
static struct doc *below_controls(const struct doc *members, const struct rival *all, size_t n,
                                  const struct rival *controls, size_t ncontrols) {
    struct doc *below = doc_array();
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < ncontrols && doc_has_word(members, all[i].label); c++) {
            if (!beats(&controls[c], &all[i])) continue;
            struct doc *one = doc_object();
            doc_put_str(one, "label", all[i].label);
            doc_put_str(one, "by", controls[c].label);
            doc_add(below, one);
            break;
        }
    return below;
}

static double next_length(const struct fit_series *s, double after) {
    double next = (double)INFINITY;
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->curves[c].count; i++)
            if (s->curves[c].points[i].n > after) next = fmin(next, s->curves[c].points[i].n);
    return next;
}

static size_t rivals_at(const struct fit_series *s, double n, int controls, struct rival *all) {
    size_t count = 0;
    for (size_t c = 0; c < s->ncurves; c++)
        if (fit_curve_is(&s->curves[c], "control") == controls)
            count += rival_of(&all[count], &s->curves[c], n) == 0;
    return count;
}

void fit_fronts(struct doc *list, const struct fit_series *s) {
    struct rival *all = xmalloc(s->ncurves * sizeof *all), *controls = xmalloc(s->ncurves * sizeof *controls);
    for (double n = next_length(s, 0); !isinf(n); n = next_length(s, n)) {
        size_t rivals = rivals_at(s, n, 0, all), ncontrols = rivals_at(s, n, 1, controls);
        if (!rivals) continue;
        struct doc *front = front_of(s, n, all, rivals);
        doc_put(front, "below_controls",
                below_controls(doc_get(front, "members"), all, rivals, controls, ncontrols));
        doc_add(list, front);
    }
    free(all), free(controls);
}
