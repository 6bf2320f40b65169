/* machine.h -- what machine this is and what of it we may use. */
#ifndef MACHINE_H
#define MACHINE_H

#include "doc.h"

extern const char *machine_root; /* the folder that /proc and /sys are in, "" but for tests */

int machine_cores(void);          /* usable: affinity and cgroup quota counted; at least 1 */
double machine_free_memory(void); /* bytes: the lesser of MemAvailable and what the cgroup leaves */
double
machine_last_cache(void); /* bytes of the largest cache of core 0; 64 MiB where the system does not say */

/* The first line of a file of the system without its newline, in `line`; NULL where there is none. */
char *machine_line(const char *path, char *line, int room);

/* Host, CPU, caches, governor, kernel, memory, load; what cannot be read is null. */
struct doc *machine_doc(void);

#endif
