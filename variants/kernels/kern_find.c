/*
 * kern_find.c -- which instruction sets there are, and which of them this CPU runs.
 *
 * The Makefile says by KERN_<isa> which tables are compiled in. The test of each names exactly the features
 * that the Makefile compiles its file with. __builtin_cpu_supports asks the CPU and, by XGETBV, whether the
 * operating system saves the wide registers: a CPU that has AVX2 under a system that does not save its
 * registers is refused. Advanced SIMD is part of every aarch64.
 */
#include "kern.h"

extern const struct kern kern_generic, kern_avx2, kern_avx512, kern_neon;

static int always(void) { return 1; }

#if defined KERN_avx2 || defined KERN_avx512
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif

#ifdef KERN_avx512
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
#ifdef KERN_avx2
    {&kern_avx2, has_avx2},
#endif
#ifdef KERN_avx512
    {&kern_avx512, has_avx512},
#endif
#ifdef KERN_neon
    {&kern_neon, always},
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
