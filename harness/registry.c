/* registry.c -- the variants of this program. */
#include "registry.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define VARIANT(name) extern const struct attn_variant attn_variant_##name;
#include "list.h"
#undef VARIANT

#define VARIANT(name) &attn_variant_##name,
static const struct attn_variant *const builtin[] = {
#include "list.h"
};
#undef VARIANT

struct entry {
    const struct attn_variant *variant;
    char *path, *digest; /* of its plugin; NULL: built in */
};
static struct entry *entries;
static size_t count;

/* Those of variants/list.h, once; a duplicate or an incomplete one ends the program. */
static void open_builtin(void) {
    struct attn_error error;
    static int opened;
    if (opened) return;
    opened = 1;
    for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++)
        if (registry_add(builtin[i], NULL, NULL, &error))
            die(EXIT_USAGE, "variant %zu of variants/list.h: %s", i + 1, error.text);
}

size_t registry_count(void) {
    open_builtin();
    return count;
}

const struct attn_variant *registry_at(size_t index) { return entries[index].variant; }

static const struct entry *find(const char *name) {
    open_builtin();
    for (size_t i = 0; i < count; i++)
        if (!strcmp(entries[i].variant->name, name)) return &entries[i];
    return NULL;
}

const struct attn_variant *registry_find(const char *name) {
    const struct entry *e = find(name);
    return e ? e->variant : NULL;
}

char *registry_suggest(const char *name) {
    const char **names = xmalloc(count * sizeof *names);
    for (size_t i = 0; i < count; i++) names[i] = entries[i].variant->name;
    char *text = suggestion(name, names, count);
    free(names);
    return text;
}

const char *registry_plugin(const struct attn_variant *v, const char **digest) {
    const struct entry *e = find(v->name);
    if (digest) *digest = e->digest;
    return e->path;
}

int registry_has_plugin(const char *path) {
    for (size_t i = 0; i < count; i++)
        if (entries[i].path && !strcmp(entries[i].path, path)) return 1;
    return 0;
}

const char *registry_kind(const struct attn_variant *v) {
    static const char *const names[] = {"exact", "subset_softmax", "approx_softmax", "different", "control"};
    return names[v->kind];
}

const char *registry_family(const struct attn_variant *v) { return v->family ? v->family : "other"; }

struct attn_growths registry_growth(const struct attn_variant *v, const void *params, enum attn_mask mask) {
    struct attn_growths g = {v->time, v->memory, v->steps, v->path};
    if (v->growth) v->growth(params, mask, &g);
    if (!g.steps.formula) g.steps.formula = "1";
    if (!g.path.formula) g.path.formula = "1";
    return g;
}

const char *registry_cap(unsigned bit) {
    static const char *const names[] = {
        "no_mask",       "causal",  "shift",       "cross",     "key_lengths", "bias",
        "softcap",       "grouped", "wide_values", "lse",       "weights",     "same_bits",
        "same_bits_isa", "random",  "no_output",   "any_order", "transform",   "unit_keys",
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
    if ((v->steps.exponent != 0 && !v->steps.formula) || (v->path.exponent != 0 && !v->path.formula))
        REFUSE("steps and path that grow need a formula");
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

int registry_add(const struct attn_variant *v, const char *path, const char *digest,
                 struct attn_error *error) {
    if (registry_verify(v, error)) return -1;
    const struct entry *other = find(v->name);
    if (other)
        REFUSE("the name '%s' is taken by %s; rename one of them", v->name,
               other->path ? other->path : "a variant of the program");
    entries = xrealloc(entries, (count + 1) * sizeof *entries);
    entries[count++] = (struct entry){v, path ? xstrdup(path) : NULL, digest ? xstrdup(digest) : NULL};
    return 0;
}
