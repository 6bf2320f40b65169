/* compare_print.h -- a comparison for people. */
#ifndef COMPARE_PRINT_H
#define COMPARE_PRINT_H

#include "doc.h"

/* What matters first: regressions and the commands that show them again, then what is better, then what cannot be
   told. With `all` also what is the same. */
void compare_print(const struct doc *comparison, int all);

#endif
