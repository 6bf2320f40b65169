/* spread.c -- how the errors of a mechanism are spread over the query rows. */
#include "spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "picture.h"
#include "row.h"
#include "text.h"

extern const char spread_gp[]; /* made from scripts/spread.gp */

enum { FEWEST = 3 };
static const double least = 1e-6; /* a row without error has no place on a logarithmic axis */

static int is_shown(const struct doc *row) {
    return row_is_ok(row) && doc_num(row, "accuracy.softmax.rel_fro", 0) > ACCURACY_EXACT &&
           doc_get(row, "accuracy.softmax.row_errors");
}

int spread_plot(const char *folder, const struct slice *s) {
    static const char *const quantiles[] = {"p05", "p25", "p50", "p75", "p95"};
    struct text data = {0}, script = {0};
    int boxes = 0, failed = 0;
    size_t last = slice_last(s);
    text_add(&data, "place,p05,p25,p50,p75,p95,label\n");
    for (size_t c = s->ncurves; c-- > 0;) { /* from below */
        const struct doc *row = s->curves[c].rows[last];
        if (!is_shown(row)) continue;
        const struct doc *errors = doc_get(row, "accuracy.softmax.row_errors");
        text_add(&data, "%d", ++boxes);
        for (size_t q = 0; q < sizeof quantiles / sizeof *quantiles; q++)
            text_add(&data, ",%.9g", fmax(doc_num(errors, quantiles[q], 0), least));
        text_add(&data, ",");
        text_add_quoted(&data, s->curves[c].label);
        text_add(&data, "\n");
    }
    if (boxes < FEWEST) {
        free(data.s);
        return 0;
    }
    char *name = format("spread-%s", s->slug);
    picture_heading(&script, name);
    text_add(&script, "data = \"%s.csv\"\nboxes = %d\ntitle_ = ", name, boxes);
    char *title = format("%s, %s %.10g", s->title, s->axis, s->x[last]);
    picture_quote(&script, title);
    text_add(&script, "\n");
    picture_terminals_of(&script, name, spread_gp, (size_t)boxes);
    failed = picture_save(folder, name, ".csv", data.s) || picture_draw(folder, name, script.s);
    free(name), free(title);
    return failed ? -1 : 1;
}
