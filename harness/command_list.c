/* command_list.c -- `attnbench list` and `attnbench describe`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "doc.h"
#include "params.h"
#include "registry.h"
#include "roster.h"
#include "tensors.h"
#include "text.h"

static struct doc *caps_doc(const struct attn_variant *v) {
    struct doc *caps = doc_array();
    for (unsigned bit = 0; registry_cap(bit); bit++)
        if (v->caps & 1u << bit) doc_add(caps, doc_string(registry_cap(bit)));
    return caps;
}

static struct doc *param_doc(const struct attn_param *p) {
    static const char *const types[] = {"int", "real", "choice"};
    struct doc *d = doc_object();
    doc_put_str(d, "name", p->name);
    doc_put_str(d, "type", types[p->type]);
    if (p->type == ATTN_CHOICE) {
        struct doc *choices = doc_array();
        for (int i = 0; p->choices[i]; i++) doc_add(choices, doc_string(p->choices[i]));
        doc_put_str(d, "default", p->choices[(int)p->preset]);
        doc_put(d, "choices", choices);
    } else {
        doc_put_num(d, "default", p->preset);
        doc_put_num(d, "min", p->min);
        doc_put_num(d, "max", p->max);
    }
    doc_put_str(d, "help", p->help);
    return d;
}

static const char *role_name(enum attn_role role) {
    static const char *const roles[] = {"weight", "input", "carry"};
    return roles[role];
}

static struct doc *tensor_doc(const struct attn_tensor *t) {
    struct doc *d = doc_object();
    doc_put_str(d, "name", t->name);
    doc_put_str(d, "role", role_name(t->role));
    doc_put_str(d, "shape", t->shape);
    if (t->alias) doc_put_str(d, "alias", t->alias);
    if (t->role != ATTN_CARRY && !t->alias) doc_put_num(d, "deviation", t->deviation);
    if (t->fan) doc_put_str(d, "fan", t->fan);
    doc_put_str(d, "help", t->help);
    return d;
}

/* With the defaults of the parameters, without a mask where that is possible. */
static struct attn_growths growths(const struct attn_variant *v) {
    void *params = params_defaults(v);
    struct attn_growths g =
        registry_growth(v, params, v->caps & ATTN_CAP_NO_MASK ? ATTN_MASK_NONE : ATTN_MASK_CAUSAL);
    free(params);
    return g;
}

static struct doc *variant_doc(const struct attn_variant *v) {
    struct doc *d = doc_object(), *params = doc_array(), *tensors = doc_array();
    struct attn_growths grows = growths(v);
    doc_put_str(d, "name", v->name);
    doc_put_str(d, "kind", registry_kind(v));
    doc_put_str(d, "family", registry_family(v));
    doc_put(d, "caps", caps_doc(v));
    doc_put_str(d, "brief", v->brief);
    doc_put_str(d, "cite", v->cite);
    doc_put_num(d, "growth.time", grows.time.exponent);
    doc_put_num(d, "growth.memory", grows.memory.exponent);
    doc_put_str(d, "growth.steps", grows.steps.formula);
    doc_put_str(d, "growth.path", grows.path.formula);
    for (const struct attn_param *p = v->params; p && p->name; p++) doc_add(params, param_doc(p));
    for (size_t t = 0; t < tensors_count(v); t++) doc_add(tensors, tensor_doc(&v->tensors[t]));
    doc_put(d, "params", params);
    doc_put(d, "tensors", tensors);
    return d;
}

static void list_json(void) {
    struct doc *all = doc_array();
    for (size_t i = 0; i < registry_count(); i++) doc_add(all, variant_doc(registry_at(i)));
    doc_print(all, 1);
    doc_free(all);
}

static void list_text(void) {
    printf("%-12s %-15s %-6s %-7s %s\n", "variant", "kind", "time", "memory", "what it is");
    for (size_t i = 0; i < registry_count(); i++) {
        const struct attn_variant *v = registry_at(i);
        char time[16], memory[16];
        snprintf(time, sizeof time, "n^%.3g", v->time.exponent);
        snprintf(memory, sizeof memory, "n^%.3g", v->memory.exponent);
        printf("%-12s %-15s %-6s %-7s %s\n", v->name, registry_kind(v), time, memory, v->brief);
    }
}

int command_list(int argc, char **argv) {
    if (argc == 1) list_text();
    else if (argc == 2 && !strcmp(argv[1], "--json")) list_json();
    else if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
        puts("usage: attnbench list [--json]\n\nEvery variant: kind, declared growth with n, one line.");
    else die(EXIT_USAGE, "unknown option '%s'; list takes --json only", argv[argc == 2 ? 1 : 2]);
    return EXIT_FINE;
}

static void describe_param(const struct attn_param *p) {
    if (p->type == ATTN_CHOICE) {
        printf("  %-14s %s; one of", p->name, p->choices[(int)p->preset]);
        for (int i = 0; p->choices[i]; i++) printf("%s %s", i ? "," : "", p->choices[i]);
        printf("\n  %-14s %s\n", "", p->help);
    } else {
        printf("  %-14s %.10g; from %.10g to %.10g\n  %-14s %s\n", p->name, p->preset, p->min, p->max, "",
               p->help);
    }
}

static void describe_tensor(const struct attn_tensor *t) {
    printf("  %-14s [%s], %s", t->name, t->shape, role_name(t->role));
    if (t->alias) printf(", by default %s", t->alias);
    else if (t->role != ATTN_CARRY)
        printf(", by default normal with deviation %g%s%s%s", t->deviation, t->fan ? " / sqrt(" : "",
               t->fan ? t->fan : "", t->fan ? ")" : "");
    if (tensors_over_blocks(t)) printf("; in a config also a function(i, j, nb) of blocks");
    printf("\n  %-14s %s\n", "", t->help);
}

int command_describe(int argc, char **argv) {
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        puts("usage: attnbench describe [VARIANT]\n\n"
             "Formula, paper, parameters, tensors and capabilities; without a name, a table of all "
             "mechanisms.");
        return EXIT_FINE;
    }
    if (argc == 1) {
        roster_print();
        return EXIT_FINE;
    }
    if (argc != 2)
        die(EXIT_USAGE, "describe takes one variant, for example 'attnbench describe flash', or none");
    const struct attn_variant *v = registry_find(argv[1]);
    if (!v) die(EXIT_USAGE, "no variant '%s'; %s", argv[1], registry_suggest(argv[1]));
    printf("%s: %s\n\n  %s\n\n", v->name, v->brief, v->formula);
    struct attn_growths g = growths(v);
    printf("kind     %s\ntype     %s\npaper    %s\n", registry_kind(v), registry_family(v), v->cite);
    printf("time     %s\nmemory   %s\nsteps    %s, one after another\npath     %s, the longest\ncan      ",
           g.time.formula, g.memory.formula, g.steps.formula, g.path.formula);
    for (unsigned bit = 0, any = 0; registry_cap(bit); bit++)
        if (v->caps & 1u << bit) printf("%s%s", any++ ? ", " : "", registry_cap(bit));
    puts("");
    if (v->params) puts("\nparameters (default; range)");
    for (const struct attn_param *p = v->params; p && p->name; p++) describe_param(p);
    if (v->tensors) puts("\ntensors");
    for (size_t t = 0; t < tensors_count(v); t++) describe_tensor(&v->tensors[t]);
    return EXIT_FINE;
}
