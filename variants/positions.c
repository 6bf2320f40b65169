/* positions.c -- how attention learns where its tokens stand. */
#include "positions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kern.h"

enum {
    PAIRS = 128, /* angles at a time */
    ROWS = 32,   /* whose cosines and sines stay in the first cache while the heads pass */
};

/* ---- angles ------------------------------------------------------------------------------------ */

/* Where the cosines and sines of a position go: element i of each at i * step. */
struct target {
    float *cosine, *sine;
    size_t row, step;
};

/* Cosines and sines of position * base^(-2 i / dims), i < pairs, for each position. */
static void angles(double base, int dims, int pairs, int first, int n, const struct target *to, int threads) {
    const struct kern *kern = kern_find(ATTN_ISA_BEST); /* the bits are those of any */
    for (int from = 0; from < pairs; from += PAIRS) {
        int m = pairs - from < PAIRS ? pairs - from : PAIRS;
        double speed[PAIRS];
        for (int i = 0; i < m; i++) speed[i] = pow(base, -2.0 * (from + i) / dims);
#pragma omp parallel for num_threads(threads)
        for (int t = 0; t < n; t++) {
            double angle[PAIRS], cosine[PAIRS], sine[PAIRS];
            size_t at = (size_t)t * to->row + (size_t)from * to->step;
            for (int i = 0; i < m; i++) angle[i] = ((double)first + t) * speed[i];
            kern->turn(m, angle, cosine, sine);
            for (int i = 0; i < m; i++) {
                to->cosine[at + (size_t)i * to->step] = (float)cosine[i];
                to->sine[at + (size_t)i * to->step] = (float)sine[i];
            }
        }
    }
}

void attn_rope_table(double base, int dims, int first, int n, float *cosine, float *sine, int threads) {
    const struct target to = {cosine, sine, (size_t)dims / 2, 1};
    angles(base, dims, dims / 2, first, n, &to, threads);
}

void attn_sinusoids(int dims, int first, int n, float *table, int threads) {
    const struct target to = {table + 1, table, (size_t)dims, 2};
    angles(10000, dims, dims / 2, first, n, &to, threads);
    for (int t = 0; dims % 2 && t < n; t++) /* the last coordinate has a sine alone */
        table[(size_t)t * (size_t)dims + (size_t)dims - 1] =
            (float)sin(((double)first + t) * pow(10000, -(dims - 1.0) / dims));
}

/* ---- rotary ------------------------------------------------------------------------------------ */

/* One row of `pairs` pairs; y is x or apart from it, so that no pair waits for another. */
static void turn_half(int pairs, const float *cosine, const float *sine, const float *x, float *y) {
#pragma omp simd
    for (int i = 0; i < pairs; i++) {
        float a = x[i], b = x[pairs + i], c = cosine[i], s = sine[i];
        y[i] = a * c - b * s;
        y[pairs + i] = a * s + b * c;
    }
}

static void turn_interleaved(int pairs, const float *cosine, const float *sine, const float *x, float *y) {
#pragma omp simd
    for (int i = 0; i < pairs; i++) {
        float a = x[2 * i], b = x[2 * i + 1], c = cosine[i], s = sine[i];
        y[2 * i] = a * c - b * s;
        y[2 * i + 1] = a * s + b * c;
    }
}

void attn_rope_turn(const struct attn_rope *r, int batch, int heads, int n, int d, const struct attn_view *x,
                    const struct attn_output *y, int threads) {
    size_t pairs = (size_t)r->dims / 2;
    int blocks = (n + ROWS - 1) / ROWS;
#pragma omp parallel for collapse(2) num_threads(threads)
    for (int b = 0; b < batch; b++)
        for (int block = 0; block < blocks; block++) {
            int from = block * ROWS, end = n - from < ROWS ? n : from + ROWS;
            for (int h = 0; h < heads; h++)
                for (int t = from; t < end; t++) {
                    const float *cosine = r->cosine + b * r->batch + (ptrdiff_t)((size_t)t * pairs);
                    const float *sine = r->sine + b * r->batch + (ptrdiff_t)((size_t)t * pairs);
                    const float *row = attn_row(x, b, h, t);
                    float *to = attn_out_row(y, b, h, t);
                    if (r->style == ATTN_ROPE_HALF) turn_half((int)pairs, cosine, sine, row, to);
                    else turn_interleaved((int)pairs, cosine, sine, row, to);
                    if (to != row) memcpy(to + r->dims, row + r->dims, (size_t)(d - r->dims) * sizeof *to);
                }
        }
}

/* ---- biases by distance ------------------------------------------------------------------------ */

void attn_alibi_slopes(int heads, float *slopes) {
    int power = 1;
    while (2 * power <= heads) power *= 2;
    for (int h = 0; h < heads; h++)
        slopes[h] =
            (float)(h < power ? exp2(-8.0 * (h + 1) / power) : exp2(-4.0 * (2 * (h - power) + 1) / power));
}

int attn_t5_bucket(int distance, int causal, int buckets, int max_distance) {
    int side = causal ? buckets : buckets / 2, own = side / 2;
    int base = !causal && distance > 0 ? side : 0;
    long behind = causal ? (distance < 0 ? -(long)distance : 0) : labs((long)distance);
    if (behind < own) return base + (int)behind;
    if (behind >= max_distance) return base + side - 1;
    /* Distances that lie on the border of two buckets belong to the upper one; a logarithm may fall short of it. */
    const double rounding = 1e-9;
    double share = log((double)behind / own) / log((double)max_distance / own);
    int more = (int)(share * (side - own) + rounding);
    return base + (own + more < side ? own + more : side - 1);
}

struct attn_bias attn_t5_bias(const float *learned, int heads, int causal, int buckets, int max_distance,
                              float *values) {
    int count = 2 * max_distance + 1;
    for (int e = 0; e < count; e++) {
        int bucket = attn_t5_bucket(e - max_distance, causal, buckets, max_distance);
        for (int h = 0; h < heads; h++)
            values[(size_t)h * (size_t)count + (size_t)e] =
                learned[(size_t)bucket * (size_t)heads + (size_t)h];
    }
    return (struct attn_bias){.values = values, .head = count, .first = -max_distance, .count = count};
}
