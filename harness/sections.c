/* sections.c -- the tables of a sweep that are no plain axes: variants, inputs, measure. */
#include "sections.h"

#include <stdlib.h>
#include <string.h>

#include "entry_tensors.h"
#include "inputs.h"
#include "params.h"
#include "plugin.h"
#include "plugins_asked.h"
#include "registry.h"
#include "tensors.h"

const struct doc *sections_table(struct reader *r, const struct doc *sweep, const char *key,
                                 const struct doc *empty) {
    const struct doc *x = doc_get(sweep, key);
    if (!x) return empty;
    if (doc_is_object(x)) return x;
    complain(r, key, 1, "%s takes a table of names: %s = { ... }", key, key);
    return empty;
}

struct list { /* of entries, being filled */
    const char *config;
    size_t missing_plugins;
    struct doc *absent; /* names of optional variants that are not there */
    struct entry *entries;
    size_t n, room;
};

char *sections_path(const char *config, const char *name) {
    const char *slash = strrchr(config, '/');
    return *name == '/' || !slash ? xstrdup(name) : format("%.*s/%s", (int)(slash - config), config, name);
}

/* -1, and a complaint, where it cannot be loaded. */
static int add_plugin(struct reader *r, const char *config, const struct doc *item) {
    struct attn_error error;
    const char *name = doc_as_str(item);
    if (!name) {
        char *shown = doc_text(item, 0);
        complain(r, "plugins", 1, "plugins: %s is no file; give plugins = { \"FILE.so\" }", shown);
        free(shown);
        return -1;
    }
    char *path = sections_path(config, name);
    plugins_asked_announce(path);
    int failed = plugin_load(path, &error);
    if (failed) complain(r, name, 0, "plugins: %s", error.text);
    free(path);
    return failed ? -1 : 0;
}

size_t sections_plugins(struct reader *r, const struct doc *sweep, const char *config) {
    const struct doc *given = doc_get(sweep, "plugins");
    size_t missing = 0;
    if (!doc_is_array(given)) return given && add_plugin(r, config, given) ? 1 : 0;
    for (size_t i = 0; i < doc_len(given); i++) missing += add_plugin(r, config, doc_at(given, i)) != 0;
    return missing;
}

/* "did you mean 'pattern'?": parameters, and what an entry may say of tensors. */
static char *suggest_key(const struct attn_variant *v, const char *key) {
    const char *names[64];
    size_t n = 0, over_blocks;
    if (tensors_count(v) == 0) return params_suggest(v, key);
    for (const struct attn_param *p = v->params; p && p->name && n < 62; p++) names[n++] = p->name;
    names[n++] = "tensors";
    tensors_find_over_blocks(v, &over_blocks);
    if (over_blocks == 1) names[n++] = "pattern";
    return suggestion(key, names, n);
}

/* An entry that may name a variant which this build lacks says so. */
static int is_optional(struct reader *r, const struct doc *item, const char *name) {
    const struct doc *given = doc_get(item, "optional");
    if (!given || doc_is_bool(given)) return doc_flag(item, "optional");
    char *shown = doc_text(given, 0);
    complain(r, "optional", 1, "variants: %s: optional = %s; allowed: true, false", name, shown);
    free(shown);
    return 0;
}

static void add_entry(struct reader *r, const struct doc *item, struct list *list) {
    const struct doc *first = doc_is_array(item) ? doc_at(item, 0) : doc_get(item, "1");
    const char *name = doc_is_string(item) ? doc_as_str(item) : doc_as_str(first);
    if (!name) {
        char *shown = doc_text(item, 0);
        complain(r, "variants", 1,
                 "variants: %s is no entry; give \"name\" or { \"name\", parameter = value }", shown);
        free(shown);
        return;
    }
    if (doc_is_array(item) && doc_len(item) > 1)
        complain(r, name, 0,
                 "variants: { \"%s\", ... } takes parameters by name: { \"%s\", parameter = value }", name,
                 name);
    const struct attn_variant *v = registry_find(name);
    int optional = is_optional(r, item, name);
    if (!v && list->missing_plugins) return;
    if (!v && optional) {
        if (!doc_has_word(list->absent, name)) doc_add(list->absent, doc_string(name));
        return;
    }
    if (!v) {
        char *help = registry_suggest(name);
        complain(r, name, 0, "variants: unknown variant '%s'; %s%s", name, help,
                 strstr(help, "did you mean") ? "" : "; of a plugin? plugins = { \"FILE.so\" }");
        free(help);
        return;
    }
    for (size_t i = 0; doc_is_object(item) && i < doc_len(item); i++) {
        const char *key = doc_key(item, i);
        const struct attn_param *param =
            entry_tensors_is_pattern(v, key, doc_at(item, i)) ? NULL : params_find(v, key);
        if (param && param->type == ATTN_CHOICE && config_is_function(doc_at(item, i)))
            complain(r, key, 1,
                     "variants: %s: %s takes one of the words of its list, not a function; "
                     "'attnbench describe %s' has the list",
                     name, key, name);
        if (!strcmp(key, "1") || !strcmp(key, "optional") || param ||
            entry_tensors_check(r, list->config, v, item, key))
            continue;
        char *help = suggest_key(v, key);
        complain(r, key, 1, "variants: %s has no parameter '%s'; %s", name, key, help);
        free(help);
    }
    if (list->n == list->room) {
        complain(r, "variants", 1, "variants: more than %zu entries", list->n);
        return;
    }
    list->entries[list->n++] = (struct entry){v, doc_is_object(item) ? item : NULL};
}

size_t sections_variants(struct reader *r, const struct doc *sweep, const char *config,
                         size_t missing_plugins, struct doc *absent, struct entry *entries, size_t room) {
    const struct doc *given = doc_get(sweep, "variants");
    struct list list = {config, missing_plugins, absent, entries, 0, room};
    if (doc_is_string(given) || (doc_is_object(given) && doc_get(given, "1"))) add_entry(r, given, &list);
    else if (!doc_is_array(given) || doc_len(given) == 0)
        complain(r, "variants", 1, "variants is missing; for example variants = { \"full\", \"flash\" }");
    else
        for (size_t i = 0; i < doc_len(given); i++) add_entry(r, doc_at(given, i), &list);
    return list.n;
}

/* Files are named relative to the config. */
static void place_files(const char *path, struct doc *inputs) {
    const char *slash = strrchr(path, '/');
    for (size_t i = 0; i < doc_len(inputs); i++) {
        struct doc *input = doc_at(inputs, i);
        static const char *const all[] = {"path", "q", "k", "v"};
        int from = *doc_str(input, "path", "") ? 0 : 1, to = from ? 4 : 1;
        if (strcmp(doc_str(input, "family", ""), "file") || !slash) continue;
        for (int x = from; x < to; x++) {
            const char *name = doc_str(input, all[x], "");
            if (*name == '/') continue;
            if (x == 0) doc_put_str(input, "label_path", name);
            char *full = sections_path(path, name);
            doc_put_str(input, all[x], full);
            free(full);
        }
    }
}

struct doc *sections_inputs(struct reader *r, const struct doc *sweep, const char *config) {
    struct doc *inputs = kinds_axis(r, &input_kinds, sweep);
    place_files(config, inputs);
    for (size_t i = 0; i < doc_len(inputs); i++) { /* unreadable files are errors of the config */
        struct attn_problem problem = {.struct_size = sizeof problem};
        struct attn_error error;
        if (inputs_adjust(doc_at(inputs, i), &problem, &error) || inputs_verify(doc_at(inputs, i), &error))
            complain(r, "file", 0, "input: %s", error.text);
    }
    return inputs;
}

struct doc *sections_measure(struct reader *r, const struct doc *sweep) {
    static const char *const keys[] = {"what", "replicates", "seeds", "rows", "max_seconds", "cache"};
    static const char *const caches[] = {"warm", "cold"};
    static const char *const whats[] = {"time", "memory", "accuracy"};
    struct doc *empty = doc_object(), *m = doc_object();
    const struct doc *given = sections_table(r, sweep, "measure", empty);
    axis_known_keys(r, "measure", given, keys, 6);
    if (doc_get(given, "what")) doc_put(m, "what", axis_words(r, given, "what", "time", whats, 3));
    else {
        struct doc *all = doc_array();
        for (int i = 0; i < 3; i++) doc_add(all, doc_string(whats[i]));
        doc_put(m, "what", all);
    }
    struct doc *cache = axis_words(r, given, "cache", "warm", caches, 2);
    if (doc_len(cache) > 1) complain(r, "cache", 1, "cache is one word for the whole sweep");
    doc_put(m, "cache", doc_copy(doc_at(cache, 0)));
    doc_free(cache);
    static const struct {
        const char *key;
        double preset, min, max;
        int whole;
    } numbers[] = {{"replicates", 6, 1, 100, 1},
                   {"seeds", 1, 1, 1000, 1},
                   {"rows", 256, 1, 1e6, 1},
                   {"max_seconds", 10, 0.001, 86400, 0}};
    for (int i = 0; i < 4; i++) {
        struct doc *x = axis_numbers(r, given, numbers[i].key, numbers[i].preset, numbers[i].whole,
                                     numbers[i].min, numbers[i].max);
        if (doc_len(x) > 1 || config_is_function(doc_at(x, 0)))
            complain(r, numbers[i].key, 1, "%s is one number for the whole sweep", numbers[i].key);
        doc_put(m, numbers[i].key, doc_copy(doc_at(x, 0)));
        doc_free(x);
    }
    doc_free(empty);
    return m;
}
