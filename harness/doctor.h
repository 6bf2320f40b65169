/* doctor.h -- what on this machine would spoil a measurement, and the remedy. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "doc.h"

/* [{topic, level, finding, remedy}]; level is "ok", "note" (good to know) or "warn" (spoils figures); remedy is
   missing where there is nothing to do. Starts a worker, to see what becomes of threads once OpenBLAS is loaded.
   The caller frees it. */
struct doc *doctor_findings(void);

/* The warnings alone, a line each, on stderr. */
void doctor_warn(void);

#endif
