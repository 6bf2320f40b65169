/*
 * nystrom.c -- softmax attention through landmarks: the Nystrom method on the matrix of weights.
 *
 *   O = F Z (B V) + conv(V)      F = softmax(scale Q K~^T), B = softmax(scale Q~ K^T), A = softmax(scale Q~ K~^T)
 *
 * Q~ and K~ [landmarks] are means over even segments of the queries and of the keys, Z an approximate inverse of A by
 * `iterations` steps (inverse.c). B V is attention of the landmarks over the keys, F (Z B V) attention of the queries
 * over the landmarks, so both go through the tiles and neither F nor B is stored. Where queries or keys are no more
 * than landmarks, attention is exact. Weights may be negative; rows sum to 1 as far as Z inverts A.
 *   conv = width      adds the depthwise convolution sum_r w[h][r] v_(i + r - width / 2), zeros around, for nq = nk
 *   padding = leave_out   segments of the valid keys alone: a padded item gives what it gives by itself
 *   padding = zeros       segments of all keys, padding as zero rows that count in the means (released code)
 * Source: Xiong et al., "Nystromformer", AAAI 2021, equations 13 and 14. Equation 16 divides the sum of a segment by
 * the number of segments, where the text says mean.
 * Departures: lengths that landmarks do not divide are cut as xformers cuts them (pool.h). Queries are not padded, so
 * that only keys have a length. Released code starts all matrices of a batch with one common factor: see inverse.c.
 *
 * There is no causal form: landmarks are means over the whole sequence, so every query would see the future. Masks of
 * B alone, which xformers offers as causal, leave F and A as they are.
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inverse.h"
#include "parts.h"
#include "pool.h"
#include "ragged.h"
#include "splits.h"
#include "tiles.h"

enum padding { LEAVE_OUT, ZEROS };

struct params {
    int landmarks, iterations, conv, padding;
};

static const char *const paddings[] = {"leave_out", "zeros", NULL};
static const struct attn_param table[] = {
    {"landmarks", ATTN_INT, offsetof(struct params, landmarks), 64, 1, 4096, NULL,
     "m, segments of queries and of keys; as many as keys or more: exact attention"},
    {"iterations", ATTN_INT, offsetof(struct params, iterations), 6, 0, 8, NULL,
     "steps towards the inverse of A, each to singular values 1.8 times as small; what more would reach, "
     "floats lose"},
    {"conv", ATTN_INT, offsetof(struct params, conv), 0, 0, 1023, NULL,
     "width of the convolution of V that is added, odd; 0: none (released configs 35 and 65)"},
    {"padding", ATTN_CHOICE, offsetof(struct params, padding), LEAVE_OUT, 0, 0, paddings,
     "keys beyond the key length: left out of the segments, or zero rows in them"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static const struct attn_tensor tensors[] = {
    {"kernel", ATTN_WEIGHT, "h conv", NULL, 0.1, NULL,
     "the convolution of V; 0.1 is 1 / sqrt(3 conv) for a width of 33"},
    {0},
};

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    const struct params *x = of(params);
    if (p->mask != ATTN_MASK_NONE)
        snprintf(
            error->text, sizeof error->text,
            "nystrom has no causal form: its landmarks are means over the whole sequence, so every query "
            "would see the future");
    else if (x->conv > 0 && x->conv % 2 == 0)
        snprintf(error->text, sizeof error->text, "conv = %d has no middle; take %d", x->conv, x->conv + 1);
    else if (x->conv > 0 && p->nq != p->nk)
        snprintf(
            error->text, sizeof error->text,
            "conv adds values at the places of the queries and needs as many queries as keys; take conv = 0");
    else return 0;
    return -1;
}

/* How many of the keys of item b are cut into segments. */
static int pooled_keys(const struct attn_call *c, int b) {
    return of(c->params)->padding == ZEROS ? c->problem->nk : attn_keys(c, b);
}

static int is_exact(const struct attn_problem *p, const struct params *x, int keys) {
    return x->landmarks >= min_int(p->nq, keys);
}

/* ---- layout of scratch ------------------------------------------------------------------------- */

struct landmarks {
    float *q, *k; /* of each query head [batch][heads][m][dk] */
    float *v;     /* B V, then Z B V [batch][heads][m][dv] */
    char *rest;   /* the workspaces of threads, or what the tiles need: one at a time */
};

struct workspace {    /* one thread */
    float *piece;     /* [dk] */
    float *panels;    /* K~, packed */
    float *a, *z;     /* [m][m] */
    float *work;      /* [3][m][m] */
    float *v;         /* [m][dv] */
    float *m, *l, *f; /* of a softmax [m] */
    int *lo, *hi;     /* [m] */
};

static size_t panel_floats(const struct attn_problem *p, int m) {
    int nr = kern_find(p->isa)->nr;
    return (size_t)ceil_div(m, nr) * (size_t)nr * (size_t)p->dk;
}

static size_t workspace_bytes(const struct attn_problem *p, int landmarks) {
    size_t m = (size_t)landmarks;
    return floats((size_t)p->dk) + floats(panel_floats(p, landmarks)) + 2 * floats(m * m) +
           floats(3 * m * m) + floats(m * (size_t)p->dv) + 5 * floats(m);
}

static struct workspace workspace(const struct attn_call *c, char *rest) {
    const struct attn_problem *p = c->problem;
    int landmarks = of(c->params)->landmarks;
    size_t m = (size_t)landmarks;
    char *at = rest + (size_t)omp_get_thread_num() * workspace_bytes(p, landmarks);
    struct workspace w;
    w.piece = cut(&at, (size_t)p->dk * sizeof(float));
    w.panels = cut(&at, panel_floats(p, landmarks) * sizeof(float));
    w.a = cut(&at, m * m * sizeof(float));
    w.z = cut(&at, m * m * sizeof(float));
    w.work = cut(&at, 3 * m * m * sizeof(float));
    w.v = cut(&at, m * (size_t)p->dv * sizeof(float));
    w.m = cut(&at, m * sizeof(float));
    w.l = cut(&at, m * sizeof(float));
    w.f = cut(&at, m * sizeof(float));
    w.lo = cut(&at, m * sizeof(int));
    w.hi = cut(&at, m * sizeof(int));
    return w;
}

static size_t all_landmarks(const struct attn_problem *p, int m, int d) {
    return floats((size_t)p->batch * (size_t)p->heads * (size_t)m * (size_t)d);
}

/* The landmarks ask the keys: B V. */
static struct attn_problem asking(const struct attn_problem *p, int m) {
    struct attn_problem inner = *p;
    inner.nq = m;
    return inner;
}

/* The queries ask the landmarks: F (Z B V). */
static struct attn_problem answering(const struct attn_problem *p, int m) {
    struct attn_problem inner = *p;
    inner.nk = m;
    inner.kv_heads = p->heads;
    inner.has_key_lengths = 0;
    return inner;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* For so many items at once. */
static size_t scratch(const struct attn_problem *all, const struct params *x, int batch) {
    struct attn_problem p = *all;
    p.batch = batch;
    struct attn_problem first = asking(&p, x->landmarks), second = answering(&p, x->landmarks);
    size_t tiles = larger(splits_scratch(&first), tiles_scratch(&second, 1));
    size_t by_landmarks = 2 * all_landmarks(&p, x->landmarks, p.dk) + all_landmarks(&p, x->landmarks, p.dv) +
                          larger(tiles, (size_t)p.threads * workspace_bytes(&p, x->landmarks));
    if (is_exact(&p, x, p.nk)) return tiles_scratch(&p, 1);
    return p.has_key_lengths ? larger(by_landmarks, tiles_scratch(&p, 1)) : by_landmarks;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->scratch = scratch(p, of(params), p->batch);
    if (p->has_key_lengths) need->scratch = larger(need->scratch, scratch(p, of(params), 1));
}

/* ---- the passes -------------------------------------------------------------------------------- */

/* Q~ of each head; K~ of each key head, once for every query head of its group. */
static void pool(const struct attn_call *c, const struct kern *kern, const struct landmarks *to) {
    enum { SEGMENTS = 8 }; /* that a thread takes */
    const struct attn_problem *p = c->problem;
    int m = of(c->params)->landmarks, dk = p->dk, parts = ceil_div(m, SEGMENTS),
        streams = p->heads + p->kv_heads;
    int group = p->heads / p->kv_heads;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < p->batch * streams * parts; t++) {
        int b = t / parts / streams, x = t / parts % streams, from = t % parts * SEGMENTS;
        int end = min_int(from + SEGMENTS, m), g = x - p->heads, h = g < 0 ? x : g * group;
        struct workspace w = workspace(c, to->rest);
        ptrdiff_t at = (((ptrdiff_t)b * p->heads + h) * m + from) * dk;
        if (g < 0) {
            pool_means(kern, p->nq, p->nq, m, from, end, dk, attn_row(&c->q, b, h, 0), c->q.row, w.piece,
                       to->q + at);
            continue;
        }
        pool_means(kern, pooled_keys(c, b), attn_keys(c, b), m, from, end, dk, attn_row(&c->k, b, g, 0),
                   c->k.row, w.piece, to->k + at);
        for (int r = 1; r < group; r++)
            memcpy(to->k + at + (ptrdiff_t)r * m * dk, to->k + at,
                   (size_t)(end - from) * (size_t)dk * sizeof *to->k);
    }
}

/* sums[m][m] = scale Q~ K~^T, in double over sums of a few terms in float: what these lack of a logit is taken times what
   the inverse makes of the smallest singular values. */
static void score(const struct attn_problem *p, const struct kern *kern, int m, const float *q,
                  const float *k, const struct workspace *w, double *sums) {
    enum { TERMS = 8 };
    ptrdiff_t size = (ptrdiff_t)m * m;
    float *part = w->work + 2 * size;
    kern->pack(m, p->dk, k, p->dk, w->panels);
    for (int d = 0; d < p->dk; d += TERMS) {
        kern->mul(m, m, min_int(TERMS, p->dk - d), 1.0f, q + d, p->dk, 1, w->panels + (ptrdiff_t)d * kern->nr,
                  kern->nr, (ptrdiff_t)kern->nr * p->dk, 0, part, m);
        for (ptrdiff_t e = 0; e < size; e++) sums[e] = (d ? sums[e] : 0) + (double)p->scale * part[e];
    }
}

/* A = softmax(scale Q~ K~^T) of one head. */
static void weigh(const struct attn_problem *p, const struct kern *kern, int m, const float *q,
                  const float *k, const struct workspace *w) {
    double *sums = (double *)w->work;
    score(p, kern, m, q, k, w, sums);
    for (int i = 0; i < m; i++, sums += m) {
        double top = sums[0];
        for (int s = 1; s < m; s++) top = sums[s] > top ? sums[s] : top;
        for (int s = 0; s < m; s++) w->a[(ptrdiff_t)i * m + s] = (float)(sums[s] - top);
        w->m[i] = w->l[i] = 0;
        w->lo[i] = 0, w->hi[i] = m;
    }
    kern->soften(m, w->lo, w->hi, w->a, m, w->m, w->l, w->f);
    for (int i = 0; i < m; i++) kern->scale(m, 1.0f / w->l[i], w->a + (ptrdiff_t)i * m);
}

/* B V becomes Z B V, head by head. */
static void settle(const struct attn_call *c, const struct kern *kern, const struct landmarks *x) {
    const struct attn_problem *p = c->problem;
    int m = of(c->params)->landmarks;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < p->batch * p->heads; t++) {
        struct workspace w = workspace(c, x->rest);
        float *v = x->v + (ptrdiff_t)t * m * p->dv;
        weigh(p, kern, m, x->q + (ptrdiff_t)t * m * p->dk, x->k + (ptrdiff_t)t * m * p->dk, &w);
        inverse_iterate(kern, m, of(c->params)->iterations, w.a, w.z, w.work);
        kern->mul(m, p->dv, m, 1.0f, w.z, m, 1, v, p->dv, kern->nr, 0, w.v, p->dv);
        memcpy(v, w.v, (size_t)m * (size_t)p->dv * sizeof *v);
    }
}

/* Rows [batch][heads][m][d]. */
static struct attn_view rows_of(const struct attn_problem *p, const float *data, int m, int d) {
    return (struct attn_view){data, (ptrdiff_t)p->heads * m * d, (ptrdiff_t)m * d, d};
}

static void approximate(const struct attn_call *c, const struct kern *kern) {
    const struct attn_problem *p = c->problem;
    int m = of(c->params)->landmarks;
    struct attn_problem first = asking(p, m), second = answering(p, m);
    struct attn_call ask = *c, answer = *c;
    struct landmarks x;
    char *at = c->scratch;
    x.q = cut(&at, all_landmarks(p, m, p->dk));
    x.k = cut(&at, all_landmarks(p, m, p->dk));
    x.v = cut(&at, all_landmarks(p, m, p->dv));
    x.rest = at;
    pool(c, kern, &x);
    ask.lse = answer.lse = NULL;
    ask.problem = &first;
    ask.q = rows_of(p, x.q, m, p->dk);
    ask.o = (struct attn_output){x.v, (ptrdiff_t)p->heads * m * p->dv, (ptrdiff_t)m * p->dv, p->dv};
    ask.scratch = x.rest;
    splits_attend(&ask);
    settle(c, kern, &x);
    answer.problem = &second;
    answer.key_lengths = NULL;
    answer.k = rows_of(p, x.k, m, p->dk);
    answer.v = rows_of(p, x.v, m, p->dv);
    answer.scratch = x.rest;
    tiles_window(&answer, PATTERN_OPEN, PATTERN_OPEN);
}

/* Adds the convolution of V: the weights of neighbouring rows are the same, moved on by one. */
static void convolve(const struct attn_call *c, const struct kern *kern) {
    enum { ROWS = 96 };
    const struct attn_problem *p = c->problem;
    int width = of(c->params)->conv, half = width / 2, parts = ceil_div(p->nq, ROWS);
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < p->batch * p->heads * parts; t++) {
        int b = t / parts / p->heads, h = t / parts % p->heads, i0 = t % parts * ROWS, keys = attn_keys(c, b);
        int rows = min_int(ROWS, p->nq - i0), first = max_int(0, i0 - half), lo[ROWS], hi[ROWS];
        for (int r = 0; r < rows; r++) {
            hi[r] = max_int(0, min_int(i0 + r + half + 1, keys) - first);
            lo[r] = min_int(max_int(0, i0 + r - half - first), hi[r]);
        }
        ragged_mul(kern, rows, lo, hi, p->dv, attn_row(&c->tensors[0], 0, h, 0) + first - i0 + half, -1,
                   attn_row(&c->v, b, attn_kv_head(p, h), first), c->v.row, 0, attn_out_row(&c->o, b, h, i0),
                   c->o.row);
    }
}

/* The call for item b alone. */
static struct attn_call item(const struct attn_call *c, struct attn_problem *p, int b) {
    struct attn_call one = *c;
    *p = *c->problem;
    p->batch = 1;
    one.problem = p;
    one.q.data += b * c->q.batch;
    one.k.data += b * c->k.batch;
    one.v.data += b * c->v.batch;
    one.o.data += b * c->o.batch;
    if (c->key_lengths) one.key_lengths += b;
    return one;
}

/* Items that all are exact, or all are not, go together. */
static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int exact = 0;
    for (int b = 0; b < p->batch; b++) exact += is_exact(p, of(c->params), pooled_keys(c, b));
    if (exact == 0) approximate(c, kern);
    else if (exact == p->batch) tiles_window(c, PATTERN_OPEN, PATTERN_OPEN);
    else
        for (int b = 0; b < p->batch; b++) {
            struct attn_problem alone;
            struct attn_call one = item(c, &alone, b);
            if (is_exact(p, of(c->params), pooled_keys(c, b))) tiles_window(&one, PATTERN_OPEN, PATTERN_OPEN);
            else approximate(&one, kern);
        }
    if (of(c->params)->conv > 0) convolve(c, kern);
}

/* ---- definition -------------------------------------------------------------------------------- */

/* y[m][d]: the mean of each segment of n rows, those from `valid` on zero. The last n % m segments have one more row. */
static double *means(const struct attn_view *x, int b, int h, int n, int valid, int m, int d) {
    double *y = calloc((size_t)m * (size_t)d, sizeof *y);
    if (!y) abort();
    for (int s = 0, begin = 0, length; s < m; s++, begin += length) {
        length = n / m + (m - s <= n % m);
        for (int j = begin; j < begin + length && j < valid; j++)
            for (int e = 0; e < d; e++) y[(ptrdiff_t)s * d + e] += (double)attn_row(x, b, h, j)[e] / length;
    }
    return y;
}

/* y = c I - x w, square. */
static void rest_of(int m, double c, const double *x, const double *w, double *y) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) y[(ptrdiff_t)i * m + j] = i == j ? c : 0;
    for (int i = 0; i < m; i++)
        for (int k = 0; k < m; k++)
            for (int j = 0; j < m; j++)
                y[(ptrdiff_t)i * m + j] -= x[(ptrdiff_t)i * m + k] * w[(ptrdiff_t)k * m + j];
}

static void inverse(int m, int iterations, const double *a, double *z) {
    size_t size = (size_t)m * (size_t)m;
    double largest = 0, *az = malloc(3 * size * sizeof *az), *y = az + size, *w = y + size;
    if (!az) abort();
    for (int j = 0; j < m; j++) {
        double sum = 0;
        for (int i = 0; i < m; i++) sum += a[(ptrdiff_t)i * m + j];
        largest = fmax(largest, sum);
    }
    for (size_t e = 0; e < size; e++) z[e] = a[e % (size_t)m * (size_t)m + e / (size_t)m] / largest;
    for (int k = 0; k < iterations; k++) {
        rest_of(m, 0, a, z, w); /* - A Z */
        for (size_t e = 0; e < size; e++) az[e] = -w[e], y[e] = w[e] + (e % (size_t)(m + 1) == 0 ? 7 : 0);
        rest_of(m, 15, az, y, w);
        rest_of(m, 13, az, w, y);
        rest_of(m, 0, z, y, w);
        for (size_t e = 0; e < size; e++) z[e] = -w[e] / 4;
    }
    free(az);
}

/* Softmax of s[n] in place. */
static void softmax(int n, double *s) {
    double top = -INFINITY, sum = 0;
    for (int j = 0; j < n; j++) top = fmax(top, s[j]);
    for (int j = 0; j < n; j++) sum += s[j] = exp(s[j] - top);
    for (int j = 0; j < n; j++) s[j] /= sum;
}

/* F Z of some rows, [nrows][m]. */
static double *mixtures(const struct attn_call *c, int b, int h, const int *rows, int nrows, const double *q,
                        const double *k) {
    const struct attn_problem *p = c->problem;
    int m = of(c->params)->landmarks, dk = p->dk;
    double *a = malloc(2 * (size_t)m * (size_t)m * sizeof *a), *z = a + (ptrdiff_t)m * m;
    double *fz = calloc((size_t)nrows * (size_t)m, sizeof *fz), *f = malloc((size_t)m * sizeof *f);
    if (!a || !fz || !f) abort();
    for (int i = 0; i < m; i++) {
        for (int s = 0; s < m; s++) {
            double x = 0;
            for (int d = 0; d < dk; d++) x += p->scale * q[(ptrdiff_t)i * dk + d] * k[(ptrdiff_t)s * dk + d];
            a[(ptrdiff_t)i * m + s] = x;
        }
        softmax(m, a + (ptrdiff_t)i * m);
    }
    inverse(m, of(c->params)->iterations, a, z);
    for (int r = 0; r < nrows; r++) {
        for (int s = 0; s < m; s++) {
            f[s] = 0;
            for (int d = 0; d < dk; d++)
                f[s] += p->scale * (double)attn_row(&c->q, b, h, rows[r])[d] * k[(ptrdiff_t)s * dk + d];
        }
        softmax(m, f);
        for (int i = 0; i < m; i++)
            for (int s = 0; s < m; s++) fz[(ptrdiff_t)r * m + s] += f[i] * z[(ptrdiff_t)i * m + s];
    }
    free(a), free(f);
    return fz;
}

/* out += weight v_j, and the weight into its place. */
static void give(const struct attn_call *c, int b, int g, int j, double weight, double *weights,
                 double *out) {
    for (int d = 0; d < c->problem->dv; d++) out[d] += weight * attn_row(&c->v, b, g, j)[d];
    if (weights) weights[j] += weight;
}

/* Rows of F Z B V: column by column of B, once its rows are known to a factor. */
static void by_landmarks(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                         double *out) {
    const struct attn_problem *p = c->problem;
    int m = of(c->params)->landmarks, g = attn_kv_head(p, h), keys = attn_keys(c, b), dk = p->dk;
    double *q = means(&c->q, b, h, p->nq, p->nq, m, dk),
           *k = means(&c->k, b, g, pooled_keys(c, b), keys, m, dk);
    double *fz = mixtures(c, b, h, rows, nrows, q, k), *top = malloc(3 * (size_t)m * sizeof *top);
    double *sum = top + m, *column = sum + m;
    if (!top) abort();
    for (int s = 0; s < m; s++) top[s] = -INFINITY, sum[s] = 0;
    for (int pass = 0; pass < 3; pass++)
        for (int j = 0; j < keys; j++) {
            for (int s = 0; s < m; s++) {
                double x = 0;
                for (int d = 0; d < dk; d++)
                    x += p->scale * q[(ptrdiff_t)s * dk + d] * attn_row(&c->k, b, g, j)[d];
                if (pass == 0) top[s] = fmax(top[s], x);
                else if (pass == 1) sum[s] += exp(x - top[s]);
                else column[s] = exp(x - top[s]) / sum[s];
            }
            for (int r = 0; pass == 2 && r < nrows; r++) {
                double weight = 0;
                for (int s = 0; s < m; s++) weight += fz[(ptrdiff_t)r * m + s] * column[s];
                give(c, b, g, j, weight, weights ? weights + (ptrdiff_t)r * p->nk : NULL,
                     out + (ptrdiff_t)r * p->dv);
            }
        }
    free(q), free(k), free(fz), free(top);
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b), width = of(c->params)->conv;
    (void)outside;
    if (is_exact(p, of(c->params), pooled_keys(c, b)))
        attn_softmax_rows(c, b, h, rows, nrows, weights, out, NULL, NULL);
    else {
        memset(out, 0, (size_t)nrows * (size_t)p->dv * sizeof *out);
        if (weights) memset(weights, 0, (size_t)nrows * (size_t)p->nk * sizeof *weights);
        by_landmarks(c, b, h, rows, nrows, weights, out);
    }
    for (int r = 0; r < nrows; r++)
        for (int x = 0; x < width; x++) {
            int j = rows[r] + x - width / 2;
            if (j < 0 || j >= keys) continue;
            give(c, b, attn_kv_head(p, h), j, attn_row(&c->tensors[0], 0, h, 0)[x],
                 weights ? weights + (ptrdiff_t)r * p->nk : NULL, out + (ptrdiff_t)r * p->dv);
        }
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    const struct params *x = of(params);
    double m = x->landmarks, heads = (double)p->batch * p->heads, d = p->dk + p->dv;
    (void)views;
    parts_softmax_cost(p, parts_pairs(p, PATTERN_OPEN, PATTERN_OPEN), cost);
    cost->rank = 0;
    if (!is_exact(p, x, p->nk)) {
        double inner = m * m * (2.0 * d + 8.0 * x->iterations * m); /* A, its inverse, Z (B V) */
        double pooling = (double)p->batch * p->dk * ((double)p->heads * p->nq + (double)p->kv_heads * p->nk);
        cost->flops = heads * (2.0 * d * m * ((double)p->nq + p->nk) + inner) + pooling;
        cost->rank = x->conv > 0 ? 0 : m;
    }
    cost->flops += heads * p->nq * 2.0 * x->conv * p->dv;
    cost->bytes += sizeof(float) * (double)p->heads * x->conv;
}

const struct attn_variant attn_variant_nystrom = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "nystrom",
    .brief = "softmax attention through landmarks, means over segments of queries and keys",
    .formula = "O = F Z (B V), F = softmax(scale Q K~^T), B = softmax(scale Q~ K^T), Z ~ inverse of "
               "softmax(scale Q~ K~^T)",
    .cite = "Xiong et al.: Nystromformer, 2021",
    .kind = ATTN_APPROX_SOFTMAX,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_GROUPED |
            ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS,
    .time = {1, "n m (dk + dv) + m^3"},
    .memory = {0, "batch heads m (dk + dv) + threads m^2"},
    .family = "low-rank",
    .steps = {0, "iterations"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .check = check,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
