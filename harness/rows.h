/* rows.h -- rows as text: points.jsonl and plan.jsonl, a document with an id on each line. */
#ifndef ROWS_H
#define ROWS_H

#include "doc.h"
#include "text.h"

/* The rows of a file that holds `text`. A last line that is cut or no row is left out: *good is where it starts, else
   `length`. NULL, and file, line and remedy in `error`, where another line is no row. */
struct doc *rows_parse(const char *path, const char *text, size_t length, size_t *good, struct text *error);

/* The documents of an array, a line each. The caller frees the text. */
char *rows_text(const struct doc *rows);

#endif
