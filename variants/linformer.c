/*
 * linformer.c -- attention over `rank` mixtures of the keys.
 *
 *   o_i = sum_p softmax_p(scale q_i . (E K)_p) (F V)_p        E, F [rank][nk]
 *
 * Source: Wang, Li, Khabsa, Fang, Ma, "Linformer: self-attention with linear complexity", 2020, equation 7.
 * Sharing, as the paper names it: "headwise" E and F for all heads, "key_value" one matrix for both. Its
 * layerwise sharing is key_value in every layer. Projections: "gaussian" E and F from the tensor table,
 * deviation 1 / sqrt(rank), as in the paper's proof and before training; "mean_pool" means over rank even
 * stretches of keys, one of the paper's general projections. Trained matrices can stand in the
 * places of e and f.
 * Departures: none. Keys beyond the key length are zero rows, before E.
 *
 * There is no causal form: row p of E K mixes all positions, so every query would see the future.
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kern.h"
#include "parts.h"
#include "tiles.h"

enum projection { GAUSSIAN, MEAN_POOL };
enum sharing { HEADWISE, KEY_VALUE };

struct params {
    int rank, projection, sharing;
};

static const char *const projections[] = {"gaussian", "mean_pool", NULL};
static const char *const sharings[] = {"headwise", "key_value", NULL};
static const struct attn_param table[] = {
    {"rank", ATTN_INT, offsetof(struct params, rank), 256, 1, 1 << 20, NULL,
     "mixtures of keys that a query attends to"},
    {"projection", ATTN_CHOICE, offsetof(struct params, projection), GAUSSIAN, 0, 0, projections,
     "E and F: the tensors e and f, or means over even stretches"},
    {"sharing", ATTN_CHOICE, offsetof(struct params, sharing), HEADWISE, 0, 0, sharings,
     "headwise: e for keys, f for values; key_value: e for both"},
    {0},
};

enum { E, F };
static const struct attn_tensor tensors[] = {
    {"e", ATTN_WEIGHT, "rank nk", NULL, 1, "rank", "projection of the keys, shared by all heads"},
    {"f", ATTN_WEIGHT, "rank nk", NULL, 1, "rank", "projection of the values, shared by all heads"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)params;
    if (p->mask == ATTN_MASK_NONE) return 0;
    snprintf(error->text, sizeof error->text,
             "linformer has no causal form: each row of E K mixes all positions, so every query would see "
             "the future");
    return -1;
}

/* The problem that the tiles see: rank keys, all visible. */
static struct attn_problem mixed_problem(const struct attn_problem *p, const void *params) {
    struct attn_problem inner = *p;
    inner.nk = of(params)->rank;
    inner.has_key_lengths = 0;
    return inner;
}

/* Scratch: E K [batch][kv_heads][rank][dk], F V [..][rank][dv], a piece for each thread, then the tiles'. */
enum { PIECE = 256, BLOCK = 64 }; /* keys of one partial sum; rows of E that a thread takes */

static size_t mixtures(const struct attn_problem *p, const void *params, int d) {
    return floats((size_t)p->batch * (size_t)p->kv_heads * (size_t)of(params)->rank * (size_t)d);
}

static size_t piece_bytes(const struct attn_problem *p) {
    return floats((size_t)BLOCK * (size_t)max_int(p->dk, p->dv));
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    struct attn_problem inner = mixed_problem(p, params);
    need->scratch = mixtures(p, params, p->dk) + mixtures(p, params, p->dv) +
                    (size_t)p->threads * piece_bytes(p) + tiles_scratch(&inner, 1);
}

/* y[rows][d] = e[rows][nk] x[nk][d] over the valid keys, in sums of PIECE terms. */
static void mix_gaussian(const struct kern *kern, int rows, const float *e, ptrdiff_t nk, int keys, int d,
                         const float *x, ptrdiff_t ldx, float *piece, float *y) {
    memset(y, 0, (size_t)rows * (size_t)d * sizeof *y);
    for (int j = 0; j < keys; j += PIECE) {
        kern->mul(rows, d, min_int(PIECE, keys - j), 1.0f, e + j, nk, 1, x + j * ldx, ldx, kern->nr, 0, piece,
                  d);
        kern->blend(rows * d, 1.0f, piece, y);
    }
}

/* Row p of the mean-pool projection covers keys pool_begin(p) .. pool_begin(p + 1) - 1. */
static int pool_begin(const struct attn_problem *p, const void *params, int row) {
    return (int)((long)p->nk * row / of(params)->rank);
}

static void mix_means(const struct attn_call *c, const struct kern *kern, int first, int rows, int keys,
                      int d, const float *x, ptrdiff_t ldx, float *y) {
    for (int r = 0; r < rows; r++, y += d) {
        int j = pool_begin(c->problem, c->params, first + r),
            end = pool_begin(c->problem, c->params, first + r + 1);
        float share = end > j ? 1.0f / (float)(end - j) : 0.0f;
        memset(y, 0, (size_t)d * sizeof *y);
        for (; j < min_int(end, keys); j++) kern->blend(d, 1.0f, x + j * ldx, y);
        kern->scale(d, share, y);
    }
}

/* y [batch][kv_heads][rank][d] = E X or F X. */
static void mix(const struct attn_call *c, const struct kern *kern, const struct attn_view *matrix,
                const struct attn_view *x, int d, char *pieces, float *y) {
    const struct attn_problem *p = c->problem;
    int rank = of(c->params)->rank, parts = ceil_div(rank, BLOCK);
    size_t piece_size = piece_bytes(p);
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < p->batch * p->kv_heads * parts; t++) {
        int head = t / parts, first = t % parts * BLOCK, rows = min_int(BLOCK, rank - first);
        int b = head / p->kv_heads, keys = attn_keys(c, b);
        const float *from = attn_row(x, b, head % p->kv_heads, 0);
        float *to = y + ((ptrdiff_t)head * rank + first) * d;
        float *piece = (float *)(pieces + (size_t)omp_get_thread_num() * piece_size);
        if (of(c->params)->projection == MEAN_POOL)
            mix_means(c, kern, first, rows, keys, d, from, x->row, to);
        else
            mix_gaussian(kern, rows, attn_row(matrix, 0, 0, first), matrix->row, keys, d, from, x->row, piece,
                         to);
    }
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    struct attn_problem inner = mixed_problem(p, c->params);
    struct attn_call call = *c;
    ptrdiff_t rank = of(c->params)->rank;
    char *at = c->scratch;
    float *ek = cut(&at, mixtures(p, c->params, p->dk)), *fv = cut(&at, mixtures(p, c->params, p->dv));
    char *pieces = cut(&at, (size_t)p->threads * piece_bytes(p));
    mix(c, kern, &c->tensors[E], &c->k, p->dk, pieces, ek);
    mix(c, kern, &c->tensors[of(c->params)->sharing == KEY_VALUE ? E : F], &c->v, p->dv, pieces, fv);
    call.problem = &inner;
    call.key_lengths = NULL;
    call.k = (struct attn_view){ek, p->kv_heads * rank * p->dk, rank * p->dk, p->dk};
    call.v = (struct attn_view){fv, p->kv_heads * rank * p->dv, rank * p->dv, p->dv};
    call.scratch = at;
    tiles_window(&call, PATTERN_OPEN, PATTERN_OPEN);
}

/* Entry (row, j) of E or F. */
static double entry(const struct attn_call *c, int which, int row, int j) {
    const struct attn_problem *p = c->problem;
    if (of(c->params)->projection == GAUSSIAN) return attn_row(&c->tensors[which], 0, 0, row)[j];
    int from = pool_begin(p, c->params, row), end = pool_begin(p, c->params, row + 1);
    return j >= from && j < end ? 1.0 / (end - from) : 0;
}

static double *mixed(const struct attn_call *c, int which, const struct attn_view *x, int b, int g, int d) {
    int rank = of(c->params)->rank;
    double *y = calloc((size_t)rank * (size_t)d, sizeof *y);
    if (!y) abort();
    for (int row = 0; row < rank; row++)
        for (int j = 0; j < attn_keys(c, b); j++) {
            double e = entry(c, which, row, j);
            for (int z = 0; e != 0 && z < d; z++) y[(ptrdiff_t)row * d + z] += e * attn_row(x, b, g, j)[z];
        }
    return y;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int rank = of(c->params)->rank, g = attn_kv_head(p, h), f = of(c->params)->sharing == KEY_VALUE ? E : F;
    double *ek = mixed(c, E, &c->k, b, g, p->dk), *s = malloc((size_t)rank * sizeof *s);
    double *fv = mixed(c, f, &c->v, b, g, p->dv);
    (void)outside;
    if (!s) abort();
    for (int r = 0; r < nrows; r++) {
        double top = -INFINITY, l = 0, *o = out + (ptrdiff_t)r * p->dv;
        for (int m = 0; m < rank; m++) {
            s[m] = 0;
            for (int d = 0; d < p->dk; d++)
                s[m] += p->scale * (double)attn_row(&c->q, b, h, rows[r])[d] * ek[(ptrdiff_t)m * p->dk + d];
            top = fmax(top, s[m]);
        }
        for (int m = 0; m < rank; m++) l += s[m] = exp(s[m] - top);
        for (int x = 0; x < p->dv; x++) {
            o[x] = 0;
            for (int m = 0; m < rank; m++) o[x] += s[m] / l * fv[(ptrdiff_t)m * p->dv + x];
        }
        for (int j = 0; weights && j < p->nk; j++) { /* what the mixtures of values give each key: signed */
            double *w = weights + (ptrdiff_t)r * p->nk + j;
            *w = 0;
            for (int m = 0; j < attn_keys(c, b) && m < rank; m++) *w += s[m] / l * entry(c, f, m, j);
        }
    }
    free(ek), free(fv), free(s);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    double rank = of(params)->rank, heads = (double)p->batch * p->heads,
           kv_heads = (double)p->batch * p->kv_heads;
    double mixing =
        of(params)->projection == GAUSSIAN ? 2 * rank : 1; /* operations for each element of K and V */
    parts_softmax_cost(p, 0, cost);
    cost->rank = rank;
    cost->flops = heads * p->nq * rank * 2.0 * (p->dk + p->dv) + kv_heads * p->nk * (p->dk + p->dv) * mixing;
    if (of(params)->projection == GAUSSIAN)
        cost->bytes += sizeof(float) * rank * p->nk * (of(params)->sharing == KEY_VALUE ? 1 : 2);
}

const struct attn_variant attn_variant_linformer = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "linformer",
    .brief = "attention over a fixed number of mixtures of the keys",
    .formula = "o_i = sum_p softmax_p(scale q_i.(E K)_p) (F V)_p",
    .cite = "Wang, Li, Khabsa, Fang, Ma: Linformer, 2020",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_GROUPED |
            ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_RANDOM | ATTN_CAP_SAME_BITS,
    .time = {1, "n rank (dk + dv)"},
    .memory = {0, "batch kv_heads rank (dk + dv)"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .check = check,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
