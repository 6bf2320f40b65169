/* forecast.c -- what the points measured so far say of longer ones. */
#include "forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* All that a forecast may carry over from: everything but the length and the input. */
static char *family(const struct doc *p) {
    return format("%s|%s|%s|%s|%s|%d|%d|%d|%d|%d|%d", doc_str(p, "label", ""), doc_str(p, "isa", ""),
                  doc_str(p, "mask", ""), doc_str(p, "positions.kind", ""), doc_str(p, "layer.label", ""),
                  doc_int(p, "shape.batch", 0), doc_int(p, "shape.heads", 0), doc_int(p, "shape.kv_heads", 0),
                  doc_int(p, "shape.dk", 0), doc_int(p, "shape.dv", 0), doc_int(p, "threads", 0));
}

double forecast_pairs(const struct doc *p) { return doc_num(p, "shape.nq", 1) * doc_num(p, "shape.nk", 1); }

void forecasts_remember(struct forecasts *f, const struct doc *point, double ns) {
    f->all = xrealloc(f->all, (f->n + 1) * sizeof *f->all);
    f->all[f->n++] = (struct forecast){family(point), xstrdup(doc_str(point, "id", "")),
                                       forecast_pairs(point), ns, doc_num(point, "growth.time", 1)};
}

const struct forecast *forecasts_recall(const struct forecasts *f, const struct doc *point) {
    const struct forecast *best = NULL;
    char *key = family(point);
    for (size_t i = 0; i < f->n; i++)
        if (!strcmp(f->all[i].key, key) && f->all[i].work < forecast_pairs(point) &&
            (!best || f->all[i].work > best->work))
            best = &f->all[i];
    free(key);
    return best;
}

double forecast_seconds(const struct forecasts *f, const struct doc *point, const struct forecast **by) {
    const double least_ns = 1e7;
    const struct forecast *known = forecasts_recall(f, point);
    if (by) *by = known;
    if (!known || known->ns <= least_ns) return (double)NAN;
    return known->ns * 1e-9 * pow(forecast_pairs(point) / known->work, known->growth / 2);
}

void forecasts_free(struct forecasts *f) {
    for (size_t i = 0; i < f->n; i++) free(f->all[i].key), free(f->all[i].id);
    free(f->all);
}
