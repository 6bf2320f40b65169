/* report_data.h -- what the page of a run shows, as one document. */
#ifndef REPORT_DATA_H
#define REPORT_DATA_H

#include "doc.h"

/* { name, folder, program, manifest, answers, pictures[{slice, what, svg}], rows[] }, the rows without what
   the page does not show. */
struct doc *report_data(const char *dir, const struct doc *rows, const struct doc *answers);

#endif
