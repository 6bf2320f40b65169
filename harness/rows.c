/* rows.c -- rows as text. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* NULL and the reason unless the line is a document with an id. */
static struct doc *parse_row(const char *line, size_t n, char why[200]) {
    struct doc *row = doc_parse(line, n, why);
    if (!row || doc_str(row, "id", NULL)) return row;
    doc_free(row);
    strcpy(why, "no id in it");
    return NULL;
}

struct doc *rows_parse(const char *path, const char *text, size_t length, size_t *good, struct text *error) {
    struct doc *rows = doc_array();
    size_t at = 0;
    for (int line = 1; at < length; line++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t n = end ? (size_t)(end - text) - at : length - at;
        char why[200] = "the line does not end";
        struct doc *row = end ? parse_row(text + at, n, why) : NULL;
        if (!row && end && at + n + 1 < length) { /* not the last line: it is not torn */
            text_add(error, "%s:%d: not a row (%s); remove the line, or start anew with --overwrite", path,
                     line, why);
            doc_free(rows);
            return NULL;
        }
        if (!row) break;
        doc_add(rows, row);
        at += n + 1;
    }
    *good = at;
    return rows;
}

char *rows_text(const struct doc *rows) {
    struct text t = {0};
    text_append(&t, "", 0);
    for (size_t i = 0; i < doc_len(rows); i++) {
        char *line = doc_text(doc_at(rows, i), 0);
        text_add(&t, "%s\n", line);
        free(line);
    }
    return t.s;
}
