/* mapper.c -- maps more memory at every call from the third on, past malloc(). */
#define _GNU_SOURCE
#include "honest.h"

#include <sys/mman.h>

enum { BYTES = 1 << 20, PAGE = 4096 };

static void forward(const struct attn_call *c) {
    static int calls;
    honest_forward(c);
    if (++calls < 3) return;
    volatile char *more = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; more != MAP_FAILED && i < BYTES; i += PAGE) more[i] = 1;
}

BROKEN(mapper, .forward = forward);
