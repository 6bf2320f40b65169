/* fit_ceiling.c -- how near each point comes to what the machine can do, and which limit that is. */
#include <math.h>
#include <string.h>

#include "fit.h"
#include "fit_parts.h"

/* The row has the share of the nearer ceiling: arithmetic, where that is the share of the peak. */
static const char *nearer(const struct doc *row, double share) {
    return doc_num(row, "peak_fraction", 0) >= share * (1 - 1e-9) ? "arithmetic" : "bandwidth";
}

void fit_ceilings(struct doc *list, const struct fit_series *s) {
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->curves[c].count; i++) {
            const struct fit_point *p = &s->curves[c].points[i];
            double share = doc_num(p->row, "roofline_fraction", (double)NAN);
            if (isnan(share)) continue;
            struct doc *one = doc_object();
            doc_put_str(one, "label", s->curves[c].label);
            doc_put(one, "series", doc_copy(s->about));
            doc_put_num(one, "n", p->n);
            doc_put_num(one, "share", share);
            doc_put_str(one, "ceiling", share > 0 ? nearer(p->row, share) : "none");
            doc_put_num(one, "bytes", doc_num(p->row, "bytes", (double)NAN));
            doc_add(list, one);
        }
}

/* Repeated calls find what the last cache holds there; a cold one does not. */
void fit_mark_caches(struct doc *answers, double last_cache) {
    struct doc *list = doc_get(answers, "roofline");
    for (size_t i = 0; i < doc_len(list); i++) {
        struct doc *one = doc_at(list, i);
        int is_warm = strcmp(doc_str(one, "series.cache", "warm"), "cold") != 0;
        int fits = doc_num(one, "bytes", (double)INFINITY) < last_cache;
        doc_put_bool(one, "from_cache", is_warm && fits);
    }
}
