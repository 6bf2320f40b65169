/* inputs_content.c -- cluster, lowrank: structure in what queries and keys say, none in where they stand. */
#include <stdio.h>
#include <stdlib.h>

#include "inputs_draw.h"
#include "inputs_made.h"
#include "order.h"
#include "problem.h"
#include "text.h"

static double dot(const double *x, const double *y, size_t n) {
    double sum = 0;
    for (size_t d = 0; d < n; d++) sum += x[d] * y[d];
    return sum;
}

/* n vectors of dk independent normal values for each head of k. */
static double *draw_frame(const struct attn_problem *p, size_t n) {
    size_t count = (size_t)p->batch * (size_t)p->kv_heads * n * (size_t)p->dk;
    float *x = xmalloc(count * sizeof *x);
    double *frame = xmalloc(count * sizeof *frame);
    draw_normal(p->seed, STREAM_FRAME, count, 0, 1, x);
    for (size_t i = 0; i < count; i++) frame[i] = x[i];
    free(x);
    return frame;
}

static void lengthen(double *x, size_t dk, double length) {
    double factor = length / sqrt(dot(x, x, dk));
    for (size_t d = 0; d < dk; d++) x[d] *= factor;
}

/* ---- cluster ------------------------------------------------------------------------------------- */

int inputs_made_cluster_suffices(const struct doc *input, const struct attn_problem *p,
                                 struct attn_error *error) {
    int clusters = doc_int(input, "clusters", 16);
    if (clusters <= p->nk) return 0;
    snprintf(error->text, sizeof error->text, "input cluster: clusters = %d are more than %d keys", clusters,
             p->nk);
    return -1;
}

/* Adds to the n rows of one head of x its centroids, dealt out in random order. */
static void deal(const struct attn_problem *p, const double *centroids, int clusters, uint64_t stream,
                 size_t head, int n, float *x) {
    size_t dk = (size_t)p->dk;
    int *order = xmalloc((size_t)n * sizeof *order);
    order_draw(p->seed, stream, head, n, order);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t d = 0; d < dk; d++)
            x[i * dk + d] += (float)centroids[(size_t)(order[i] % clusters) * dk + d];
    free(order);
}

/* The square of a centroid's length is gain sqrt(dk), so that its logit with itself is `gain`. */
void inputs_made_cluster(const struct doc *input, const struct attn_problem *p, float *q, float *k,
                         float *v) {
    size_t dk = (size_t)p->dk, key_heads = (size_t)p->batch * (size_t)p->kv_heads;
    size_t query_heads = (size_t)p->batch * (size_t)p->heads;
    int clusters = doc_int(input, "clusters", 16);
    double length = sqrt(doc_num(input, "gain", 6) * sqrt(p->dk)),
           *centroids = draw_frame(p, (size_t)clusters);
    for (size_t c = 0; c < key_heads * (size_t)clusters; c++) lengthen(centroids + c * dk, dk, length);
    draw_all(p, doc_num(input, "spread", 0.5) * length / sqrt(p->dk), q, k, v);
#pragma omp parallel for
    for (size_t head = 0; head < key_heads + query_heads; head++) {
        int keys = head < key_heads;
        size_t own = keys ? head : head - key_heads, n = (size_t)(keys ? p->nk : p->nq);
        size_t from = keys ? own : draw_key_head(p, own * n);
        deal(p, centroids + from * (size_t)clusters * dk, clusters, keys ? STREAM_PLACE : STREAM_TURN, own,
             (int)n, (keys ? k : q) + own * n * dk);
    }
    free(centroids);
}

/* ---- lowrank ------------------------------------------------------------------------------------- */

int inputs_made_lowrank_suffices(const struct doc *input, const struct attn_problem *p,
                                 struct attn_error *error) {
    int rank = doc_int(input, "rank", 8);
    if (rank <= p->dk) return 0;
    snprintf(error->text, sizeof error->text, "input lowrank: rank = %d is more than dk = %d", rank, p->dk);
    return -1;
}

/* Gram and Schmidt, twice, which is enough for doubles. */
static void orthonormal(double *frame, size_t rank, size_t dk) {
    for (size_t r = 0; r < rank; r++) {
        double *x = frame + r * dk;
        for (size_t before = 0; before < 2 * r; before++) {
            const double *y = frame + before % r * dk;
            double along = dot(x, y, dk);
            for (size_t d = 0; d < dk; d++) x[d] -= along * y[d];
        }
        lengthen(x, dk, 1);
    }
}

/* Turns the first `rank` of the coordinates of x into a point of the subspace that the frame spans. */
static void embed(const double *frame, size_t rank, size_t dk, float *x) {
    double out[PROBLEM_WIDTH_MAX];
    for (size_t d = 0; d < dk; d++) out[d] = 0;
    for (size_t r = 0; r < rank; r++)
        for (size_t d = 0; d < dk; d++) out[d] += x[r] * frame[r * dk + d];
    for (size_t d = 0; d < dk; d++) x[d] = (float)out[d];
}

void inputs_made_lowrank(const struct doc *input, const struct attn_problem *p, float *q, float *k,
                         float *v) {
    size_t dk = (size_t)p->dk, rank = (size_t)doc_int(input, "rank", 8);
    double *frames = draw_frame(p, rank);
#pragma omp parallel for
    for (size_t head = 0; head < (size_t)p->batch * (size_t)p->kv_heads; head++)
        orthonormal(frames + head * rank * dk, rank, dk);
    draw_all(p, draw_deviation(doc_num(input, "s", 1), p->dk, p->dk - (int)rank), q, k, v);
#pragma omp parallel for
    for (size_t row = 0; row < draw_query_rows(p); row++)
        embed(frames + draw_key_head(p, row) * rank * dk, rank, dk, q + row * dk);
#pragma omp parallel for
    for (size_t row = 0; row < draw_key_rows(p); row++)
        embed(frames + row / (size_t)p->nk * rank * dk, rank, dk, k + row * dk);
    free(frames);
}
