/*
 * kern_find.c -- which instruction sets there are, and which of them this CPU runs.
 *
 * The test names exactly the features that the Makefile compiles each file with;
 * __builtin_cpu_supports also asks whether the operating system saves the registers.
 */
#include "kern.h"

extern const struct kern kern_generic;
#ifdef __x86_64__
extern const struct kern kern_avx2, kern_avx512;
#endif

static int always(void) { return 1; }

#ifdef __x86_64__
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
#endif

static const struct {
    const struct kern *kern;
    int (*usable)(void);
} all[] = {
    {&kern_generic, always},
#ifdef __x86_64__
    {&kern_avx2, has_avx2},
    {&kern_avx512, has_avx512},
#endif
};

int kern_count(void) { return (int)(sizeof all / sizeof *all); }
const struct kern *kern_at(int index) { return all[index].kern; }
int kern_usable(int index) { return all[index].usable(); }

const struct kern *kern_find(int isa) {
    if (isa >= 1 && isa <= kern_count() && kern_usable(isa - 1)) return kern_at(isa - 1);
    for (int i = kern_count() - 1; i > 0; i--)
        if (kern_usable(i)) return kern_at(i);
    return kern_at(0);
}
