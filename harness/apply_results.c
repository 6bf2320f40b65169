/* apply_results.c -- what `attnbench apply` writes. */
#include "apply_results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply_pairs.h"
#include "machine.h"
#include "tensor_write.h"
#include "text.h"

/* The line of the table that this name of a carried tensor means; -1: none. */
static int carried_line(const struct attn_variant *v, const char *name) {
    for (size_t t = 0; t < tensors_count(v); t++)
        if (v->tensors[t].role == ATTN_CARRY && !strcmp(v->tensors[t].name, name)) return (int)t;
    return -1;
}

static void verify_one(const char *name, const struct apply_options *o, const struct attn_variant *v) {
    const char *names[5 + PAIRS_COUNT + TENSORS_MAX] = {"lse", "present_k", "present_v", "q_rotated",
                                                        "k_rotated"};
    size_t n = 5;
    for (size_t i = 0; i < PAIRS_COUNT; i++) names[n++] = pairs_names[i];
    for (size_t t = 0; t < tensors_count(v); t++)
        if (v->tensors[t].role == ATTN_CARRY) names[n++] = v->tensors[t].name;
    size_t at = 0;
    while (at < n && strcmp(names[at], name)) at++;
    if (at == n)
        die(EXIT_USAGE, "--out %s: no such output of %s; %s", name, v->name, suggestion(name, names, n));
    if (at == 0 && !(v->caps & ATTN_CAP_LSE))
        die(EXIT_USAGE, "--out lse: %s has no log of a sum of exponentials; full and flash have", v->name);
    if (strstr(name, "_rotated") && !positions_are(o->positions, "rope"))
        die(EXIT_USAGE, "--out %s: nothing is rotated; add --positions rope", name);
    if (pairs_find(name) >= 0) pairs_verify((enum pairs)pairs_find(name), o, v);
}

void apply_results_verify(const struct apply_options *o, const struct attn_variant *v) {
    if (v->caps & ATTN_CAP_NO_OUTPUT)
        die(EXIT_USAGE, "%s computes no output, so there is nothing to write", v->name);
    for (size_t i = 1; i < o->noutputs; i++) verify_one(o->outputs[i].name, o, v);
}

/* Ends the program where so many numbers have no room; asked before anything is computed. */
static void afford(double count, const char *what) {
    double bytes = count * sizeof(float), left = machine_free_memory();
    if (bytes > left)
        die(EXIT_USAGE, "%s: it takes %s; %s are free", what, show_bytes(bytes), show_bytes(left));
}

static void make(struct block *b, double count, const char *what) {
    afford(count, what);
    if (block_make(b, (size_t)(count * sizeof(float))))
        die(EXIT_USAGE, "%s: no memory for %s", what, show_bytes(count * sizeof(float)));
}

void apply_results_open(struct apply_results *r, const struct apply_options *o, const struct apply_inputs *in,
                        const struct attn_variant *v, const void *params, struct attn_call *call) {
    const struct attn_problem *p = &in->problem;
    double rows = (double)p->batch * p->heads * p->nq;
    int carries = 0;
    *r = (struct apply_results){0};
    make(&r->o, rows * p->dv, "the output");
    ptrdiff_t n = p->nq, h = p->heads, d = p->dv;
    float *data = (float *)r->o.data;
    call->o = in->token_major ? (struct attn_output){data, n * h * d, d, h * d}
                              : (struct attn_output){data, h * n * d, n * d, d};
    for (size_t i = 1; i < o->noutputs; i++) {
        const char *name = o->outputs[i].name;
        int t = carried_line(v, name);
        struct tensor_shape shape;
        struct attn_error error;
        if (!strcmp(name, "lse")) {
            make(&r->lse, rows, "--out lse");
            call->lse = (float *)r->lse.data;
        }
        if (pairs_find(name) >= 0) afford(rows * p->nk, name);
        if (t < 0) continue;
        if (tensors_shape(v, &v->tensors[t], p, params, &shape, &error)) die(EXIT_USAGE, "%s", error.text);
        make(&r->carried[t], (double)shape.count, name);
        r->views[t] = tensors_output(&shape, (float *)r->carried[t].data);
        carries = 1;
    }
    if (carries) call->carried = r->views;
}

/* ---- writing ----------------------------------------------------------------------------------- */

struct target {
    const char *path; /* of the draft */
    const char *file; /* for messages */
};

static void write_to(const struct target *to, int rank, const int *shape, const float *data) {
    struct attn_error error;
    if (tensor_write_npy(to->path, rank, shape, data, &error))
        die(EXIT_USAGE, "cannot write %s: %s", to->file, error.text);
}

/* k or v with what was put before them, [batch, kv_heads, nk, d]. */
static void write_present(const struct target *to, const struct attn_problem *p, const struct attn_view *x,
                          int d) {
    const int shape[4] = {p->batch, p->kv_heads, p->nk, d};
    struct block packed;
    make(&packed, (double)p->batch * p->kv_heads * p->nk * d, to->file);
    float *at = (float *)packed.data;
    for (int b = 0; b < p->batch; b++)
        for (int g = 0; g < p->kv_heads; g++)
            for (int j = 0; j < p->nk; j++, at += d) memcpy(at, attn_row(x, b, g, j), (size_t)d * sizeof *at);
    write_to(to, 4, shape, (const float *)packed.data);
    block_free(&packed);
}

/* A number for each query and key, [batch, heads, nq, nk]. */
static void write_pairs(const struct target *to, enum pairs what, const struct subject *s) {
    const struct attn_problem *p = &s->problem;
    const int shape[4] = {p->batch, p->heads, p->nq, p->nk};
    struct block all;
    make(&all, (double)p->batch * p->heads * p->nq * p->nk, to->file);
    pairs_fill(what, s, (float *)all.data);
    write_to(to, 4, shape, (const float *)all.data);
    block_free(&all);
}

/* q or k as rotary embedding turned it. */
static void write_rotated(const struct target *to, const struct apply_inputs *in, int is_key) {
    const struct attn_problem *p = &in->problem;
    int heads = is_key ? p->kv_heads : p->heads, n = is_key ? p->nk - in->past : p->nq;
    const struct block *rows = is_key ? &in->positions.k : &in->positions.q;
    const int head_major[4] = {p->batch, heads, n, p->dk}, token_major[3] = {p->batch, n, heads * p->dk};
    write_to(to, in->token_major ? 3 : 4, in->token_major ? token_major : head_major,
             (const float *)rows->data);
}

static void write_output(const struct target *to, const struct apply_results *r,
                         const struct apply_inputs *in) {
    const struct attn_problem *p = &in->problem;
    const int head_major[4] = {p->batch, p->heads, p->nq, p->dv};
    const int token_major[3] = {p->batch, p->nq, p->heads * p->dv};
    write_to(to, in->token_major ? 3 : 4, in->token_major ? token_major : head_major,
             (const float *)r->o.data);
}

static void write_carried(const struct target *to, const struct apply_results *r, const struct subject *s,
                          int t) {
    struct tensor_shape shape;
    struct attn_error error;
    if (tensors_shape(s->variant, &s->variant->tensors[t], &s->problem, s->params, &shape, &error))
        die(EXIT_USAGE, "%s", error.text);
    write_to(to, shape.rank, shape.size, (const float *)r->carried[t].data);
}

static void write_lse(const struct target *to, const struct apply_results *r, const struct attn_problem *p) {
    const int shape[3] = {p->batch, p->heads, p->nq};
    write_to(to, 3, shape, (const float *)r->lse.data);
}

void apply_results_write(const struct apply_results *r, const struct apply_options *o,
                         const struct apply_inputs *in, const struct subject *s, const struct doc *paths) {
    const struct attn_problem *p = &in->problem;
    for (size_t i = 0; i < o->noutputs; i++) {
        const struct target to = {doc_as_str(doc_at(paths, i)), o->outputs[i].file};
        const char *name = o->outputs[i].name;
        if (i == 0) write_output(&to, r, in);
        else if (!strcmp(name, "lse")) write_lse(&to, r, p);
        else if (pairs_find(name) >= 0) write_pairs(&to, (enum pairs)pairs_find(name), s);
        else if (!strcmp(name, "q_rotated") || !strcmp(name, "k_rotated"))
            write_rotated(&to, in, *name == 'k');
        else if (!strcmp(name, "present_k")) write_present(&to, p, &s->call.k, p->dk);
        else if (!strcmp(name, "present_v")) write_present(&to, p, &s->call.v, p->dv);
        else write_carried(&to, r, s, carried_line(s->variant, name));
    }
}

void apply_results_free(struct apply_results *r) {
    block_free(&r->o), block_free(&r->lse);
    for (size_t t = 0; t < TENSORS_MAX; t++) block_free(&r->carried[t]);
}
