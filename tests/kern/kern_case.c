/* kern_case.c -- cases, failures and guarded arrays. */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "kern_test.h"

char case_name[160];
int case_failures;

enum { SHOWN = 5 }; /* failures of one test that are printed; the first ones tell the most */

void at(const char *form, ...) {
    va_list args;
    va_start(args, form);
    vsnprintf(case_name, sizeof case_name, form, args);
    va_end(args);
}

void wrong(const char *form, ...) {
    va_list args;
    if (++case_failures > SHOWN) return;
    va_start(args, form);
    printf("# %s: ", case_name);
    vprintf(form, args);
    putchar('\n');
    va_end(args);
}

void hold(const char *what, int index, double got, double want, double bound) {
    if (!(fabs(got - want) <= bound))
        wrong("%s %d is %.9g (%a), not %.9g; off by %.3g, bound %.3g", what, index, got, got, want,
              fabs(got - want), bound);
}

size_t slack;

float *room(enum array array, size_t n) {
    static struct block blocks[ARRAYS];
    struct block *b = &blocks[array];
    if (n + slack > ROOM || (!b->map && block_make(b, ROOM * sizeof(float)))) {
        printf("Bail out! no room for %zu floats\n", n);
        exit(1);
    }
    float *end = (float *)(b->data + b->bytes);
    for (size_t i = 1; i <= slack; i++) end[-(ptrdiff_t)i] = NAN;
    return end - slack - n;
}

/* SplitMix64, from one state on: a failure comes back in the next run. */
static double uniform(void) {
    static uint64_t state = 1;
    uint64_t x = state += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (double)((x ^ x >> 31) >> 11) * 0x1p-53;
}

float *draw(enum array array, size_t n, double size) {
    float *x = room(array, n);
    for (size_t i = 0; i < n; i++) x[i] = (float)(size * (2 * uniform() - 1));
    return x;
}
