/* stopwatch.h -- the clock, behind a pointer so that tests can bring their own. */
#ifndef STOPWATCH_H
#define STOPWATCH_H

#include <stdint.h>

typedef int64_t (*stopwatch_fn)(void); /* nanoseconds from any origin */

extern stopwatch_fn stopwatch; /* CLOCK_MONOTONIC unless a test replaces it */

double stopwatch_seconds(void);   /* the same in seconds */
int64_t stopwatch_overhead(void); /* least nanoseconds between two readings; at least 1 */

#endif
