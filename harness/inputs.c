/* inputs.c -- where q, k and v come from. */
#include "inputs.h"

#include <stdio.h>
#include <string.h>

#include "inputs_file.h"
#include "inputs_made.h"
#include "text.h"

static const struct input_setting gauss[] = {
    {"s", INPUT_REAL, 1, 0, 100, .help = "standard deviation of the logits at scale 1 / sqrt(dk)"},
    {"mean_v", INPUT_REAL, 0, -1e3, 1e3, .help = "mean that all values have in common", .quiet = 1},
    {0},
};

static const struct input_setting local[] = {
    {"scale", INPUT_REAL, 64, 1e-3, 1e9,
     .help = "distance, in positions, at which the pull of a position has gone down to 61 %"},
    {"gain", INPUT_REAL, 6, 0, 100, .help = "logit of the query's own position above those far away"},
    {"s", INPUT_REAL, 1, 0, 100, .help = "standard deviation of the logits' share without position"},
    {0},
};

static const struct input_setting needle[] = {
    {"p", INPUT_REAL, 0.9, 0.001, 0.999, .help = "weight of the one key that each query looks for"},
    {"s", INPUT_REAL, 1, 1e-3, 100, .help = "standard deviation of the other logits"},
    {0},
};

static const struct input_setting sink[] = {
    {"tokens", INPUT_WHOLE, 4, 1, 1024, .help = "how many of the first keys are sinks"},
    {"mass", INPUT_REAL, 0.7, 0.001, 0.999, .help = "weight of the sinks together, in each row"},
    {"s", INPUT_REAL, 1, 0, 100, .help = "standard deviation of the other logits"},
    {0},
};

static const struct input_setting heavy[] = {
    {"alpha", INPUT_REAL, 1, 0, 10, .help = "exponent with which a key's weight falls as its rank grows"},
    {"s", INPUT_REAL, 1, 0, 100, .help = "standard deviation of the logits' other share"},
    {0},
};

static const struct input_setting cluster[] = {
    {"clusters", INPUT_WHOLE, 16, 1, 1 << 20, .help = "centroids in each head"},
    {"spread", INPUT_REAL, 0.5, 0, 100, .help = "deviation around a centroid over its own coordinates'"},
    {"gain", INPUT_REAL, 6, 1e-3, 100, .help = "logit of a query with the keys of its own cluster"},
    {0},
};

static const struct input_setting lowrank[] = {
    {"rank", INPUT_WHOLE, 8, 1, 4096, .help = "dimension of the subspace of queries and keys"},
    {"s", INPUT_REAL, 1, 0, 100, .help = "standard deviation of the logits at scale 1 / sqrt(dk)"},
    {0},
};

static const struct input_setting numerics[] = {
    {"case", INPUT_WORD, .text = "logits_1e4", .help = "what is hard about them", .words = inputs_made_cases},
    {0},
};

static const struct input_setting file[] = {
    {"path", INPUT_TEXT, .text = "", .help = "a .safetensors file; without it q, k and v name .npy files"},
    {"q", INPUT_TEXT, .text = "q", .help = "name of the tensor of queries"},
    {"k", INPUT_TEXT, .text = "k", .help = "name of the tensor of keys"},
    {"v", INPUT_TEXT, .text = "v", .help = "name of the tensor of values"},
    {0},
};

const struct input_family inputs_families[] = {
    {"gauss", "independent normal vectors", gauss, inputs_made_gauss, NULL},
    {"local", "vectors that know their position: logits decay with distance", local, inputs_made_local,
     inputs_made_local_suffices},
    {"needle", "one key for each query that holds most of the weight", needle, inputs_made_needle,
     inputs_made_needle_suffices},
    {"sink", "the first keys hold most of the weight and say little", sink, inputs_made_sink,
     inputs_made_sink_suffices},
    {"heavy", "keys whose weight follows a power law, whoever asks", heavy, inputs_made_heavy,
     inputs_made_heavy_suffices},
    {"cluster", "queries find the keys of their cluster, wherever these stand", cluster, inputs_made_cluster,
     inputs_made_cluster_suffices},
    {"lowrank", "queries and keys of few dimensions", lowrank, inputs_made_lowrank,
     inputs_made_lowrank_suffices},
    {"numerics", "numbers that are hard on floats", numerics, inputs_made_numerics,
     inputs_made_numerics_suffices},
    {"file", "captured tensors", file, NULL, inputs_file_suffice},
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

int inputs_is_number(const struct input_setting *s) {
    return s->type == INPUT_REAL || s->type == INPUT_WHOLE;
}

/* One setting as labels name it. */
static void add_setting_label(struct text *t, const struct doc *input, const struct input_setting *s) {
    double x = doc_num(input, s->name, s->preset);
    if (s->type == INPUT_WORD) text_add(t, ",%s=%s", s->name, doc_str(input, s->name, s->text));
    else if (inputs_is_number(s) && !(s->quiet && x == s->preset)) text_add(t, ",%s=%.10g", s->name, x);
}

char *inputs_label(const struct doc *input, const char *except) {
    const struct input_family *f = inputs_find(doc_str(input, "family", ""));
    struct text t = {0};
    text_add(&t, "%s", f ? f->name : doc_str(input, "family", "?"));
    if (!f) return t.s; /* a row of another version */
    if (f->settings == file) add_file_label(&t, input);
    for (const struct input_setting *s = f->settings; s->name; s++)
        if (!(except && !strcmp(s->name, except))) add_setting_label(&t, input, s);
    return t.s;
}

/* ---- families ------------------------------------------------------------------------------------ */

/* Of an input that was planned: its family is known. */
static const struct input_family *family(const struct doc *input) {
    return inputs_find(doc_str(input, "family", ""));
}

int inputs_are_hard(const struct doc *input) { return family(input)->settings == numerics; }

int inputs_adjust(const struct doc *input, struct attn_problem *p, struct attn_error *error) {
    return family(input)->make ? 0 : inputs_file_adjust(input, p, error);
}

int inputs_longest(const struct doc *input, struct attn_error *error) {
    return family(input)->make ? 0 : inputs_file_longest(input, error);
}

int inputs_verify(const struct doc *input, struct attn_error *error) {
    return family(input)->make ? 0 : inputs_file_verify(input, error);
}

int inputs_suffice(const struct doc *input, const struct attn_problem *p, struct attn_error *error) {
    const struct input_family *f = family(input);
    return f->suffices ? f->suffices(input, p, error) : 0;
}

int inputs_fill(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v,
                struct attn_error *error) {
    const struct input_family *f = family(input);
    if (!f->make) return inputs_file_fill(input, p, q, k, v, error);
    f->make(input, p, q, k, v);
    return 0;
}
