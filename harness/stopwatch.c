/* stopwatch.c -- the clock. */
#include "stopwatch.h"

#include <time.h>

static int64_t monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

stopwatch_fn stopwatch = monotonic;

double stopwatch_seconds(void) { return (double)stopwatch() * 1e-9; }

int64_t stopwatch_overhead(void) {
    int64_t least = INT64_MAX;
    for (int i = 0; i < 1000; i++) {
        int64_t a = stopwatch(), b = stopwatch();
        if (b - a < least) least = b - a;
    }
    return least > 0 ? least : 1;
}
