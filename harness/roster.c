/* roster.c -- all mechanisms in one table of Markdown, as it stands in the README. */
#include "roster.h"

#include <stdio.h>

#include "registry.h"

static void growth(const struct attn_growth *g) {
    if (g->exponent == 0) printf(" 1 |");
    else if (g->exponent == 1) printf(" n |");
    else printf(" n^%.3g |", g->exponent);
}

static const char *masks(unsigned caps) {
    int none = !!(caps & ATTN_CAP_NO_MASK), causal = !!(caps & ATTN_CAP_CAUSAL);
    return none && causal ? "none, causal" : none ? "none" : "causal";
}

static void parameters(const struct attn_param *p) {
    for (const char *between = " "; p && p->name; p++, between = ", ") {
        printf("%s`%s` ", between, p->name);
        if (p->type == ATTN_CHOICE) printf("%s", p->choices[(int)p->preset]);
        else printf("%.10g", p->preset);
    }
    printf(" |");
}

void roster_print(void) {
    puts("| name | what it is | kind | type | time | memory | masks | cross | grouped | bias | parameters "
         "and their "
         "defaults "
         "| paper |\n|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < registry_count(); i++) {
        const struct attn_variant *v = registry_at(i);
        if (v->kind == ATTN_CONTROL) continue;
        printf("| `%s` | %s | %s | %s |", v->name, v->brief, registry_kind(v), registry_family(v));
        growth(&v->time);
        growth(&v->memory);
        printf(" %s |", masks(v->caps));
        printf(" %s |", v->caps & ATTN_CAP_CROSS ? "yes" : "");
        printf(" %s |", v->caps & ATTN_CAP_GROUPED ? "yes" : "");
        printf(" %s |", v->caps & ATTN_CAP_BIAS ? "yes" : "");
        parameters(v->params);
        printf(" %s |\n", v->cite);
    }
}
