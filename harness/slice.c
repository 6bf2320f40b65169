/* slice.c -- rows put in order for tables and pictures. */
#include "slice.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "row.h"
#include "text.h"

/* ---- the axis ------------------------------------------------------------------------------------ */

struct axis {
    const char *name, *what;
    const struct setting *setting; /* NULL: of no input */
};

static const struct axis length_axis = {"n", "sequence length n", NULL};
static const struct axis thread_axis = {"threads", "threads", NULL};

static double position(const struct axis *axis, const struct doc *row) {
    if (axis->setting) return doc_num(doc_get(row, "input"), axis->name, axis->setting->preset);
    if (!strcmp(axis->name, "threads")) return doc_num(row, "threads", 0);
    return doc_num(row, doc_flag(row, "layer.cross") ? "shape.nq" : "shape.nk", 0); /* the length of x */
}

static int same_family(const struct doc *a, const struct doc *b) {
    return !strcmp(doc_str(a, "input.family", ""), doc_str(b, "input.family", ""));
}

/* Does the axis take several values over the rows, those of the family of `row` where it belongs to one? */
static int varies(const struct axis *axis, const struct doc *rows, const struct doc *row) {
    double first = position(axis, row);
    for (size_t r = 0; r < doc_len(rows); r++) {
        const struct doc *other = doc_at(rows, r);
        if (axis->setting && !same_family(row, other)) continue;
        if (position(axis, other) != first) return 1;
    }
    return 0;
}

/* The axis along which `row` is drawn. */
static struct axis axis_of(const struct doc *rows, const struct doc *row) {
    const struct kind *k = kinds_find(&input_kinds, doc_str(row, "input.family", ""));
    if (varies(&length_axis, rows, row)) return length_axis;
    for (const struct setting *s = k ? k->settings : NULL; s && s->name; s++) {
        struct axis axis = {s->name, s->help, s};
        if (kinds_is_number(s) && varies(&axis, rows, row)) return axis;
    }
    return varies(&thread_axis, rows, row) ? thread_axis : length_axis;
}

/* ---- titles and names of files ------------------------------------------------------------------- */

/* Is the scale another than 1 / sqrt(dk)? */
static int own_scale(const struct doc *row) {
    return fabs(doc_num(row, "logits.scale", 0) * sqrt(doc_num(row, "shape.dk", 1)) - 1) > 1e-6;
}

static char *title_of(const struct doc *row, const struct axis *axis) {
    char *input = inputs_label(doc_get(row, "input"), axis->setting ? axis->name : NULL);
    struct text t = {0};
    int heads = doc_int(row, "shape.heads", 1), kv = doc_int(row, "shape.kv_heads", heads);
    int dk = doc_int(row, "shape.dk", 0), dv = doc_int(row, "shape.dv", dk);
    text_add(&t, "%s, mask %s, ", input, doc_str(row, "mask", "?"));
    if (doc_get(row, "positions_label")) text_add(&t, "positions %s, ", doc_str(row, "positions_label", ""));
    free(input);
    if (strcmp(axis->name, "n")) text_add(&t, "n %.0f, ", position(&length_axis, row));
    if (doc_flag(row, "layer.cross")) text_add(&t, "context of %d, ", doc_int(row, "shape.nk", 0));
    else if (doc_int(row, "shape.nq", 0) != doc_int(row, "shape.nk", 0))
        text_add(&t, "%d queries, ", doc_int(row, "shape.nq", 0));
    text_add(&t, "batch %d, %d heads", doc_int(row, "shape.batch", 1), heads);
    if (kv != heads) text_add(&t, " (%d of keys)", kv);
    text_add(&t, ", head size %d", dk);
    if (dv != dk) text_add(&t, "/%d", dv);
    if (strcmp(axis->name, "threads")) text_add(&t, ", %d threads", doc_int(row, "threads", 1));
    if (doc_num(row, "seed", 1) != 1) text_add(&t, ", seed %.0f", doc_num(row, "seed", 1));
    if (doc_num(row, "logits.softcap", 0) > 0)
        text_add(&t, ", softcap %g", doc_num(row, "logits.softcap", 0));
    if (doc_int(row, "logits.shift", 0)) text_add(&t, ", shift %d", doc_int(row, "logits.shift", 0));
    if (own_scale(row)) text_add(&t, ", scale %.9g", doc_num(row, "logits.scale", 0));
    if (doc_get(row, "cache")) text_add(&t, ", %s cache", doc_str(row, "cache", ""));
    if (doc_get(row, "layer")) text_add(&t, ", %s", doc_str(row, "layer.label", ""));
    return t.s;
}

/* Short, and as distinct as the title: what is one and the same for every sweep is left out. */
static char *slug_of(const struct doc *row, const struct axis *axis) {
    char *input = inputs_label(doc_get(row, "input"), axis->setting ? axis->name : NULL);
    struct text t = {0};
    const struct doc *shape = doc_get(row, "shape");
    int heads = doc_int(shape, "heads", 1), dk = doc_int(shape, "dk", 0), nq = doc_int(shape, "nq", 0);
    text_add(&t, "%s-%s-b%dh%d", doc_str(row, "mask", "none"), input, doc_int(shape, "batch", 1), heads);
    free(input);
    if (doc_int(shape, "kv_heads", heads) != heads) text_add(&t, "g%d", doc_int(shape, "kv_heads", heads));
    text_add(&t, "d%d", dk);
    if (doc_int(shape, "dv", dk) != dk) text_add(&t, "v%d", doc_int(shape, "dv", dk));
    if (doc_flag(row, "layer.cross")) text_add(&t, "k%d", doc_int(shape, "nk", 0));
    else if (nq != doc_int(shape, "nk", nq)) text_add(&t, "q%d", nq);
    if (strcmp(axis->name, "n")) text_add(&t, "n%.0f", position(&length_axis, row));
    if (strcmp(axis->name, "threads")) text_add(&t, "-t%d", doc_int(row, "threads", 1));
    if (doc_num(row, "seed", 1) != 1) text_add(&t, "-s%.0f", doc_num(row, "seed", 1));
    if (doc_num(row, "logits.softcap", 0) > 0) text_add(&t, "-softcap%g", doc_num(row, "logits.softcap", 0));
    if (doc_int(row, "logits.shift", 0)) text_add(&t, "-shift%d", doc_int(row, "logits.shift", 0));
    if (own_scale(row)) text_add(&t, "-scale%.9g", doc_num(row, "logits.scale", 0));
    if (doc_get(row, "positions_label")) text_add(&t, "-%s", doc_str(row, "positions_label", ""));
    if (doc_get(row, "cache")) text_add(&t, "-%s", doc_str(row, "cache", ""));
    if (doc_get(row, "layer")) text_add(&t, "-%s", doc_str(row, "layer.label", ""));
    for (char *c = t.s; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("=._-", *c)) *c = '_';
    return t.s;
}

static struct slice *find_slice(struct slices *s, const struct doc *row, const struct axis *axis) {
    char *title = title_of(row, axis);
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->all[i].title, title)) {
            free(title);
            return &s->all[i];
        }
    s->all = xrealloc(s->all, (s->count + 1) * sizeof *s->all);
    s->all[s->count] =
        (struct slice){.title = title, .slug = slug_of(row, axis), .axis = axis->name, .what = axis->what};
    return &s->all[s->count++];
}

static size_t find_position(struct slice *s, double x) {
    size_t i = 0;
    while (i < s->nx && s->x[i] < x) i++;
    if (i < s->nx && s->x[i] == x) return i;
    s->x = xrealloc(s->x, (s->nx + 1) * sizeof *s->x);
    memmove(s->x + i + 1, s->x + i, (s->nx - i) * sizeof *s->x);
    s->x[i] = x;
    s->nx++;
    return i;
}

static struct curve *find_curve(struct slice *s, const char *label) {
    for (size_t i = 0; i < s->ncurves; i++)
        if (!strcmp(s->curves[i].label, label)) return &s->curves[i];
    s->curves = xrealloc(s->curves, (s->ncurves + 1) * sizeof *s->curves);
    s->curves[s->ncurves] = (struct curve){.label = label};
    return &s->curves[s->ncurves++];
}

void slices_make(struct slices *s, const struct doc *rows) {
    size_t n = doc_len(rows);
    struct axis *axes = xmalloc((n + 1) * sizeof *axes);
    *s = (struct slices){0};
    for (size_t r = 0; r < n; r++) { /* positions and curves first, then the cells */
        axes[r] = axis_of(rows, doc_at(rows, r));
        struct slice *x = find_slice(s, doc_at(rows, r), &axes[r]);
        find_position(x, position(&axes[r], doc_at(rows, r)));
        find_curve(x, doc_str(doc_at(rows, r), "label", "?"));
    }
    for (size_t i = 0; i < s->count; i++)
        for (size_t c = 0; c < s->all[i].ncurves; c++) {
            size_t bytes = s->all[i].nx * sizeof(struct doc *);
            s->all[i].curves[c].rows = memset(xmalloc(bytes), 0, bytes);
        }
    for (size_t r = 0; r < n; r++) {
        const struct doc *row = doc_at(rows, r);
        struct slice *x = find_slice(s, row, &axes[r]);
        find_curve(x, doc_str(row, "label", "?"))->rows[find_position(x, position(&axes[r], row))] = row;
    }
    free(axes);
}

void slices_free(struct slices *s) {
    for (size_t i = 0; i < s->count; i++) {
        for (size_t c = 0; c < s->all[i].ncurves; c++) free(s->all[i].curves[c].rows);
        free(s->all[i].curves);
        free(s->all[i].x);
        free(s->all[i].title);
        free(s->all[i].slug);
    }
    free(s->all);
}

size_t slice_last(const struct slice *s) {
    for (size_t i = s->nx; i-- > 0;)
        for (size_t c = 0; c < s->ncurves; c++)
            if (row_is_ok(s->curves[c].rows[i])) return i;
    return 0;
}
