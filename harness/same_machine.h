/* same_machine.h -- may the times of two runs be compared, those of two sessions be one run? */
#ifndef SAME_MACHINE_H
#define SAME_MACHINE_H

#include "doc.h"

/* What differs between two manifests, a sentence each. refused[]: another machine, or the same with another clock
   or page size, whose times tell nothing about the code. noted[]: what may explain a difference. Other builds are
   what a comparison is for, and neither. */
void same_machine(const struct doc *a, const struct doc *b, struct doc *refused, struct doc *noted);

/* What keeps the rows of two sessions from being one run, a sentence each: another machine in that sense, another
   build, other kernels asked of OpenBLAS. */
void same_session(const struct doc *earlier, const struct doc *now, struct doc *refused);

#endif
