/* tradeoff.h -- error against time: what the one costs of the other, by mechanism or by a parameter of one. */
#ifndef TRADEOFF_H
#define TRADEOFF_H

#include "slice.h"

/* Draws the slice at the last position that was measured; returns 1, 0 where neither a parameter takes three values there
   nor three mechanisms have an error, or -1 after a warning. */
int tradeoff_plot(const char *folder, const struct slice *);

#endif
