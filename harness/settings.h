/* settings.h -- error over the parameter that buys accuracy: rank, features, window, at a fixed length. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "slice.h"

/* Draws the slice at the last position that was measured: a curve for each mechanism of which one number takes three
   values or more, and what its family could reach at the same budget. Returns 1, 0 where there is none, -1 after a
   warning. */
int settings_plot(const char *folder, const struct slice *);

#endif
