/* fit_table.h -- the answers of a run, for people. */
#ifndef FIT_TABLE_H
#define FIT_TABLE_H

#include "doc.h"

/* Those of fit_answers(), series by series, on stdout. */
void fit_table_print(const struct doc *answers);

#endif
