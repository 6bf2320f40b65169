/* group.c -- what all variants of one (shape, mask, input, positions, threads, seed) share. */
#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"
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
    struct layered layered; /* its sizes */
    int is_layered, nrows;
    double max_logit, naive_error;
    struct descriptors descriptors;
};

struct layout {
    size_t q, k, v, bias, rows, softmax, mean, coef, basis, layered, layer_softmax, layer_mean,
        end; /* offsets in bytes */
};

static size_t after(size_t at, double bytes) { return (at + (size_t)bytes + ALIGN - 1) / ALIGN * ALIGN; }

static struct layout layout(const struct attn_problem *p, size_t nbias, int nrows,
                            const struct layered *layered) {
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
    l.layered = l.layer_softmax = l.layer_mean = l.end;
    if (!layered) return l;
    double rows = (double)nrows / p->heads * layered->layer.d_model * sizeof(double);
    l.layer_softmax = after(l.layered, (double)layered_bytes(layered));
    l.layer_mean = after(l.layer_softmax, rows);
    l.end = after(l.layer_mean, rows);
    return l;
}

/* x, context and weights, and the q, k and v that the layer makes of them or that stand in for these. */
static int fill_layer(const struct doc *point, const struct attn_problem *p, struct layered *layered,
                      const struct layout *l, char *base, struct attn_error *error) {
    struct attn_need in = {.struct_size = sizeof in}, out = in;
    struct attn_call call = {.struct_size = sizeof call, .problem = p};
    struct block state;
    layered_place(layered, base + l->layered);
    const struct doc *positions = doc_get(point, "positions");
    if (layered_fill(point, layered, error) ||
        positions_add(positions, p, p->nq, layered->layer.d_model, (float *)layered->x.data, error) ||
        (layered->layer.is_cross &&
         positions_add(positions, p, p->nk, layered->layer.d_context, (float *)layered->context.data, error)))
        return -1;
    if (layered->stands_in) return 0;
    attn_layer_size(&layered->layer, &in, &out);
    if (block_make(&state, in.state + out.state)) {
        snprintf(error->text, sizeof error->text, "no memory for the packed weights of the layer");
        return -1;
    }
    call.q = problem_packed((const float *)(base + l->q), p->heads, p->nq, p->dk);
    call.k = problem_packed((const float *)(base + l->k), p->kv_heads, p->nk, p->dk);
    call.v = problem_packed((const float *)(base + l->v), p->kv_heads, p->nk, p->dv);
    attn_layer_create(&layered->layer, state.data);
    attn_layer_in(&layered->layer, state.data, &layered->x, &layered->context, &call);
    block_free(&state);
    return 0;
}

int group_make(int f, const struct doc *point, int rows, struct attn_error *error) {
    struct attn_problem p;
    struct layered layered;
    problem_from_point(point, &p);
    p.isa = 0;
    const struct doc *positions = doc_get(point, "positions");
    int is_layered = layered_sizes(point, &p, &layered), nrows = truth_rows(&p, rows);
    size_t nbias = positions_bias_count(positions, &p);
    struct layout l = layout(&p, nbias, nrows, is_layered ? &layered : NULL);
    char *base = MAP_FAILED;
    if (!ftruncate(f, (off_t)l.end)) base = mmap(NULL, l.end, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    if (base == MAP_FAILED) {
        snprintf(error->text, sizeof error->text, "no room for %zu bytes of inputs: %s", l.end,
                 strerror(errno));
        return -1;
    }
    if (is_layered && fill_layer(point, &p, &layered, &l, base, error)) return -1;
    if ((!is_layered || layered.stands_in) &&
        inputs_fill(doc_get(point, "input"), &p, (float *)(base + l.q), (float *)(base + l.k),
                    (float *)(base + l.v), error))
        return -1;
    if (positions_turn(positions, &p, (float *)(base + l.q), (float *)(base + l.k), error)) return -1;
    struct header *head = (struct header *)base;
    *head = (struct header){.problem = p,
                            .bias = positions_bias(positions, &p, (float *)(base + l.bias)),
                            .nbias = nbias,
                            .layered = layered,
                            .is_layered = is_layered,
                            .nrows = nrows,
                            .naive_error = (double)NAN};
    truth_draw(&p, nrows, is_layered, (struct sample *)(base + l.rows));

    struct group g;
    struct attn_call call = {0};
    if (group_open(f, &g, error)) return -1;
    group_call(&g, &g.problem, &call);
    truth_compute(&call, g.truth.rows, nrows, (double *)(base + l.softmax), (double *)(base + l.mean),
                  &head->max_logit, &head->descriptors);
    if (is_layered) {
        truth_project(&g.truth, &g.layered.layer, g.truth.softmax, (double *)(base + l.layer_softmax), NULL);
        truth_project(&g.truth, &g.layered.layer, g.truth.mean, (double *)(base + l.layer_mean), NULL);
    }
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
    struct layered layered = head->layered;
    layered.layer.problem = &head->problem;
    struct layout l = layout(&head->problem, head->nbias, head->nrows, head->is_layered ? &layered : NULL);
    if (head->is_layered) layered_place(&layered, base + l.layered);
    *g = (struct group){
        .problem = head->problem,
        .q = (const float *)(base + l.q),
        .k = (const float *)(base + l.k),
        .v = (const float *)(base + l.v),
        .bias = head->bias,
        .is_layered = head->is_layered,
        .layered = layered,
        .truth = {.nrows = head->nrows,
                  .rows = (const struct sample *)(base + l.rows),
                  .softmax = (const double *)(base + l.softmax),
                  .mean = (const double *)(base + l.mean),
                  .layer_softmax = head->is_layered ? (const double *)(base + l.layer_softmax) : NULL,
                  .layer_mean = head->is_layered ? (const double *)(base + l.layer_mean) : NULL,
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

void group_call(const struct group *g, const struct attn_problem *p, struct attn_call *c) {
    *c = (struct attn_call){.struct_size = sizeof *c, .problem = p};
    c->q = problem_packed(g->q, p->heads, p->nq, p->dk);
    c->k = problem_packed(g->k, p->kv_heads, p->nk, p->dk);
    c->v = problem_packed(g->v, p->kv_heads, p->nk, p->dv);
    c->bias = g->bias;
}
