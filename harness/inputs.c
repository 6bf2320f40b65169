/* inputs.c -- where q, k and v come from. */
#include "inputs.h"

#include <stdio.h>
#include <string.h>

#include "inputs_file.h"
#include "inputs_made.h"
#include "text.h"

static const struct input_setting gauss[] = {
    {"s", 0, 1, 0, 100, NULL, "standard deviation of the logits at scale 1 / sqrt(dk)"},
    {0},
};

static const struct input_setting local[] = {
    {"scale", 0, 64, 1e-3, 1e9, NULL,
     "distance, in positions, at which the pull of a position has gone down to 61 %"},
    {"gain", 0, 6, 0, 100, NULL, "logit of the query's own position above those far away"},
    {"s", 0, 1, 0, 100, NULL, "standard deviation of the logits' share without position"},
    {0},
};

static const struct input_setting needle[] = {
    {"p", 0, 0.9, 0.001, 0.999, NULL, "weight of the one key that each query looks for"},
    {"s", 0, 1, 1e-3, 100, NULL, "standard deviation of the other logits"},
    {0},
};

static const struct input_setting file[] = {
    {"path", 1, 0, 0, 0, "", "a .safetensors file; without it q, k and v name .npy files"},
    {"q", 1, 0, 0, 0, "q", "name of the tensor of queries"},
    {"k", 1, 0, 0, 0, "k", "name of the tensor of keys"},
    {"v", 1, 0, 0, 0, "v", "name of the tensor of values"},
    {0},
};

const struct input_family inputs_families[] = {
    {"gauss", "independent normal vectors", gauss},
    {"local", "vectors that know their position: logits decay with distance", local},
    {"needle", "one key for each query that holds most of the weight", needle},
    {"file", "captured tensors", file},
    {0},
};

const struct input_family *inputs_find(const char *name) {
    for (const struct input_family *f = inputs_families; f->name; f++)
        if (!strcmp(f->name, name)) return f;
    return NULL;
}

/* The path as the config names it, and the tensors where they are not q, k and v. */
static void add_file_label(struct text *t, const struct doc *input) {
    static const char *const names[] = {"q", "k", "v"};
    const char *path = doc_str(input, "label_path", doc_str(input, "path", ""));
    if (*path) text_add(t, ",%s", path);
    for (int i = 0; i < 3; i++)
        if (!*path || strcmp(doc_str(input, names[i], names[i]), names[i]))
            text_add(t, ",%s=%s", names[i], doc_str(input, names[i], names[i]));
}

char *inputs_label(const struct doc *input, const char *except) {
    const struct input_family *f = inputs_find(doc_str(input, "family", ""));
    struct text t = {0};
    text_add(&t, "%s", f ? f->name : doc_str(input, "family", "?"));
    if (!f) return t.s; /* a row of another version */
    if (f->settings == file) add_file_label(&t, input);
    for (const struct input_setting *s = f->settings; s->name; s++)
        if (!s->is_text && !(except && !strcmp(s->name, except)))
            text_add(&t, ",%s=%.10g", s->name, doc_num(input, s->name, s->preset));
    return t.s;
}

/* ---- families ------------------------------------------------------------------------------------ */

static int is(const struct doc *input, const char *family) {
    return !strcmp(doc_str(input, "family", ""), family);
}

int inputs_adjust(const struct doc *input, struct attn_problem *p, struct attn_error *error) {
    return is(input, "file") ? inputs_file_adjust(input, p, error) : 0;
}

int inputs_verify(const struct doc *input, struct attn_error *error) {
    return is(input, "file") ? inputs_file_verify(input, error) : 0;
}

int inputs_suffice(const struct doc *input, const struct attn_problem *p, struct attn_error *error) {
    if (is(input, "file")) return inputs_file_suffice(input, p, error);
    if (is(input, "local")) return inputs_made_local_suffices(input, p, error);
    if (is(input, "needle")) return inputs_made_needle_suffices(input, p, error);
    return 0;
}

int inputs_fill(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v,
                struct attn_error *error) {
    if (is(input, "file")) return inputs_file_fill(input, p, q, k, v, error);
    if (is(input, "local")) inputs_made_local(input, p, q, k, v);
    else if (is(input, "needle")) inputs_made_needle(input, p, q, k, v);
    else inputs_made_gauss(input, p, q, k, v);
    return 0;
}
