/* group.c -- what all variants of one (shape, mask, input, threads, seed) share. */
#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accuracy.h"
#include "inputs.h"
#include "naive.h"
#include "problem.h"
#include "text.h"

enum { STREAM_SAMPLE = 8, ALIGN = 64 };

struct header { /* at offset 0 of the file; the rest by layout() */
    struct attn_problem problem;
    int nrows;
    double max_logit, naive_error;
    struct descriptors descriptors;
};

struct layout {
    size_t q, k, v, rows, softmax, mean, end; /* offsets in bytes */
};

static size_t after(size_t at, double bytes) { return (at + (size_t)bytes + ALIGN - 1) / ALIGN * ALIGN; }

static struct layout layout(const struct attn_problem *p, int nrows) {
    double kv = (double)p->batch * p->kv_heads * p->nk * sizeof(float),
           out = (double)nrows * p->dv * sizeof(double);
    struct layout l;
    l.q = after(0, sizeof(struct header));
    l.k = after(l.q, (double)p->batch * p->heads * p->nq * p->dk * sizeof(float));
    l.v = after(l.k, kv * p->dk);
    l.rows = after(l.v, kv * p->dv);
    l.softmax = after(l.rows, (double)nrows * sizeof(struct sample));
    l.mean = after(l.softmax, out);
    l.end = after(l.mean, out);
    return l;
}

/* Rows for each head; never more than there are queries. */
static int rows_per_head(const struct attn_problem *p, int rows) {
    int heads = p->batch * p->heads, each = (rows + heads - 1) / heads;
    if (each < 2) each = 2;
    return each < p->nq ? each : p->nq;
}

static void draw_rows(const struct attn_problem *p, int each, struct sample *rows) {
    for (int t = 0; t < p->batch * p->heads; t++)
        for (int r = 0; r < each; r++) {
            long lo = (long)p->nq * r / each, hi = (long)p->nq * (r + 1) / each;
            uint64_t index = (uint64_t)t * (uint64_t)each + (uint64_t)r;
            int i = (int)lo + (int)attn_random_index(p->seed, STREAM_SAMPLE, index, (uint32_t)(hi - lo));
            if (r == 0) i = 0;
            if (r == each - 1 && each > 1) i = p->nq - 1;
            *rows++ = (struct sample){t / p->heads, t % p->heads, i};
        }
}

static void mean_row(const struct attn_call *c, const struct sample *s, double *out) {
    const struct attn_problem *p = c->problem;
    int visible = attn_visible(p, attn_keys(c, s->b), s->i);
    for (int d = 0; d < p->dv; d++) out[d] = 0;
    for (int j = 0; j < visible; j++)
        for (int d = 0; d < p->dv; d++) out[d] += attn_row(&c->v, s->b, attn_kv_head(p, s->h), j)[d];
    for (int d = 0; visible && d < p->dv; d++) out[d] /= visible;
}

/* Softmax, the mean of V and the descriptors of the sampled rows. */
static void judge_rows(const struct group *g, const struct attn_call *c, struct header *head, double *softmax,
                       double *mean) {
    size_t dv = (size_t)g->problem.dv, nk = (size_t)g->problem.nk;
    struct descriptors_row *rows = xmalloc((size_t)g->nrows * sizeof *rows);
    double max_logit = 0;
#pragma omp parallel reduction(max : max_logit)
    {
        double *weights = xmalloc(nk * sizeof *weights), lse;
#pragma omp for schedule(dynamic)
        for (int r = 0; r < g->nrows; r++) {
            const struct sample *s = &g->rows[r];
            attn_softmax_rows(c, s->b, s->h, &s->i, 1, weights, softmax + (size_t)r * dv, &lse, &max_logit);
            mean_row(c, s, mean + (size_t)r * dv);
            descriptors_of_row(c, s->b, s->h, s->i, weights, lse, &rows[r]);
        }
        free(weights);
    }
    descriptors_mean(rows, g->nrows, &head->descriptors);
    head->max_logit = max_logit;
    free(rows);
}

/* How far plain float attention is from softmax on the sampled rows. */
static double naive_error(const struct group *g, const struct attn_call *c) {
    size_t dv = (size_t)g->problem.dv;
    float *out = xmalloc((size_t)g->nrows * dv * sizeof *out);
#pragma omp parallel for schedule(dynamic)
    for (int r = 0; r < g->nrows; r++)
        naive_row(c, g->rows[r].b, g->rows[r].h, g->rows[r].i, out + (size_t)r * dv);
    double error = accuracy_distance(out, g->softmax, (size_t)g->nrows, dv).rel_fro;
    free(out);
    return error;
}

int group_make(int f, const struct doc *point, int rows, struct attn_error *error) {
    struct attn_problem p;
    problem_from_point(point, &p);
    p.isa = 0;
    int each = rows_per_head(&p, rows), nrows = each * p.batch * p.heads;
    struct layout l = layout(&p, nrows);
    char *base = MAP_FAILED;
    if (!ftruncate(f, (off_t)l.end)) base = mmap(NULL, l.end, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    if (base == MAP_FAILED) {
        snprintf(error->text, sizeof error->text, "no room for %zu bytes of inputs: %s", l.end,
                 strerror(errno));
        return -1;
    }
    if (inputs_fill(doc_get(point, "input"), &p, (float *)(base + l.q), (float *)(base + l.k),
                    (float *)(base + l.v), error))
        return -1;
    struct header *head = (struct header *)base;
    *head = (struct header){.problem = p, .nrows = nrows, .naive_error = (double)NAN};
    draw_rows(&p, each, (struct sample *)(base + l.rows));

    struct group g;
    struct attn_call call = {0};
    if (group_open(f, &g, error)) return -1;
    group_call(&g, &g.problem, &call);
    judge_rows(&g, &call, head, (double *)(base + l.softmax), (double *)(base + l.mean));
    head->descriptors.rank90 = descriptors_rank(&call);
    if (inputs_are_hard(doc_get(point, "input"))) head->naive_error = naive_error(&g, &call);
    munmap(g.map, g.bytes);
    munmap(base, l.end);
    return 0;
}

int group_open(int f, struct group *g, struct attn_error *error) {
    struct stat st;
    char *base = MAP_FAILED;
    if (!fstat(f, &st)) base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f, 0);
    if (base == MAP_FAILED) {
        snprintf(error->text, sizeof error->text, "cannot map the inputs: %s", strerror(errno));
        return -1;
    }
    const struct header *head = (const struct header *)base;
    struct layout l = layout(&head->problem, head->nrows);
    *g = (struct group){
        .problem = head->problem,
        .q = (const float *)(base + l.q),
        .k = (const float *)(base + l.k),
        .v = (const float *)(base + l.v),
        .nrows = head->nrows,
        .rows = (const struct sample *)(base + l.rows),
        .softmax = (const double *)(base + l.softmax),
        .mean = (const double *)(base + l.mean),
        .max_logit = head->max_logit,
        .naive_error = head->naive_error,
        .descriptors = head->descriptors,
        .map = base,
        .bytes = (size_t)st.st_size,
    };
    return 0;
}

double group_bound(const struct group *g, enum attn_kind kind) {
    return isnan(g->naive_error) ? accuracy_bound(kind, g->max_logit)
                                 : accuracy_bound_hard(kind, g->max_logit, g->naive_error);
}

static struct attn_view packed(const float *x, int heads, int n, int d) {
    return (struct attn_view){x, (ptrdiff_t)heads * n * d, (ptrdiff_t)n * d, d};
}

void group_call(const struct group *g, const struct attn_problem *p, struct attn_call *c) {
    *c = (struct attn_call){.struct_size = sizeof *c, .problem = p};
    c->q = packed(g->q, p->heads, p->nq, p->dk);
    c->k = packed(g->k, p->kv_heads, p->nk, p->dk);
    c->v = packed(g->v, p->kv_heads, p->nk, p->dv);
}
