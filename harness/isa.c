/* isa.c -- instruction sets by name. */
#include "isa.h"

#include <stdlib.h>
#include <string.h>

#include "attn.h"
#include "text.h"

size_t isa_names(const char *names[ISA_MAX]) {
    size_t n = 0;
    for (int i = 0; i < attn_isa_count() && n < ISA_MAX; i++)
        if (attn_isa_usable(i)) names[n++] = attn_isa_name(i);
    return n;
}

int isa_forced(char **reason) {
    const char *forced = getenv("ATTNBENCH_ISA"), *names[ISA_MAX];
    if (!forced || !*forced) return ATTN_ISA_BEST;
    for (int i = 0; i < attn_isa_count(); i++)
        if (attn_isa_usable(i) && !strcmp(attn_isa_name(i), forced)) return i;
    char *help = suggestion(forced, names, isa_names(names));
    *reason = format("ATTNBENCH_ISA=%s: not usable here; %s", forced, help);
    free(help);
    return -1;
}
