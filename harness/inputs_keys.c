/*
 * inputs_keys.c -- sink, heavy: keys that get more weight than others, whoever asks.
 *
 * Coordinate 0 of q and k is their bias, the others are content with logits of deviation s.
 */
#include <stdio.h>
#include <stdlib.h>

#include "inputs_draw.h"
#include "inputs_made.h"
#include "order.h"
#include "text.h"

/* The length of a sink's value over that of others: models give them weight because they say little. */
static const double SINK_VALUE = 0.1;

static int bias_fits(const char *family, const struct attn_problem *p, struct attn_error *error) {
    if (p->dk >= 2) return 0;
    snprintf(error->text, sizeof error->text,
             "input %s keeps a bias beside the content of a vector: dk = %d; at least 2", family, p->dk);
    return -1;
}

/* ---- sink ---------------------------------------------------------------------------------------- */

int inputs_made_sink_suffices(const struct doc *input, const struct attn_problem *p,
                              struct attn_error *error) {
    int tokens = doc_int(input, "tokens", 4);
    if (bias_fits("sink", p, error)) return -1;
    if (tokens < p->nk) return 0;
    snprintf(error->text, sizeof error->text, "input sink: tokens = %d are all of %d keys", tokens, p->nk);
    return -1;
}

/* The logit D of each of t sinks that gives them the mass m beside `others` keys. Given the query, the logits of
   those are normal with variance x = |content of q|^2 deviation^2 / dk, and their weights have the mean exp(x / 2). So
   the weight of all others over that of the sinks is (1 - m) / m, in expectation exactly, where
       others exp(x / 2) / (t exp(D)) = (1 - m) / m. */
static double sink_logit(const struct doc *input, const float *q_i, double deviation, int dk, int others) {
    double t = doc_int(input, "tokens", 4), m = doc_num(input, "mass", 0.7), square = 0;
    for (int d = 1; d < dk; d++) square += (double)q_i[d] * q_i[d];
    return log(others / t * m / (1 - m)) + square * deviation * deviation / dk / 2;
}

void inputs_made_sink(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v) {
    size_t dk = (size_t)p->dk, dv = (size_t)p->dv, nk = (size_t)p->nk;
    size_t tokens = (size_t)doc_int(input, "tokens", 4);
    double deviation = draw_deviation(doc_num(input, "s", 1), p->dk, 1);
    draw_all(p, deviation, q, k, v);
#pragma omp parallel for
    for (size_t row = 0; row < draw_key_rows(p); row++) {
        int sink = row % nk < tokens;
        for (size_t d = 1; sink && d < dk; d++) k[row * dk + d] = 0;
        for (size_t d = 0; sink && d < dv; d++) v[row * dv + d] *= (float)SINK_VALUE;
        k[row * dk] = sink ? (float)sqrt(p->dk) : 0;
    }
#pragma omp parallel for
    for (size_t row = 0; row < draw_query_rows(p); row++) {
        int others = attn_visible(p, p->nk, (int)(row % (size_t)p->nq)) - (int)tokens;
        q[row * dk] = others > 0 ? (float)sink_logit(input, q + row * dk, deviation, p->dk, others) : 0;
    }
}

/* ---- heavy --------------------------------------------------------------------------------------- */

int inputs_made_heavy_suffices(const struct doc *input, const struct attn_problem *p,
                               struct attn_error *error) {
    (void)input;
    return bias_fits("heavy", p, error);
}

/* The logit gains alpha (ln(nk / rank) - 1), whose mean over the ranks is near 0; the product of coordinates 0 is
   sqrt(dk) times that. */
void inputs_made_heavy(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v) {
    size_t dk = (size_t)p->dk, nk = (size_t)p->nk, heads = (size_t)p->batch * (size_t)p->kv_heads;
    double alpha = doc_num(input, "alpha", 1), root = sqrt(sqrt(p->dk));
    draw_all(p, draw_deviation(doc_num(input, "s", 1), p->dk, 1), q, k, v);
    for (size_t row = 0; row < draw_query_rows(p); row++) q[row * dk] = (float)root;
#pragma omp parallel for
    for (size_t head = 0; head < heads; head++) {
        int *rank = xmalloc(nk * sizeof *rank);
        order_draw(p->seed, STREAM_PLACE, head, p->nk, rank);
        for (size_t j = 0; j < nk; j++)
            k[(head * nk + j) * dk] = (float)(root * alpha * (log(p->nk / (rank[j] + 1.0)) - 1));
        free(rank);
    }
}
