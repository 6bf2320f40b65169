/* tradeoff.h -- error against time, where a parameter buys the one with the other. */
#ifndef TRADEOFF_H
#define TRADEOFF_H

#include "slice.h"

/* Draws the slice at the last position of its axis; returns 1, 0 where no parameter takes three values there, or -1
   after a warning. */
int tradeoff_plot(const char *folder, const struct slice *);

#endif
