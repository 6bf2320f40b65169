/* inputs.c -- where q, k and v come from. */
#include "inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor_file.h"
#include "text.h"

enum { STREAM_Q = 1, STREAM_K, STREAM_V };

static const struct input_setting gauss[] = {
    {"s", 0, 1, 0, 100, NULL, "standard deviation of the logits at scale 1 / sqrt(dk)"},
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
    {"file", "captured tensors", file},
    {0},
};

const struct input_family *inputs_find(const char *name) {
    for (const struct input_family *f = inputs_families; f->name; f++)
        if (!strcmp(f->name, name)) return f;
    return NULL;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *file_name(const struct doc *input) {
    const char *path = doc_str(input, "path", "");
    return base_name(*path ? path : doc_str(input, "q", "q"));
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

char *inputs_label(const struct doc *input) {
    const struct input_family *f = inputs_find(doc_str(input, "family", ""));
    struct text t = {0};
    text_add(&t, "%s", f->name);
    if (f->settings == file) add_file_label(&t, input);
    for (const struct input_setting *s = f->settings; s->name; s++)
        if (!s->is_text) text_add(&t, ",%s=%.10g", s->name, doc_num(input, s->name, s->preset));
    return t.s;
}

/* ---- file --------------------------------------------------------------------------------------- */

struct source {
    char *path;
    const char *name;
    struct tensor_info info;
};

static int is_file(const struct doc *input) { return !strcmp(doc_str(input, "family", ""), "file"); }

/* Opens the tensor that the setting `which` names. */
static int open_source(const struct doc *input, const char *which, struct source *s,
                       struct attn_error *error) {
    const char *path = doc_str(input, "path", "");
    s->name = doc_str(input, which, which);
    s->path = xstrdup(*path ? path : s->name);
    if (tensor_file_open(s->path, s->name, &s->info, error)) return -1;
    if (s->info.rank >= 3) return 0;
    snprintf(error->text, sizeof error->text,
             "%s: '%s' has %d dimensions; [batch, heads, n, d] or [heads, n, d]", s->path, s->name,
             s->info.rank);
    return -1;
}

static int open_sources(const struct doc *input, struct source s[3], struct attn_error *error) {
    static const char *const names[] = {"q", "k", "v"};
    memset(s, 0, 3 * sizeof *s);
    for (int i = 0; i < 3; i++)
        if (open_source(input, names[i], &s[i], error)) return -1;
    const int *q = s[0].info.shape, *k = s[1].info.shape, *v = s[2].info.shape;
    const char *why = q[0] != k[0] || k[0] != v[0]  ? "batch sizes differ"
                      : k[1] != v[1] || q[1] % k[1] ? "heads of q must be a multiple of those of k and v"
                      : k[2] != v[2]                ? "k and v differ in length"
                      : q[3] != k[3]                ? "q and k differ in head size"
                                                    : NULL;
    if (!why) return 0;
    snprintf(error->text, sizeof error->text, "%s: q [%d %d %d %d], k [%d %d %d %d], v [%d %d %d %d]: %s",
             s[0].path, q[0], q[1], q[2], q[3], k[0], k[1], k[2], k[3], v[0], v[1], v[2], v[3], why);
    return -1;
}

static void close_sources(struct source s[3]) {
    for (int i = 0; i < 3; i++) free(s[i].path);
}

int inputs_adjust(const struct doc *input, struct attn_problem *p, struct attn_error *error) {
    struct source s[3];
    if (!is_file(input)) return 0;
    int failed = open_sources(input, s, error);
    if (!failed) {
        p->batch = s[0].info.shape[0];
        p->heads = s[0].info.shape[1];
        p->kv_heads = s[1].info.shape[1];
        p->dk = s[0].info.shape[3];
        p->dv = s[2].info.shape[3];
    }
    close_sources(s);
    return failed;
}

int inputs_verify(const struct doc *input, struct attn_error *error) {
    enum { BLOCK = 1 << 16 };
    struct source s[3];
    int failed = !is_file(input) ? 0 : open_sources(input, s, error);
    float *x = xmalloc(BLOCK * sizeof *x);
    for (int t = 0; is_file(input) && !failed && t < 3; t++) {
        size_t count = 1;
        for (int d = 0; d < 4; d++) count *= (size_t)s[t].info.shape[d];
        for (size_t i = 0; i < count && !failed; i += BLOCK) {
            size_t n = count - i < BLOCK ? count - i : BLOCK;
            failed = tensor_file_read(s[t].path, &s[t].info, i, n, x, error);
            for (size_t e = 0; e < n && !failed; e++)
                if (!isfinite(x[e])) {
                    snprintf(error->text, sizeof error->text,
                             "%s: '%s' is not finite in float at element %zu", s[t].path, s[t].name, i + e);
                    failed = -1;
                }
        }
    }
    if (is_file(input)) close_sources(s);
    free(x);
    return failed;
}

int inputs_suffice(const struct doc *input, const struct attn_problem *p, struct attn_error *error) {
    struct source s[3];
    if (!is_file(input)) return 0;
    int failed = open_sources(input, s, error), nq = s[0].info.shape[2], nk = s[1].info.shape[2];
    if (!failed && (p->nq > nq || p->nk > nk)) {
        snprintf(error->text, sizeof error->text, "%s holds %d queries and %d keys", file_name(input), nq,
                 nk);
        failed = -1;
    }
    close_sources(s);
    return failed;
}

/* The first n rows of every head, packed. */
static int read_prefix(const struct source *s, int n, float *to, struct attn_error *error) {
    const int *shape = s->info.shape;
    size_t d = (size_t)shape[3], head = (size_t)shape[2] * d;
    for (size_t t = 0; t < (size_t)shape[0] * (size_t)shape[1]; t++)
        if (tensor_file_read(s->path, &s->info, t * head, (size_t)n * d, to + t * (size_t)n * d, error))
            return -1;
    return 0;
}

static int fill_file(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v,
                     struct attn_error *error) {
    struct source s[3];
    int failed = open_sources(input, s, error) || read_prefix(&s[0], p->nq, q, error) ||
                 read_prefix(&s[1], p->nk, k, error) || read_prefix(&s[2], p->nk, v, error);
    close_sources(s);
    return failed ? -1 : 0;
}

/* ---- gauss -------------------------------------------------------------------------------------- */

/* Long tensors are filled by all threads; values do not depend on the cut. */
static void normal(uint64_t seed, uint64_t stream, size_t n, double deviation, float *x) {
    enum { PIECE = 1 << 16 };
    size_t pieces = (n + PIECE - 1) / PIECE;
#pragma omp parallel for
    for (size_t t = 0; t < pieces; t++) {
        size_t from = t * PIECE, count = n - from < PIECE ? n - from : PIECE;
        attn_random_normal(seed, stream, from, count, x + from);
        for (size_t i = from; i < from + count; i++) x[i] *= (float)deviation;
    }
}

static void fill_gauss(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v) {
    double deviation = sqrt(doc_num(input, "s", 1));
    size_t kv_rows = (size_t)p->batch * (size_t)p->kv_heads * (size_t)p->nk;
    normal(p->seed, STREAM_Q, (size_t)p->batch * (size_t)p->heads * (size_t)p->nq * (size_t)p->dk, deviation,
           q);
    normal(p->seed, STREAM_K, kv_rows * (size_t)p->dk, deviation, k);
    normal(p->seed, STREAM_V, kv_rows * (size_t)p->dv, 1, v);
}

int inputs_fill(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v,
                struct attn_error *error) {
    if (is_file(input)) return fill_file(input, p, q, k, v, error);
    fill_gauss(input, p, q, k, v);
    return 0;
}
