/* published_table.h -- published numbers beside ours, for people. */
#ifndef PUBLISHED_TABLE_H
#define PUBLISHED_TABLE_H

#include "doc.h"

/* What published_judge() gives, on stdout: source, claims, reasons, rules, summary. */
void published_table_print(const struct doc *judged);

#endif
