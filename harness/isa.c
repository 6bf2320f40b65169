/* isa.c -- instruction sets by name. */
#include "isa.h"

#include <stdlib.h>
#include <string.h>

#include "attn.h"

size_t isa_names(const char *names[ISA_MAX]) {
    size_t n = 0;
    for (int i = 0; i < attn_isa_count() && n < ISA_MAX; i++)
        if (attn_isa_usable(i)) names[n++] = attn_isa_name(i);
    return n;
}

int isa_find(const char *name) {
    for (int i = 0; i < attn_isa_count(); i++)
        if (attn_isa_usable(i) && !strcmp(attn_isa_name(i), name)) return i;
    return -1;
}

const char *isa_forced(void) {
    const char *forced = getenv("ATTNBENCH_ISA");
    return forced && *forced ? forced : NULL;
}
