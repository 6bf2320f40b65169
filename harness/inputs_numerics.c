/* inputs_numerics.c -- numbers that are hard on floats. */
#include <stdio.h>
#include <string.h>

#include "inputs_draw.h"
#include "inputs_made.h"

const char *const inputs_made_cases[] = {"logits_1e2",   "logits_1e4", "key_norms", "equal_keys",
                                         "zero_vectors", "masked_nan", NULL};

static const double NORMS = 1e3; /* the longest key over the shortest */

static int is(const struct doc *input, const char *word) {
    return !strcmp(doc_str(input, "case", "logits_1e4"), word);
}

/* Of the logits, where every one is that or its negative; 0: they are not. */
static double magnitude(const struct doc *input) {
    return is(input, "logits_1e2") ? 1e2 : is(input, "logits_1e4") ? 1e4 : 0;
}

/* Keys that some query sees; visible keys grow with the query. */
static int seen(const struct attn_problem *p) { return attn_visible(p, p->nk, p->nq - 1); }

int inputs_made_numerics_suffices(const struct doc *input, const struct attn_problem *p,
                                  struct attn_error *error) {
    if (magnitude(input) > 0 && p->dk < 2) {
        snprintf(error->text, sizeof error->text,
                 "input numerics keeps large logits beside small ones: dk = %d; at least 2", p->dk);
        return -1;
    }
    if (!is(input, "masked_nan") || seen(p) < p->nk) return 0;
    strcpy(error->text,
           "input numerics: every key is seen by a query; mask causal_top_left with nk above nq, or "
           "causal with causal_shift below 0, leaves some");
    return -1;
}

/* The sign of coordinate d of a head's direction; the same for q and k. */
static double sign(const struct attn_problem *p, size_t head, size_t d) {
    return attn_random_index(p->seed, STREAM_FRAME, head * (size_t)p->dk + d, 2) ? 1 : -1;
}

/* Replaces the part of x along the direction of signs by `along` of each coordinate's. */
static void set_along(const struct attn_problem *p, size_t head, double along, float *x) {
    double part = 0;
    for (size_t d = 0; d < (size_t)p->dk; d++) part += sign(p, head, d) * x[d];
    for (size_t d = 0; d < (size_t)p->dk; d++)
        x[d] = (float)(x[d] + (along - part / p->dk) * sign(p, head, d));
}

/* The large part runs along a direction in which all coordinates are equal but for their signs, so that every order
   of summation meets large numbers; the normal part is orthogonal to it and has one dimension less. */
static void enlarge(const struct attn_problem *p, double logit, float *q, float *k) {
    size_t dk = (size_t)p->dk, nk = (size_t)p->nk;
    double along = sqrt(logit / sqrt(p->dk));
#pragma omp parallel for
    for (size_t row = 0; row < draw_query_rows(p); row++)
        set_along(p, draw_key_head(p, row), along, q + row * dk);
#pragma omp parallel for
    for (size_t row = 0; row < draw_key_rows(p); row++) {
        int up = (int)attn_random_index(p->seed, STREAM_TURN, row, 2);
        set_along(p, row / nk, up ? along : -along, k + row * dk);
    }
}

static void spread_norms(const struct attn_problem *p, float *k) {
    const uint32_t steps = 1u << 30;
#pragma omp parallel for
    for (size_t row = 0; row < draw_key_rows(p); row++) {
        double u = attn_random_index(p->seed, STREAM_TURN, row, steps) / (double)steps;
        float factor = (float)pow(NORMS, u - 0.5);
        for (size_t d = 0; d < (size_t)p->dk; d++) k[row * (size_t)p->dk + d] *= factor;
    }
}

static void repeat_first_key(const struct attn_problem *p, float *k) {
    size_t dk = (size_t)p->dk, nk = (size_t)p->nk;
    for (size_t row = 0; row < draw_key_rows(p); row++)
        memmove(k + row * dk, k + row / nk * nk * dk, dk * sizeof *k);
}

/* A third of the rows; `offset` tells queries and keys apart. */
static void clear_some(const struct attn_problem *p, size_t rows, size_t offset, float *x) {
    for (size_t row = 0; row < rows; row++)
        if (attn_random_index(p->seed, STREAM_TURN, offset + row, 3) == 0)
            memset(x + row * (size_t)p->dk, 0, (size_t)p->dk * sizeof *x);
}

static void spoil_unseen(const struct attn_problem *p, int d, float *x) {
    for (size_t row = 0; row < draw_key_rows(p); row++)
        if (row % (size_t)p->nk >= (size_t)seen(p))
            for (int e = 0; e < d; e++) x[row * (size_t)d + (size_t)e] = row % 2 ? -INFINITY : NAN;
}

void inputs_made_numerics(const struct doc *input, const struct attn_problem *p, float *q, float *k,
                          float *v) {
    double logit = magnitude(input);
    draw_all(p, draw_deviation(1, p->dk, logit > 0), q, k, v);
    if (logit > 0) enlarge(p, logit, q, k);
    else if (is(input, "key_norms")) spread_norms(p, k);
    else if (is(input, "equal_keys")) repeat_first_key(p, k);
    else if (is(input, "zero_vectors")) {
        clear_some(p, draw_query_rows(p), 0, q);
        clear_some(p, draw_key_rows(p), draw_query_rows(p), k);
    } else if (is(input, "masked_nan")) {
        spoil_unseen(p, p->dk, k);
        spoil_unseen(p, p->dv, v);
    }
}
