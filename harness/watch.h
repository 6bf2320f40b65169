/*
 * watch.h -- who allocates.
 *
 * The program's own malloc() and its kin hand everything on to the C library's; between watch_start() and
 * watch_stop() they note the callers. Not in sanitizer builds, which have an allocator of their own, and not
 * beside another C library than GNU's.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stddef.h>

int watch_works(void);

void watch_start(void);
/* Bytes asked for since, except by the OpenMP and BLAS libraries and the C library itself. */
size_t watch_stop(void);

/* Bytes that are allocated now, by anyone; 0 where that is not known. */
size_t watch_in_use(void);

#endif
