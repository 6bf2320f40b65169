/* inputs_file.c -- queries, keys and values out of tensor files. */
#include "inputs_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor_file.h"
#include "text.h"

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *file_name(const struct doc *input) {
    const char *path = doc_str(input, "path", "");
    return base_name(*path ? path : doc_str(input, "q", "q"));
}

struct source {
    char *path;
    const char *name;
    struct tensor_info info;
};

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

int inputs_file_adjust(const struct doc *input, struct attn_problem *p, struct attn_error *error) {
    struct source s[3];
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

int inputs_file_longest(const struct doc *input, struct attn_error *error) {
    struct source s[3];
    int failed = open_sources(input, s, error), nq = s[0].info.shape[2], nk = s[1].info.shape[2];
    close_sources(s);
    return failed ? -1 : nq < nk ? nq : nk;
}

int inputs_file_verify(const struct doc *input, struct attn_error *error) {
    enum { BLOCK = 1 << 16 };
    struct source s[3];
    int failed = open_sources(input, s, error);
    float *x = xmalloc(BLOCK * sizeof *x);
    for (int t = 0; !failed && t < 3; t++) {
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
    close_sources(s);
    free(x);
    return failed;
}

int inputs_file_suffice(const struct doc *input, const struct attn_problem *p, struct attn_error *error) {
    struct source s[3];
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

int inputs_file_fill(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v,
                     struct attn_error *error) {
    struct source s[3];
    int failed = open_sources(input, s, error) || read_prefix(&s[0], p->nq, q, error) ||
                 read_prefix(&s[1], p->nk, k, error) || read_prefix(&s[2], p->nk, v, error);
    close_sources(s);
    return failed ? -1 : 0;
}
