/* plot.h -- pictures of a folder of results, by gnuplot. */
#ifndef PLOT_H
#define PLOT_H

#include "doc.h"

/* Writes DIR/plots/METRIC-SLICE.{csv,gp,svg,png} for time, memory and error. Returns how many pictures were
   drawn, or -1 after a warning where gnuplot or the folder failed; data and scripts are then still there. */
int plot_all(const char *dir, const struct doc *rows);

#endif
