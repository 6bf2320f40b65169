/* fit.c -- the answers of a run, as one document. */
#include "fit.h"

#include <math.h>
#include <string.h>

#include "fit_parts.h"
#include "row.h"

static void add_growth(struct doc *list, const struct fit_series *s) {
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct fit_curve *curve = &s->curves[c];
        struct doc *growth = doc_object();
        doc_put_str(growth, "label", curve->label);
        doc_put_str(growth, "variant", doc_str(fit_curve_row(curve), "variant", curve->label));
        doc_put(growth, "series", doc_copy(s->about));
        doc_put(growth, "time", fit_time(curve));
        doc_put(growth, "memory", fit_memory(curve));
        fit_fixed(growth, curve);
        doc_add(list, growth);
    }
}

/* A row without a result never hides. */
static struct doc *without_result(const struct doc *rows) {
    struct doc *list = doc_array();
    for (size_t r = 0; r < doc_len(rows); r++) {
        const struct doc *row = doc_at(rows, r);
        if (row_is_ok(row)) continue;
        struct doc *one = doc_object();
        doc_put_str(one, "id", doc_str(row, "id", "?"));
        doc_put_str(one, "status", doc_str(row, "status", "?"));
        doc_put_str(one, "reason", doc_str(row, "reason", "no reason given"));
        doc_add(list, one);
    }
    return list;
}

struct doc *fit_answers(const struct doc *rows, const char *baseline) {
    struct doc *answers = doc_object(), *growth = doc_array(), *crossovers = doc_array();
    struct doc *front = doc_array(), *roofline = doc_array(), *types = doc_array();
    struct fit_run run;
    fit_run_make(&run, rows);
    for (size_t s = 0; s < run.count; s++) {
        add_growth(growth, &run.all[s]);
        fit_fronts(front, &run.all[s]);
        fit_ceilings(roofline, &run.all[s]);
    }
    fit_crossings(crossovers, &run, baseline);
    fit_layer_types(types, &run);
    doc_put_num(answers, "floor.share", run.floor.groups ? expm1(run.floor.log) : (double)NAN);
    doc_put_num(answers, "floor.groups", (double)run.floor.groups);
    fit_run_free(&run);
    doc_put(answers, "growth", growth);
    doc_put(answers, "crossovers", crossovers);
    doc_put(answers, "front", front);
    doc_put(answers, "roofline", roofline);
    doc_put(answers, "layer_types", types);
    doc_put(answers, "not_ok", without_result(rows));
    return answers;
}
