/*
 * apply_pairs.c -- outputs of `attnbench apply` with a number for each query and key.
 *
 * Weights are what reference() says. Scores are the judge's: a variant that is exact, or softmax over a subset of
 * the keys, takes the softmax of these. Which keys the subset has is asked of reference(), too: the keys that it
 * gives weight to.
 */
#include "apply_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { ROWS = 64 }; /* of weights, asked of reference() at once */

const char *const pairs_names[PAIRS_COUNT] = {"logits", "softcapped", "biased", "weights"};

int pairs_find(const char *name) {
    for (int i = 0; i < PAIRS_COUNT; i++)
        if (!strcmp(name, pairs_names[i])) return i;
    return -1;
}

static int is_softmax_of_logits(const struct attn_variant *v) {
    return v->kind == ATTN_EXACT || v->kind == ATTN_SUBSET_SOFTMAX;
}

/* The tensor of that name stands for q or k where it is not given. */
static int replaces_logits(const struct attn_variant *v, const char *name) {
    for (const struct attn_tensor *t = v->tensors; t && t->name; t++)
        if (!strcmp(t->name, name)) return t->alias && (!strcmp(t->alias, "q") || !strcmp(t->alias, "k"));
    return 0;
}

void pairs_verify(enum pairs what, const struct apply_options *o, const struct attn_variant *v) {
    const char *name = pairs_names[what];
    if (what != PAIRS_WEIGHTS && !is_softmax_of_logits(v))
        die(EXIT_USAGE,
            "--out %s: %s is no softmax of scaled q.k; variants of the kinds exact and subset_softmax are",
            name, v->name);
    if ((what == PAIRS_WEIGHTS || (what == PAIRS_BIASED && v->kind != ATTN_EXACT)) &&
        !(v->caps & ATTN_CAP_WEIGHTS))
        die(EXIT_USAGE, "--out %s: the definition of %s has no weights of single keys", name, v->name);
    for (size_t i = 0; i < o->ntensors && what != PAIRS_WEIGHTS; i++)
        if (replaces_logits(v, o->tensors[i].name))
            die(EXIT_USAGE, "--out %s: with --tensor %s some rows of %s are no softmax of scaled q.k", name,
                o->tensors[i].name, v->name);
}

/* ---- which keys a variant looks at --------------------------------------------------------------- */

/* seen[j]: does the definition give key j of row i any weight, as far as the choice of keys goes? No weight may
   vanish for being small, so it is asked about scores that are shrunk into -1 .. 1, without finite biases. */
static void look(const struct subject *s, int b, int h, int i, unsigned char *seen) {
    struct attn_problem p = s->problem;
    struct attn_call c = s->call;
    size_t nk = (size_t)p.nk;
    int position = i + attn_offset(&p, attn_keys(&c, b));
    unsigned char *allowed = xmalloc(nk);
    double *x = xmalloc(nk * sizeof *x), *out = xmalloc((size_t)p.dv * sizeof *out), most = 1;
    for (int j = 0; j < p.nk; j++) allowed[j] = attn_bias_at(&s->call, b, h, i, j, position) != -INFINITY;
    if (p.bias != ATTN_BIAS_NONE) p.bias = ATTN_BIAS_BOOLEAN;
    c.bias = (struct attn_bias){.allowed = allowed, .key = 1};
    p.softcap = 0;
    c.problem = &p;
    attn_softmax_scores(&c, ATTN_STAGE_BIASED, b, h, i, x);
    for (size_t j = 0; j < nk; j++)
        if (isfinite(x[j]) && fabs(x[j]) > most) most = fabs(x[j]);
    p.scale = (float)(p.scale / most);
    s->variant->reference(&c, b, h, &i, 1, x, NULL, out);
    for (size_t j = 0; j < nk; j++) seen[j] = x[j] != 0;
    free(allowed), free(x), free(out);
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static void score_row(enum pairs what, const struct subject *s, int b, int h, int i, float *to) {
    static const enum attn_stage stages[] = {ATTN_STAGE_LOGITS, ATTN_STAGE_SOFTCAPPED, ATTN_STAGE_BIASED};
    size_t nk = (size_t)s->problem.nk;
    double *x = xmalloc(nk * sizeof *x);
    attn_softmax_scores(&s->call, stages[what], b, h, i, x);
    for (size_t j = 0; j < nk; j++) to[j] = (float)x[j];
    free(x);
    if (what != PAIRS_BIASED || s->variant->kind == ATTN_EXACT) return;
    unsigned char *seen = xmalloc(nk);
    look(s, b, h, i, seen);
    for (size_t j = 0; j < nk; j++)
        if (!seen[j]) to[j] = -INFINITY;
    free(seen);
}

/* Weights of rows i0 .. i1 - 1 of one head. */
static void weigh(const struct subject *s, int b, int h, int i0, int i1, float *to) {
    const struct attn_problem *p = &s->problem;
    size_t count = (size_t)(i1 - i0) * (size_t)p->nk;
    double *weights = xmalloc(count * sizeof *weights), *out = xmalloc(ROWS * (size_t)p->dv * sizeof *out);
    int rows[ROWS];
    for (int i = i0; i < i1; i++) rows[i - i0] = i;
    s->variant->reference(&s->call, b, h, rows, i1 - i0, weights, NULL, out);
    for (size_t x = 0; x < count; x++) to[x] = (float)weights[x];
    free(weights), free(out);
}

void pairs_fill(enum pairs what, const struct subject *s, float *all) {
    const struct attn_problem *p = &s->problem;
    int pieces = (p->nq + ROWS - 1) / ROWS;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (long t = 0; t < (long)p->batch * p->heads * pieces; t++) {
        long head = t / pieces;
        int b = (int)(head / p->heads), h = (int)(head % p->heads);
        int i0 = (int)(t % pieces) * ROWS, i1 = i0 + ROWS < p->nq ? i0 + ROWS : p->nq;
        float *rows = all + ((size_t)head * (size_t)p->nq + (size_t)i0) * (size_t)p->nk;
        if (what == PAIRS_WEIGHTS) weigh(s, b, h, i0, i1, rows);
        else
            for (int i = i0; i < i1; i++)
                score_row(what, s, b, h, i, rows + (size_t)(i - i0) * (size_t)p->nk);
    }
}
