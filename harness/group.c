/* group.c -- what all variants of one (shape, mask, input, positions, threads, seed) share. */
#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inputs.h"
#include "lowrank.h"
#include "position_kinds.h"
#include "problem.h"
#include "text.h"

enum { ALIGN = 64 };

struct header { /* at offset 0 of the file; the rest by layout() */
    struct attn_problem problem;
    struct attn_bias bias; /* its values stand at the offset that layout() says */
    size_t nbias;
    int nrows;
    double max_logit, naive_error;
    struct descriptors descriptors;
};

struct layout {
    size_t q, k, v, bias, rows, softmax, mean, coef, basis, end; /* offsets in bytes */
};

static size_t after(size_t at, double bytes) { return (at + (size_t)bytes + ALIGN - 1) / ALIGN * ALIGN; }

static struct layout layout(const struct attn_problem *p, size_t nbias, int nrows) {
    double kv = (double)p->batch * p->kv_heads * p->nk * sizeof(float),
           out = (double)nrows * p->dv * sizeof(double), terms = lowrank_terms(p);
    struct layout l;
    l.q = after(0, sizeof(struct header));
    l.k = after(l.q, (double)p->batch * p->heads * p->nq * p->dk * sizeof(float));
    l.v = after(l.k, kv * p->dk);
    l.bias = after(l.v, kv * p->dv);
    l.rows = after(l.bias, (double)nbias * sizeof(float));
    l.softmax = after(l.rows, (double)nrows * sizeof(struct sample));
    l.mean = after(l.softmax, out);
    l.coef = after(l.mean, out);
    l.basis = after(l.coef, (double)lowrank_rows(p, nrows) * terms * sizeof(double));
    l.end = after(l.basis, terms * p->dv * sizeof(double));
    return l;
}

int group_make(int f, const struct doc *point, int rows, struct attn_error *error) {
    struct attn_problem p;
    problem_from_point(point, &p);
    p.isa = 0;
    const struct doc *positions = doc_get(point, "positions");
    int nrows = truth_rows(&p, rows);
    size_t nbias = positions_bias_count(positions, &p);
    struct layout l = layout(&p, nbias, nrows);
    char *base = MAP_FAILED;
    if (!ftruncate(f, (off_t)l.end)) base = mmap(NULL, l.end, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    if (base == MAP_FAILED) {
        snprintf(error->text, sizeof error->text, "no room for %zu bytes of inputs: %s", l.end,
                 strerror(errno));
        return -1;
    }
    if (inputs_fill(doc_get(point, "input"), &p, (float *)(base + l.q), (float *)(base + l.k),
                    (float *)(base + l.v), error) ||
        positions_turn(positions, &p, (float *)(base + l.q), (float *)(base + l.k), error))
        return -1;
    struct header *head = (struct header *)base;
    *head = (struct header){.problem = p,
                            .bias = positions_bias(positions, &p, (float *)(base + l.bias)),
                            .nbias = nbias,
                            .nrows = nrows,
                            .naive_error = (double)NAN};
    truth_draw(&p, nrows, (struct sample *)(base + l.rows));

    struct group g;
    struct attn_call call = {0};
    if (group_open(f, &g, error)) return -1;
    group_call(&g, &g.problem, &call);
    truth_compute(&call, g.truth.rows, nrows, (double *)(base + l.softmax), (double *)(base + l.mean),
                  &head->max_logit, &head->descriptors);
    head->descriptors.rank90 = (double)NAN;
    if (lowrank_terms(&p))
        head->descriptors.rank90 =
            lowrank_make(&call, g.truth.rows, nrows, (double *)(base + l.coef), (double *)(base + l.basis));
    if (inputs_are_hard(doc_get(point, "input"))) head->naive_error = truth_naive_error(&g.truth, &call);
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
    struct layout l = layout(&head->problem, head->nbias, head->nrows);
    *g = (struct group){
        .problem = head->problem,
        .q = (const float *)(base + l.q),
        .k = (const float *)(base + l.k),
        .v = (const float *)(base + l.v),
        .bias = head->bias,
        .truth = {.nrows = head->nrows,
                  .rows = (const struct sample *)(base + l.rows),
                  .softmax = (const double *)(base + l.softmax),
                  .mean = (const double *)(base + l.mean),
                  .coef = isnan(head->descriptors.rank90) ? NULL : (const double *)(base + l.coef),
                  .basis = (const double *)(base + l.basis),
                  .max_logit = head->max_logit,
                  .naive_error = head->naive_error},
        .descriptors = head->descriptors,
        .map = base,
        .bytes = (size_t)st.st_size,
    };
    g->bias.values = head->nbias ? (const float *)(base + l.bias) : NULL;
    return 0;
}

static struct attn_view packed(const float *x, int heads, int n, int d) {
    return (struct attn_view){x, (ptrdiff_t)heads * n * d, (ptrdiff_t)n * d, d};
}

void group_call(const struct group *g, const struct attn_problem *p, struct attn_call *c) {
    *c = (struct attn_call){.struct_size = sizeof *c, .problem = p};
    c->q = packed(g->q, p->heads, p->nq, p->dk);
    c->k = packed(g->k, p->kv_heads, p->nk, p->dk);
    c->v = packed(g->v, p->kv_heads, p->nk, p->dv);
    c->bias = g->bias;
}
