/* report.h -- a folder of results as one page of HTML that needs nothing but a browser. */
#ifndef REPORT_H
#define REPORT_H

#include "doc.h"

/* The page: scripts/report.html with its style, its scripts, and as JSON what `rows`, the manifest, the
   verdicts and the pictures of the folder say. NULL after a warning; the caller frees it. */
char *report_page(const char *dir, const struct doc *rows);

/* Writes the page as DIR/report.html; -1 after a warning. */
int report_write(const char *dir, const struct doc *rows);

#endif
