/*
 * conv.c -- a convolution along the sequence: the layer that attention took the place of.
 *
 *   y_i = sum_r x_(t - r) W_r             r = 0 .. width - 1, causal
 *   y_i = sum_r x_(t + ahead - r) W_r     the same around the query, ahead = (width - 1) / 2, without a mask
 *
 * x is v; q and k are not read. t is the position of query i on the axis of the keys; what lies outside of the valid keys
 * is zero. Each head has W [width][dv][dv] of its own, so that `heads` heads of size dv are a grouped convolution, and one
 * head of size dv = d is the layer of the table, k n d^2.
 * Source: Vaswani et al., "Attention is all you need", NIPS 2017, table 1.
 * Departures: no bias and no nonlinearity, which belong to the block around it.
 */
#include <stdlib.h>
#include <string.h>

#include "kernels/kern.h"
#include "parts.h"

struct params {
    int width;
};

static const struct attn_param table[] = {
    {"width", ATTN_INT, offsetof(struct params, width), 3, 1, 4096, NULL,
     "inputs that an output is made of; the table's k"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static const struct attn_tensor tensors[] = {
    {"w", ATTN_WEIGHT, "h width dv dv", NULL, 1, "width dv",
     "W_r of each head: y = sum x W_r, input by output"},
    {0},
};

/* Input r of row 0 stands at this position. */
static int start(const struct attn_problem *p, const void *params, int keys, int r) {
    int ahead = p->mask == ATTN_MASK_NONE ? (of(params)->width - 1) / 2 : 0;
    return attn_offset(p, keys) + ahead - r;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)p, (void)params;
    need->scratch = 0;
}

static void forward(const struct attn_call *c) {
    enum { ROWS = 96 }; /* a multiple of every kernel's mr, whose output stays in the nearest cache */
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int dv = p->dv, parts = ceil_div(p->nq, ROWS);
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < p->batch * p->heads * parts; t++) {
        int b = t / parts / p->heads, h = t / parts % p->heads, i0 = t % parts * ROWS,
            i1 = min_int(i0 + ROWS, p->nq);
        int g = attn_kv_head(p, h), keys = attn_keys(c, b);
        for (int i = i0; i < i1; i++) memset(attn_out_row(&c->o, b, h, i), 0, (size_t)dv * sizeof(float));
        for (int r = 0; r < of(c->params)->width; r++) {
            int at = start(p, c->params, keys, r);
            int from = clamp_int(-(long)at, i0, i1), to = clamp_int((long)keys - at, from, i1);
            if (from < to)
                kern->mul(to - from, dv, dv, 1.0f, attn_row(&c->v, b, g, from + at), c->v.row, 1,
                          attn_row(&c->tensors[0], 0, h, r), dv, kern->nr, 1, attn_out_row(&c->o, b, h, from),
                          c->o.row);
        }
    }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b), width = of(c->params)->width;
    (void)weights, (void)outside;
    for (int x = 0; x < nrows; x++) {
        double *y = out + (ptrdiff_t)x * p->dv;
        memset(y, 0, (size_t)p->dv * sizeof *y);
        for (int r = 0; r < width; r++) {
            long j =
                (long)rows[x] + attn_offset(p, keys) - r + (p->mask == ATTN_MASK_NONE ? (width - 1) / 2 : 0);
            if (j < 0 || j >= keys) continue;
            for (int d = 0; d < p->dv; d++)
                for (int e = 0; e < p->dv; e++)
                    y[e] += (double)attn_row(&c->v, b, attn_kv_head(p, h), (int)j)[d] *
                            attn_row(&c->tensors[0], 0, h, r)[d * p->dv + e];
        }
    }
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    double width = of(params)->width, dv = p->dv, rows = (double)p->batch * p->heads * p->nq;
    (void)views;
    cost->flops = 2 * rows * width * dv * dv;
    cost->bytes = sizeof(float) * dv * (rows + (double)p->batch * p->kv_heads * p->nk);
    cost->rank = 0;
}

const struct attn_variant attn_variant_conv = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "conv",
    .brief = "a convolution along the sequence; reads v alone",
    .formula = "y_i = sum_r v_(i-r) W_r, r = 0 .. width - 1, or around i without a mask",
    .cite = "Vaswani et al.: Attention is all you need, 2017, table 1",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_SAME_BITS,
    .time = {1, "width n dv^2"},
    .memory = {0, "1"},
    .family = "convolution",
    .path = {1, "n / width"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .target = ATTN_TARGET_NONE,
};
