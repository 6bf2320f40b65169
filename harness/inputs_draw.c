/* inputs_draw.c -- what the made families are drawn with. */
#include "inputs_draw.h"

size_t draw_query_rows(const struct attn_problem *p) {
    return (size_t)p->batch * (size_t)p->heads * (size_t)p->nq;
}

size_t draw_key_rows(const struct attn_problem *p) {
    return (size_t)p->batch * (size_t)p->kv_heads * (size_t)p->nk;
}

size_t draw_key_head(const struct attn_problem *p, size_t row) {
    size_t head = row / (size_t)p->nq, heads = (size_t)p->heads;
    return head / heads * (size_t)p->kv_heads + (size_t)attn_kv_head(p, (int)(head % heads));
}

/* Long tensors are filled by all threads; values do not depend on the cut. */
void draw_normal(uint64_t seed, uint64_t stream, size_t n, double mean, double deviation, float *x) {
    enum { PIECE = 1 << 16 };
    size_t pieces = (n + PIECE - 1) / PIECE;
#pragma omp parallel for
    for (size_t t = 0; t < pieces; t++) {
        size_t from = t * PIECE, count = n - from < PIECE ? n - from : PIECE;
        attn_random_normal(seed, stream, from, count, x + from);
        for (size_t i = from; i < from + count; i++) x[i] = (float)mean + (float)deviation * x[i];
    }
}

void draw_all(const struct attn_problem *p, double deviation, float *q, float *k, float *v) {
    draw_normal(p->seed, STREAM_Q, draw_query_rows(p) * (size_t)p->dk, 0, deviation, q);
    draw_normal(p->seed, STREAM_K, draw_key_rows(p) * (size_t)p->dk, 0, deviation, k);
    draw_normal(p->seed, STREAM_V, draw_key_rows(p) * (size_t)p->dv, 0, 1, v);
}

double draw_deviation(double s, int dk, int d0) { return sqrt(s * sqrt(dk) / sqrt(dk - d0)); }
