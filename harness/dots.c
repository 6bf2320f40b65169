/* dots.c -- the judged points of a slice, put together by what varies among them. */
#include "dots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "row_error.h"
#include "text.h"

/* Does a number of this name take several values among the points of the variant? */
static int varies(const struct dots *dots, const struct dot *dot, const char *name) {
    const struct doc *own = doc_get(doc_get(dot->row, "params"), name);
    if (!doc_is_number(own)) return 0;
    for (size_t i = 0; i < dots->n; i++)
        if (!strcmp(doc_str(dots->all[i].row, "variant", ""), doc_str(dot->row, "variant", "")) &&
            doc_num(doc_get(dots->all[i].row, "params"), name, 0) != doc_as_num(own))
            return 1;
    return 0;
}

/* Cuts the label, "name,key=value,key=value", into what names the curve and what varies along it. */
static void split_label(const struct dots *dots, struct dot *dot) {
    struct text family = {0}, setting = {0};
    const char *label = doc_str(dot->row, "label", ""), *end;
    const struct doc *params = doc_get(dot->row, "params");
    end = label + strcspn(label, ",");
    text_add(&family, "%.*s", (int)(end - label), label);
    for (label = end; *label; label = end) {
        const char *key = label + 1;
        end = key + strcspn(key, ",");
        char *name = format("%.*s", (int)strcspn(key, "="), key);
        if (!varies(dots, dot, name)) text_add(&family, "%.*s", (int)(end - label), label);
        free(name);
    }
    for (size_t i = 0; i < doc_len(params); i++)
        if (varies(dots, dot, doc_key(params, i)))
            text_add(&setting, "%s%.6g", setting.length ? " " : "", doc_num(params, doc_key(params, i), 0));
    text_append(&setting, "", 0);
    dot->family = family.s;
    dot->setting = setting.s;
}

void dots_collect(struct dots *dots, const struct slice *s) {
    *dots = (struct dots){.all = xmalloc((s->ncurves + 1) * sizeof *dots->all)};
    for (size_t c = 0; c < s->ncurves; c++) {
        const struct doc *row = s->curves[c].rows[slice_last(s)];
        struct row_error e = row_error(row);
        if (isnan(e.value)) continue;
        dots->all[dots->n++] = (struct dot){.row = row,
                                            .time = doc_num(row, "time.median_ns", (double)NAN) * 1e-9,
                                            .error = e.value,
                                            .low = e.low,
                                            .high = e.high};
    }
    for (size_t i = 0; i < dots->n; i++) split_label(dots, &dots->all[i]);
}

void dots_free(struct dots *dots) {
    for (size_t i = 0; i < dots->n; i++) free(dots->all[i].family), free(dots->all[i].setting);
    free(dots->all);
}

size_t dots_leader(const struct dots *dots, size_t i) {
    size_t first = 0;
    while (strcmp(dots->all[first].family, dots->all[i].family)) first++;
    return first;
}

size_t dots_largest_curve(const struct dots *dots, double least) {
    size_t most = 0;
    for (size_t i = 0; i < dots->n; i++) {
        size_t n = 0;
        for (size_t x = 0; x < dots->n; x++) n += dots_leader(dots, x) == i && dots->all[x].error >= least;
        most = n > most ? n : most;
    }
    return most;
}
