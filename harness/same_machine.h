/* same_machine.h -- may the times of two runs be compared? */
#ifndef SAME_MACHINE_H
#define SAME_MACHINE_H

#include "doc.h"

/* What differs between two manifests, a sentence each. refused[]: another machine, or the same with another clock
   or page size, whose times tell nothing about the code. noted[]: what may explain a difference. Other builds are
   what a comparison is for, and neither. */
void same_machine(const struct doc *a, const struct doc *b, struct doc *refused, struct doc *noted);

#endif
