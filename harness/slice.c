/* slice.c -- rows put in order for tables and pictures. */
#include "slice.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static double length_of(const struct doc *row) { return doc_num(row, "shape.nk", 0); }

/* Is the scale another than 1 / sqrt(dk)? */
static int own_scale(const struct doc *row) {
    return fabs(doc_num(row, "logits.scale", 0) * sqrt(doc_num(row, "shape.dk", 1)) - 1) > 1e-6;
}

static char *title_of(const struct doc *row) {
    struct text t = {0};
    int heads = doc_int(row, "shape.heads", 1), kv = doc_int(row, "shape.kv_heads", heads);
    int dk = doc_int(row, "shape.dk", 0), dv = doc_int(row, "shape.dv", dk);
    text_add(&t, "%s, mask %s, ", doc_str(row, "input_label", "?"), doc_str(row, "mask", "?"));
    if (doc_int(row, "shape.nq", 0) != doc_int(row, "shape.nk", 0))
        text_add(&t, "%d queries, ", doc_int(row, "shape.nq", 0));
    text_add(&t, "batch %d, %d heads", doc_int(row, "shape.batch", 1), heads);
    if (kv != heads) text_add(&t, " (%d of keys)", kv);
    text_add(&t, ", head size %d", dk);
    if (dv != dk) text_add(&t, "/%d", dv);
    text_add(&t, ", %d threads", doc_int(row, "threads", 1));
    if (doc_num(row, "seed", 1) != 1) text_add(&t, ", seed %.0f", doc_num(row, "seed", 1));
    if (doc_num(row, "logits.softcap", 0) > 0)
        text_add(&t, ", softcap %g", doc_num(row, "logits.softcap", 0));
    if (doc_int(row, "logits.shift", 0)) text_add(&t, ", shift %d", doc_int(row, "logits.shift", 0));
    if (own_scale(row)) text_add(&t, ", scale %.9g", doc_num(row, "logits.scale", 0));
    return t.s;
}

/* Short, and as distinct as the title: what is one and the same for every sweep is left out. */
static char *slug_of(const struct doc *row) {
    struct text t = {0};
    const struct doc *shape = doc_get(row, "shape");
    int heads = doc_int(shape, "heads", 1), dk = doc_int(shape, "dk", 0), nq = doc_int(shape, "nq", 0);
    text_add(&t, "%s-%s-b%dh%d", doc_str(row, "mask", "none"), doc_str(row, "input_label", "input"),
             doc_int(shape, "batch", 1), heads);
    if (doc_int(shape, "kv_heads", heads) != heads) text_add(&t, "g%d", doc_int(shape, "kv_heads", heads));
    text_add(&t, "d%d", dk);
    if (doc_int(shape, "dv", dk) != dk) text_add(&t, "v%d", doc_int(shape, "dv", dk));
    if (nq != doc_int(shape, "nk", nq)) text_add(&t, "q%d", nq);
    text_add(&t, "-t%d", doc_int(row, "threads", 1));
    if (doc_num(row, "seed", 1) != 1) text_add(&t, "-s%.0f", doc_num(row, "seed", 1));
    if (doc_num(row, "logits.softcap", 0) > 0) text_add(&t, "-softcap%g", doc_num(row, "logits.softcap", 0));
    if (doc_int(row, "logits.shift", 0)) text_add(&t, "-shift%d", doc_int(row, "logits.shift", 0));
    if (own_scale(row)) text_add(&t, "-scale%.9g", doc_num(row, "logits.scale", 0));
    for (char *c = t.s; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("=._-", *c)) *c = '_';
    return t.s;
}

static struct slice *find_slice(struct slices *s, const struct doc *row) {
    char *title = title_of(row);
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->all[i].title, title)) {
            free(title);
            return &s->all[i];
        }
    s->all = xrealloc(s->all, (s->count + 1) * sizeof *s->all);
    s->all[s->count] = (struct slice){.title = title, .slug = slug_of(row)};
    return &s->all[s->count++];
}

static size_t find_length(struct slice *s, double n) {
    size_t i = 0;
    while (i < s->lengths && s->n[i] < n) i++;
    if (i < s->lengths && s->n[i] == n) return i;
    s->n = xrealloc(s->n, (s->lengths + 1) * sizeof *s->n);
    memmove(s->n + i + 1, s->n + i, (s->lengths - i) * sizeof *s->n);
    s->n[i] = n;
    s->lengths++;
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
    *s = (struct slices){0};
    for (size_t r = 0; r < doc_len(rows); r++) { /* lengths and curves first, then the cells */
        struct slice *x = find_slice(s, doc_at(rows, r));
        find_length(x, length_of(doc_at(rows, r)));
        find_curve(x, doc_str(doc_at(rows, r), "label", "?"));
    }
    for (size_t i = 0; i < s->count; i++)
        for (size_t c = 0; c < s->all[i].ncurves; c++) {
            size_t bytes = s->all[i].lengths * sizeof(struct doc *);
            s->all[i].curves[c].rows = memset(xmalloc(bytes), 0, bytes);
        }
    for (size_t r = 0; r < doc_len(rows); r++) {
        const struct doc *row = doc_at(rows, r);
        struct slice *x = find_slice(s, row);
        find_curve(x, doc_str(row, "label", "?"))->rows[find_length(x, length_of(row))] = row;
    }
}

void slices_free(struct slices *s) {
    for (size_t i = 0; i < s->count; i++) {
        for (size_t c = 0; c < s->all[i].ncurves; c++) free(s->all[i].curves[c].rows);
        free(s->all[i].curves);
        free(s->all[i].n);
        free(s->all[i].title);
        free(s->all[i].slug);
    }
    free(s->all);
}
