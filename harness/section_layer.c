/* section_layer.c -- the table `layer` of a sweep. */
#include "section_layer.h"

#include <stdlib.h>
#include <string.h>

#include "layered.h"
#include "sections.h"

static void read_tensors(struct reader *r, const struct doc *layer) {
    struct doc *empty = doc_object();
    const struct doc *tensors = sections_table(r, layer, "tensors", empty);
    int has_bias = !doc_is_bool(doc_get(layer, "bias")) || doc_flag(layer, "bias");
    axis_known_keys(r, "layer: tensors", tensors, layered_names, LAYERED_TENSORS);
    for (size_t i = 0; i < doc_len(tensors); i++) {
        const char *name = doc_key(tensors, i);
        if (!doc_is_string(doc_at(tensors, i)))
            complain(r, name, 1, "layer: tensors: %s takes a file: \"FILE.npy\" or \"FILE.safetensors:NAME\"",
                     name);
        if (!strcmp(name, "context") && !doc_get(layer, "context"))
            complain(r, name, 1,
                     "layer: tensors: context is given, and the layer has none; say context = { n = ... }");
        if (*name == 'b' && !has_bias)
            complain(r, name, 1, "layer: tensors: %s is given and bias = false; leave one of them out", name);
    }
    doc_free(empty);
}

static void read_flag(struct reader *r, const struct doc *layer, const char *key) {
    const struct doc *given = doc_get(layer, key);
    if (!given || doc_is_bool(given)) return;
    char *shown = doc_text(given, 0);
    complain(r, key, 1, "layer: %s = %s; allowed: true, false", key, shown);
    free(shown);
}

const struct doc *section_layer(struct reader *r, const struct doc *sweep) {
    static const char *const keys[] = {"d_model", "heads",      "kv_heads", "dk",     "dv",
                                       "bias",    "transposed", "context",  "tensors"};
    struct doc *empty = doc_object();
    const struct doc *layer = sections_table(r, sweep, "layer", empty);
    int is_there = layer != empty;
    axis_known_keys(r, "layer", layer, keys, sizeof keys / sizeof *keys);
    read_flag(r, layer, "bias");
    read_flag(r, layer, "transposed");
    if (is_there) read_tensors(r, layer);
    doc_free(empty);
    return is_there ? layer : NULL;
}

void section_layer_inputs(struct reader *r, const struct doc *inputs) {
    for (size_t i = 0; i < doc_len(inputs); i++) {
        const char *family = doc_str(doc_at(inputs, i), "family", "");
        if (!strcmp(family, "gauss") && doc_num(doc_at(inputs, i), "mean_v", 0) != 0)
            complain(r, "mean_v", 1, "input: mean_v is of values, which a layer makes itself; leave it out");
    }
}

void section_layer_measure(struct reader *r, const struct doc *measure) {
    if (!strcmp(doc_str(measure, "cache", ""), "cold"))
        complain(r, "cache", 1, "measure: a layer is measured with cache = \"warm\" only");
}

/* "layer,d_model=768,d_context=512": what differs from the usual, and the files. */
static char *label_of(const struct doc *x, const struct doc *tensors) {
    struct text t = {0};
    int width = doc_int(x, "d_model", 0);
    text_add(&t, "layer,d_model=%d", width);
    if (doc_flag(x, "cross")) text_add(&t, ",cross");
    if (doc_int(x, "d_context", width) != width)
        text_add(&t, ",d_context=%d", doc_int(x, "d_context", width));
    if (!doc_flag(x, "bias")) text_add(&t, ",bias=false");
    if (doc_flag(x, "transposed")) text_add(&t, ",transposed");
    for (int i = 0; i < LAYERED_TENSORS; i++)
        if (doc_get(tensors, layered_names[i]))
            text_add(&t, ",%s=%s", layered_names[i], doc_str(tensors, layered_names[i], ""));
    return t.s;
}

void section_layer_finish(struct reader *r, const struct doc *layer, const struct attn_problem *p,
                          const char *config, struct doc *x) {
    const struct doc *given = doc_get(layer, "tensors");
    struct doc *point = doc_object(), *sources = doc_object();
    struct layered sizes;
    struct attn_error error;
    doc_put_bool(x, "transposed", doc_flag(layer, "transposed"));
    doc_put(point, "layer", doc_copy(x));
    layered_sizes(point, p, &sizes);
    for (int t = 0; t < LAYERED_TENSORS; t++) {
        const char *name = layered_names[t], *file = doc_str(given, name, NULL);
        if (!file || !layered_has(&sizes, t)) continue;
        char *path = sections_path(config, file);
        doc_put_str(sources, name, path);
        int failed = layered_check(&sizes, t, path, &error);
        if (failed < 0) complain(r, name, 1, "layer: tensors: %s", error.text);
        if (failed > 0) doc_put_str(x, "refused", error.text);
        free(path);
    }
    char *label = label_of(x, given);
    doc_put_str(x, "label", label);
    if (doc_len(sources)) doc_put(x, "tensors", sources);
    else doc_free(sources);
    free(label);
    doc_free(point);
}
