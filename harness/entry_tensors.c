/* entry_tensors.c -- the tensors that an entry of `variants` gives. */
#include "entry_tensors.h"

#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "registry.h"
#include "tensor_source.h"
#include "tensors.h"

enum { BLOCKS_MAX = 1 << 24 }; /* that a function is called for */

#define EXAMPLE "function(i, j, nb) return i == j end"

/* ---- what the config gives --------------------------------------------------------------------- */

/* A function, or a list with one, which is a mistake to be called by its name. */
static int holds_function(const struct doc *value) {
    int found = config_is_function(value);
    for (size_t i = 0; doc_is_array(value) && i < doc_len(value); i++)
        found |= config_is_function(doc_at(value, i));
    return found;
}

int entry_tensors_is_pattern(const struct attn_variant *v, const char *key, const struct doc *value) {
    const struct attn_param *param = params_find(v, "pattern");
    size_t count;
    if (strcmp(key, "pattern")) return 0;
    tensors_find_over_blocks(v, &count);
    return !param || (param->type == ATTN_CHOICE && holds_function(value) && count > 0);
}

/* Does `pattern` stand for tensor t? */
static int is_short(const struct attn_variant *v, size_t t, const struct doc *entry) {
    size_t count, first = tensors_find_over_blocks(v, &count);
    const struct doc *value = doc_get(entry, "pattern");
    return count == 1 && first == t && config_is_function(value) &&
           entry_tensors_is_pattern(v, "pattern", value);
}

/* A file's name or a function; NULL where the entry leaves the tensor as it is. */
static const struct doc *given(const struct entry *e, size_t t) {
    if (!e->settings) return NULL;
    if (is_short(e->variant, t, e->settings)) return doc_get(e->settings, "pattern");
    return doc_get(doc_get(e->settings, "tensors"), e->variant->tensors[t].name);
}

/* ---- what is wrong with it --------------------------------------------------------------------- */

/* The file can be opened and holds the tensor. */
static void check_file(struct reader *r, const char *config, const char *key, const char *source) {
    char *placed = sections_path(config, source), *path, *name;
    struct tensor_info info;
    struct attn_error error;
    tensor_source_split(placed, key, &path, &name);
    if (tensor_file_open(path, name, &info, &error)) complain(r, key, 1, "variants: %s", error.text);
    free(placed), free(path), free(name);
}

static void check_tensor(struct reader *r, const char *config, const struct attn_variant *v,
                         const struct attn_tensor *t, const struct doc *value) {
    int over_blocks = tensors_over_blocks(t);
    if (doc_is_string(value)) check_file(r, config, t->name, doc_as_str(value));
    else if (!over_blocks && config_is_function(value))
        complain(r, t->name, 1,
                 "variants: %s: tensor %s is [%s], and takes the name of a file; functions are for shapes of "
                 "blocks",
                 v->name, t->name, t->shape);
    else if (!config_is_function(value))
        complain(r, t->name, 1, "variants: %s: tensor %s takes the name of a file%s", v->name, t->name,
                 over_blocks ? " or a function of blocks: " EXAMPLE : "");
}

/* tensors = { name = "file" }: names that the variant has, files by their names. */
static void check_tensors(struct reader *r, const char *config, const struct attn_variant *v,
                          const struct doc *all) {
    size_t n = tensors_count(v);
    if (!doc_is_object(all))
        complain(r, "tensors", 1,
                 "variants: %s: tensors takes a table of files: tensors = { name = \"file.npy\" }", v->name);
    for (size_t i = 0; doc_is_object(all) && i < doc_len(all); i++) {
        const char *key = doc_key(all, i);
        size_t t = tensors_find(v, key);
        if (n == 0) complain(r, "tensors", 1, "variants: %s has no tensors", v->name);
        else if (t == n) {
            char *help = tensors_suggest(v, key);
            complain(r, key, 1, "variants: %s has no tensor '%s'; %s", v->name, key, help);
            free(help);
        } else check_tensor(r, config, v, &v->tensors[t], doc_at(all, i));
    }
}

/* "blocksparse, other": the variants that take a pattern. */
static char *takers(void) {
    struct text t = {0};
    text_append(&t, "", 0);
    for (size_t i = 0, count; i < registry_count(); i++) {
        tensors_find_over_blocks(registry_at(i), &count);
        if (count) text_add(&t, "%s%s", t.length ? ", " : "", registry_at(i)->name);
    }
    return t.s;
}

static void check_pattern(struct reader *r, const struct attn_variant *v, const struct doc *entry) {
    size_t count, t = tensors_find_over_blocks(v, &count);
    char *others = takers();
    if (count == 0)
        complain(r, "pattern", 1,
                 "variants: %s takes no pattern: none of its tensors is over blocks; such variants: %s",
                 v->name, others);
    else if (!config_is_function(doc_get(entry, "pattern")))
        complain(r, "pattern", 1, "variants: %s: pattern takes a function of blocks: pattern = " EXAMPLE,
                 v->name);
    else if (count > 1)
        complain(
            r, "pattern", 1,
            "variants: %s has %zu tensors over blocks; name the one that is meant: tensors = { %s = " EXAMPLE
            " }",
            v->name, count, v->tensors[t].name);
    else if (doc_get(doc_get(entry, "tensors"), v->tensors[t].name))
        complain(r, "pattern", 1, "variants: %s: pattern and tensors.%s are the same tensor; give one",
                 v->name, v->tensors[t].name);
    free(others);
}

int entry_tensors_check(struct reader *r, const char *config, const struct attn_variant *v,
                        const struct doc *entry, const char *key) {
    size_t count;
    if (params_find(v, key) && !entry_tensors_is_pattern(v, key, doc_get(entry, key))) return 0;
    if (!strcmp(key, "tensors")) return check_tensors(r, config, v, doc_get(entry, key)), 1;
    tensors_find_over_blocks(v, &count);
    if (strcmp(key, "pattern") || (count == 0 && !config_is_function(doc_get(entry, key)))) return 0;
    return check_pattern(r, v, entry), 1;
}

/* ---- sources ----------------------------------------------------------------------------------- */

/* Calls the function for every block; NULL after a complaint. */
static struct doc *evaluated(struct reader *r, const struct attn_variant *v, const char *name,
                             const struct doc *function, int heads, const struct tensor_shape *shape) {
    int rows = shape->size[shape->rank - 2], columns = shape->size[shape->rank - 1], sizes[TENSOR_DIMS];
    double count = (double)heads * rows * columns;
    struct doc *source = NULL;
    if (count > BLOCKS_MAX) {
        complain(r, name, 1,
                 "variants: %s: %s would be called for %.0f blocks; at most %d: take larger blocks", v->name,
                 name, count, BLOCKS_MAX);
        return NULL;
    }
    for (int d = 0; d < shape->rank; d++)
        sizes[d] = d == shape->batch ? 1 : d == shape->head ? heads : shape->size[d];
    unsigned char *map = xmalloc((size_t)count);
    if (!config_blocks(r->config, function, v->name, name, heads, rows, columns, map, r->errors))
        source = tensor_source_blocks(shape->rank, sizes, map);
    free(map);
    return source;
}

/* The same once for each function and size. */
static struct doc *made(struct reader *r, const struct entry *e, size_t t, const struct attn_problem *p,
                        const void *params, struct doc *known) {
    const struct attn_tensor *table = &e->variant->tensors[t];
    const struct doc *function = given(e, t);
    const char *name = is_short(e->variant, t, e->settings) ? "pattern" : table->name;
    struct tensor_shape shape;
    struct attn_error error;
    if (tensors_shape(e->variant, table, p, params, &shape, &error)) {
        complain(r, name, 1, "variants: %s", error.text);
        return NULL;
    }
    int heads = shape.head >= 0 && config_takes_head(r->config, function) ? shape.size[shape.head] : 1;
    char *text = doc_text(function, 0),
         *key = format("%s %dx%dx%d of %d", text, heads, shape.size[shape.rank - 2],
                       shape.size[shape.rank - 1], shape.rank);
    struct doc *source = doc_get(known, key) ? doc_copy(doc_get(known, key))
                                             : evaluated(r, e->variant, name, function, heads, &shape);
    if (source && !doc_get(known, key)) doc_put(known, key, doc_copy(source));
    free(text), free(key);
    return source;
}

struct doc *entry_tensors_sources(struct reader *r, const struct entry *e, const struct attn_problem *p,
                                  const void *params, const char *config, struct doc *known) {
    struct doc *sources = doc_object();
    for (size_t t = 0; t < tensors_count(e->variant); t++) {
        const struct doc *x = given(e, t);
        struct doc *source;
        if (!x) continue;
        if (config_is_function(x)) source = made(r, e, t, p, params, known);
        else {
            char *path = sections_path(config, doc_as_str(x));
            source = doc_string(path);
            free(path);
        }
        if (!source) return doc_free(sources), NULL;
        doc_put(sources, e->variant->tensors[t].name, source);
    }
    return sources;
}

/* ---- names ------------------------------------------------------------------------------------- */

static int same_function(const struct doc *a, const struct doc *b) {
    return config_is_function(a) && config_is_function(b) &&
           doc_int(a, "$function", 0) == doc_int(b, "$function", 0);
}

/* 1 for the first function that an entry of the variant gives for tensor t, 2 for the next. */
static int number_of(const struct entry *all, const struct entry *e, size_t t) {
    int number = 1;
    for (const struct entry *a = all; a < e; a++) {
        int counted = a->variant != e->variant || !config_is_function(given(a, t));
        for (const struct entry *b = all; b < a && !counted; b++)
            counted = b->variant == e->variant && same_function(given(a, t), given(b, t));
        if (counted) continue;
        if (same_function(given(a, t), given(e, t))) return number;
        number++;
    }
    return number;
}

/* In the order of the variant's table, since Lua's tables have none. */
void entry_tensors_name(struct text *to, const struct entry *all, const struct entry *e,
                        const struct doc *sources) {
    for (size_t t = 0; t < tensors_count(e->variant); t++) {
        const struct doc *x = given(e, t);
        const char *name = e->variant->tensors[t].name;
        if (!x) continue;
        int number = number_of(all, e, t);
        if (!config_is_function(x)) text_add(to, ",%s=%s", name, doc_as_str(x));
        else text_add(to, ",%s=f%.0d", name, number > 1 ? number : 0);
        if (config_is_function(x) && !sources) text_add(to, "(i,j)");
        if (config_is_function(x) && sources)
            text_add(to, ":%s", doc_str(doc_get(sources, name), "digest", ""));
    }
}
