/* registry.c -- the variants of this program. */
#include "registry.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define VARIANT(name) extern const struct attn_variant attn_variant_##name;
#include "list.h"
#undef VARIANT

#define VARIANT(name) &attn_variant_##name,
static const struct attn_variant *const variants[] = {
#include "list.h"
};
#undef VARIANT

enum { COUNT = sizeof variants / sizeof *variants };

size_t registry_count(void) { return COUNT; }
const struct attn_variant *registry_at(size_t index) { return variants[index]; }

const struct attn_variant *registry_find(const char *name) {
    for (size_t i = 0; i < COUNT; i++)
        if (!strcmp(variants[i]->name, name)) return variants[i];
    return NULL;
}

char *registry_suggest(const char *name) {
    const char *names[COUNT];
    for (size_t i = 0; i < COUNT; i++) names[i] = variants[i]->name;
    return suggestion(name, names, COUNT);
}

const char *registry_kind(const struct attn_variant *v) {
    static const char *const names[] = {"exact", "subset_softmax", "approx_softmax", "different", "control"};
    return names[v->kind];
}

const char *registry_cap(unsigned bit) {
    static const char *const names[] = {
        "no_mask",     "causal", "shift",   "cross",     "key_lengths",   "bias",   "softcap",   "grouped",
        "wide_values", "lse",    "weights", "same_bits", "same_bits_isa", "random", "no_output",
    };
    return bit < sizeof names / sizeof *names ? names[bit] : NULL;
}

#define REFUSE(...)                                             \
    do {                                                        \
        snprintf(error->text, sizeof error->text, __VA_ARGS__); \
        return -1;                                              \
    } while (0)

static int clean_name(const char *name) {
    if (!name || !islower((unsigned char)*name)) return 0;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_') return 0;
    return 1;
}

static int verify_param(const struct attn_variant *v, const struct attn_param *p, struct attn_error *error) {
    size_t bytes = p->type == ATTN_REAL ? sizeof(double) : sizeof(int);
    int choices = 0;
    if (!clean_name(p->name)) REFUSE("parameter '%s' is not a clean name", p->name);
    if (!p->help) REFUSE("parameter '%s' has no help", p->name);
    if (p->offset + bytes > v->params_size) REFUSE("parameter '%s' lies outside params_size", p->name);
    if (p->type != ATTN_CHOICE && !(p->min <= p->preset && p->preset <= p->max))
        REFUSE("the default of parameter '%s' is outside its range", p->name);
    while (p->type == ATTN_CHOICE && p->choices && p->choices[choices]) choices++;
    if (p->type == ATTN_CHOICE && !(p->preset >= 0 && p->preset < choices))
        REFUSE("the default of parameter '%s' is not one of its choices", p->name);
    return 0;
}

int registry_verify(const struct attn_variant *v, struct attn_error *error) {
    if (!v) REFUSE("no variant");
    if (v->magic != ATTN_MAGIC) REFUSE("not an attention variant (magic 0x%08x)", v->magic);
    if (v->abi != ATTN_ABI) REFUSE("built for ABI %u; this program has %u", v->abi, ATTN_ABI);
    if (v->struct_size < sizeof *v)
        REFUSE("its struct attn_variant has %zu bytes; %zu are needed", v->struct_size, sizeof *v);
    if (!clean_name(v->name)) REFUSE("its name must be lower case letters, digits and underscores");
    if (!v->brief || !v->formula || !v->cite) REFUSE("brief, formula and cite must be given");
    if (!v->time.formula || !v->memory.formula) REFUSE("growth of time and memory must be declared");
    if (v->kind > ATTN_CONTROL) REFUSE("unknown kind %d", (int)v->kind);
    if (!(v->caps & (ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL))) REFUSE("it promises neither no_mask nor causal");
    if (!v->size || !v->forward || !v->reference || !v->cost)
        REFUSE("%s() is missing", !v->size        ? "size"
                                  : !v->forward   ? "forward"
                                  : !v->reference ? "reference"
                                                  : "cost");
    for (const struct attn_param *p = v->params; p && p->name; p++)
        if (verify_param(v, p, error)) return -1;
    for (const struct attn_tensor *t = v->tensors; t && t->name; t++)
        if (!clean_name(t->name) || !t->shape || !t->help) REFUSE("tensor '%s' is incomplete", t->name);
    return 0;
}

void registry_open(void) {
    struct attn_error error;
    for (size_t i = 0; i < COUNT; i++) {
        if (registry_verify(variants[i], &error))
            die(EXIT_USAGE, "variant %zu of variants/list.h: %s", i + 1, error.text);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(variants[i]->name, variants[j]->name))
                die(EXIT_USAGE, "variant '%s' stands twice in variants/list.h", variants[i]->name);
    }
}
