/* inputs.c -- where q, k and v come from. */
#include "inputs.h"

#include <stdio.h>
#include <string.h>

#include "inputs_file.h"
#include "inputs_made.h"
#include "text.h"

static const struct setting gauss[] = {
    {"s", SETTING_REAL, 1, 0, 100, .help = "standard deviation of the logits at scale 1 / sqrt(dk)"},
    {"mean_v", SETTING_REAL, 0, -1e3, 1e3, .help = "mean that all values have in common", .quiet = 1},
    {0},
};

static const struct setting local[] = {
    {"scale", SETTING_REAL, 64, 1e-3, 1e9,
     .help = "distance, in positions, at which the pull of a position has gone down to 61 %"},
    {"gain", SETTING_REAL, 6, 0, 100, .help = "logit of the query's own position above those far away"},
    {"s", SETTING_REAL, 1, 0, 100, .help = "standard deviation of the logits' share without position"},
    {0},
};

static const struct setting needle[] = {
    {"p", SETTING_REAL, 0.9, 0.001, 0.999, .help = "weight of the one key that each query looks for"},
    {"s", SETTING_REAL, 1, 1e-3, 100, .help = "standard deviation of the other logits"},
    {0},
};

static const struct setting sink[] = {
    {"tokens", SETTING_WHOLE, 4, 1, 1024, .help = "how many of the first keys are sinks"},
    {"mass", SETTING_REAL, 0.7, 0.001, 0.999, .help = "weight of the sinks together, in each row"},
    {"s", SETTING_REAL, 1, 0, 100, .help = "standard deviation of the other logits"},
    {0},
};

static const struct setting heavy[] = {
    {"alpha", SETTING_REAL, 1, 0, 10, .help = "exponent with which a key's weight falls as its rank grows"},
    {"s", SETTING_REAL, 1, 0, 100, .help = "standard deviation of the logits' other share"},
    {0},
};

static const struct setting cluster[] = {
    {"clusters", SETTING_WHOLE, 16, 1, 1 << 20, .help = "centroids in each head"},
    {"spread", SETTING_REAL, 0.5, 0, 100, .help = "deviation around a centroid over its own coordinates'"},
    {"gain", SETTING_REAL, 6, 1e-3, 100, .help = "logit of a query with the keys of its own cluster"},
    {0},
};

static const struct setting lowrank[] = {
    {"rank", SETTING_WHOLE, 8, 1, 4096, .help = "dimension of the subspace of queries and keys"},
    {"s", SETTING_REAL, 1, 0, 100, .help = "standard deviation of the logits at scale 1 / sqrt(dk)"},
    {0},
};

static const struct setting numerics[] = {
    {"case", SETTING_WORD, .text = "logits_1e4", .help = "what is hard about them",
     .words = inputs_made_cases},
    {0},
};

static const struct setting file[] = {
    {"path", SETTING_TEXT, .text = "", .help = "a .safetensors file; without it q, k and v name .npy files"},
    {"q", SETTING_TEXT, .text = "q", .help = "name of the tensor of queries"},
    {"k", SETTING_TEXT, .text = "k", .help = "name of the tensor of keys"},
    {"v", SETTING_TEXT, .text = "v", .help = "name of the tensor of values"},
    {0},
};

static const struct input_family families[] = {
    {{"gauss", "independent normal vectors", gauss}, inputs_made_gauss, NULL},
    {{"local", "vectors that know their position: logits decay with distance", local},
     inputs_made_local,
     inputs_made_local_suffices},
    {{"needle", "one key for each query that holds most of the weight", needle},
     inputs_made_needle,
     inputs_made_needle_suffices},
    {{"sink", "the first keys hold most of the weight and say little", sink},
     inputs_made_sink,
     inputs_made_sink_suffices},
    {{"heavy", "keys whose weight follows a power law, whoever asks", heavy},
     inputs_made_heavy,
     inputs_made_heavy_suffices},
    {{"cluster", "queries find the keys of their cluster, wherever these stand", cluster},
     inputs_made_cluster,
     inputs_made_cluster_suffices},
    {{"lowrank", "queries and keys of few dimensions", lowrank},
     inputs_made_lowrank,
     inputs_made_lowrank_suffices},
    {{"numerics", "numbers that are hard on floats", numerics},
     inputs_made_numerics,
     inputs_made_numerics_suffices},
    {{"file", "captured tensors", file}, NULL, inputs_file_suffice},
};
static const size_t families_n = sizeof families / sizeof *families;

static const struct kind *family_at(size_t i) { return i < families_n ? &families[i].kind : NULL; }

const struct kinds input_kinds = {"input", "input", "family", "gauss", family_at};

/* NULL: of another version. */
static const struct input_family *family(const struct doc *input) {
    const char *name = doc_str(input, "family", "");
    for (size_t i = 0; i < families_n; i++)
        if (!strcmp(families[i].kind.name, name)) return &families[i];
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
    const struct input_family *f = family(input);
    struct text t = {0};
    text_add(&t, "%s", doc_str(input, "family", "?"));
    if (!f) return t.s; /* a row of another version */
    if (f->kind.settings == file) add_file_label(&t, input);
    kinds_label(&t, &f->kind, input, except);
    return t.s;
}

/* ---- families ------------------------------------------------------------------------------------ */

int inputs_are_hard(const struct doc *input) { return family(input)->kind.settings == numerics; }

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
