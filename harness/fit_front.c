/*
 * fit_front.c -- at each length, the variants that no other beats in time, memory and error together.
 *
 * x beats y where it is faster in the same processes by more than the noise floor, and neither its memory nor its error
 * is greater, see front.h. So noise keeps a variant on the front and never takes it off. Controls are no candidates, or
 * `zero` would beat nearly all. A member is told apart where one of them, measured, beats it, or where its error is no
 * less than that of zeros or of the mean of V: it is no better than nothing.
 */
#include <math.h>
#include <stdlib.h>

#include "fit_parts.h"
#include "front.h"
#include "row_error.h"
#include "text.h"

/* -1 where a row lacks time, memory or error: it takes no part. */
static int rival_at(struct rival *r, const struct fit_curve *c, double n) {
    const struct fit_point *p = fit_curve_at(c, n);
    if (!p) return -1;
    *r = rival_of(c->label, p->row);
    r->floor = p->floor;
    return isnan(r->ns) || isnan(r->bytes) || isnan(r->error) ? -1 : 0;
}

static double high(const struct rival *r) {
    const struct doc *ci = doc_get(r->row, "time.ci_ns");
    return ci ? doc_as_num(doc_at(ci, 1)) : r->ns;
}

/* Those on the front that beat y; who beats a beaten one beats all that this one beats, or nearly: where processes
   disagree, there may be none, and any that beats it is named. */
static struct doc *beaters(const struct rival *all, size_t n, const struct rival *y, int members,
                           const char **fastest) {
    struct doc *labels = doc_array();
    double least = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!rival_beats(&all[i], y, FRONT_BOTH)) continue;
        if (members && rival_is_beaten(&all[i], all, n, FRONT_BOTH)) continue;
        doc_add(labels, doc_string(all[i].label));
        if (high(&all[i]) < least) least = high(&all[i]), *fastest = all[i].label;
    }
    if (doc_len(labels) || !members) return labels;
    doc_free(labels);
    return beaters(all, n, y, 0, fastest);
}

static struct doc *front_of(const struct fit_series *s, double n, const struct rival *all, size_t rivals) {
    struct doc *front = doc_object(), *members = doc_array(), *beaten = doc_array();
    for (size_t i = 0; i < rivals; i++) {
        if (!rival_is_beaten(&all[i], all, rivals, FRONT_BOTH)) {
            doc_add(members, doc_string(all[i].label));
            continue;
        }
        const char *fastest = NULL;
        struct doc *one = doc_object(), *labels = beaters(all, rivals, &all[i], 1, &fastest);
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

/* The control that beats the rival, run or not; NULL: none does. */
static const char *control_above(const struct rival *r, const struct rival *controls, size_t ncontrols) {
    for (size_t c = 0; c < ncontrols; c++)
        if (rival_beats(&controls[c], r, FRONT_BOTH)) return controls[c].label;
    return row_error_control(r->row);
}

/* Members that a control beats. */
static struct doc *below_controls(const struct doc *members, const struct rival *all, size_t n,
                                  const struct rival *controls, size_t ncontrols) {
    struct doc *below = doc_array();
    for (size_t i = 0; i < n; i++) {
        const char *by = control_above(&all[i], controls, ncontrols);
        if (!by || !doc_has_word(members, all[i].label)) continue;
        struct doc *one = doc_object();
        doc_put_str(one, "label", all[i].label);
        doc_put_str(one, "by", by);
        doc_add(below, one);
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
            count += rival_at(&all[count], &s->curves[c], n) == 0;
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
