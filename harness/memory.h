/* memory.h -- what the kernel says of the memory of this process. */
#ifndef MEMORY_H
#define MEMORY_H

#include <sys/types.h>

/* Sets VmHWM back to the present resident size; -1 where /proc/self/clear_refs cannot be written. */
int memory_reset_peak(void);

double memory_peak(void);          /* VmHWM in bytes; -1 unknown */
double memory_resident(pid_t pid); /* bytes; 0 where the process is gone */

/* How many processes of the system the kernel has killed for want of memory; NaN unknown. */
double memory_kills(void);

/* Limits the address space to what is mapped now plus `bytes`. Not in sanitizer builds. */
void memory_cap(double bytes);

void memory_no_huge_pages(void); /* so that a touched page counts as one page */

#endif
