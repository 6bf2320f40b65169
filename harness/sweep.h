/* sweep.h -- the parent of a run: plans are worked off group by group, rows are written. */
#ifndef SWEEP_H
#define SWEEP_H

#include "doc.h"
#include "options.h"
#include "results.h"

/* Measures every point of the plan that has no row yet. Phases and ceilings go to the manifest.
   Returns the exit code. */
int sweep_run(const struct doc *plan, const struct run_options *, const char *command, struct results *,
              struct doc *manifest);

#endif
