/*
 * fit.h -- the answers of a run, from its rows alone: exponents, crossovers, fixed costs, fronts, ceilings.
 *
 * All of it holds for the lengths that were measured. Nothing is extrapolated, and what the noise covers is
 * called so.
 */
#ifndef FIT_H
#define FIT_H

#include "doc.h"

/* Rows as results_read() gives them. `baseline` is the label of the curve that the others are compared
   with; NULL: in each series the exact one that is fastest at the greatest length. The caller frees the
   document, whose fields stand in results/README.md. */
struct doc *fit_answers(const struct doc *rows, const char *baseline);

/* Marks the points whose bytes the machine's last cache holds: the bandwidth that they are held against is that of
   memory. */
void fit_mark_caches(struct doc *answers, double last_cache_bytes);

#endif
