/* compare_variants.h -- two variants of one run, point by point: is B slower than A? */
#ifndef COMPARE_VARIANTS_H
#define COMPARE_VARIANTS_H

#include "doc.h"

/* What `attnbench compare DIR --variants A,B --json` prints, but for where the run comes from. `a` and `b` are labels.
   The points are those that differ in nothing else. Verdicts are those of compare.h, of the ratios in each process
   (paired.h), with the A/A floor of the run. Only time makes a regression: memory and distance to softmax
   stand beside. */
struct doc *compare_variants(const struct doc *rows, const char *a, const char *b, double threshold);

/* Splits "A,B" where both are labels of rows, which may have commas of their own: fresh memory, or it ends the program. */
void compare_split(const struct doc *rows, const char *word, char *labels[2]);

#endif
