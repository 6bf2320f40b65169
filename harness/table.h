/* table.h -- what a run found, for people and for spreadsheets. */
#ifndef TABLE_H
#define TABLE_H

#include "doc.h"

/* The question, a table for each slice and a sentence on who overtakes whom, on stdout. */
void table_print(const char *question, const struct doc *rows);

/* Every row as one line of CSV; the caller frees the text. */
char *table_csv(const struct doc *rows);

#endif
