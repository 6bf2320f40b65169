/*
 * full.c -- exact softmax attention with every score in memory: the baseline everybody knows.
 *
 * S = scale Q K^T by OpenBLAS, softmax over each row, O = P V by OpenBLAS. All batch * heads * nq * nk
 * scores exist at once, as in a framework without a fused kernel; `materialise = "thread"` keeps one
 * nq x nk buffer a thread instead. Threads take blocks of query rows of one head, each with products of
 * its own (OpenBLAS runs a product inside a parallel region on one thread).
 * Source: Vaswani et al., "Attention is all you need", NIPS 2017, equation 1.
 * Departures: the rows of P are divided by their sums after the product with V, not before.
 *
 * A causal mask saves nothing here: every score is computed, then masked.
 */
#include <cblas.h>
#include <omp.h>
#include <string.h>

#include "bias.h"
#include "kernels/kern.h"
#include "parts.h"
#include "softmax.h"

enum { ROWS = 512 }; /* query rows of one product when heads are cut; fixed, so that bits are too */
enum materialise { ALL, THREAD };

struct params {
    int materialise;
};

static const char *const materialise_names[] = {"all", "thread", NULL};
static const struct attn_param table[] = {
    {"materialise", ATTN_CHOICE, offsetof(struct params, materialise), ALL, 0, 0, materialise_names,
     "which scores exist at once: all of them, or those of one head for each thread"},
    {0},
};

static enum materialise mode(const void *params) { return ((const struct params *)params)->materialise; }

/* Scratch: buffers of scores [nq][nk], then for each thread the sums [nq] and clean values [nk][dv]. */
static size_t buffer_bytes(const struct attn_problem *p) { return floats((size_t)p->nq * (size_t)p->nk); }

static size_t buffers(const struct attn_problem *p, const void *params) {
    return mode(params) == ALL ? (size_t)p->batch * (size_t)p->heads : (size_t)p->threads;
}

static size_t thread_bytes(const struct attn_problem *p) {
    return floats((size_t)p->nq) + floats((size_t)p->nk * (size_t)p->dv);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->scratch = buffers(p, params) * buffer_bytes(p) + (size_t)p->threads * thread_bytes(p);
}

/* Softmax without the division of row i, keys 0 .. keys - 1; the sum goes to *l. */
static void softmax_row(const struct attn_call *c, const struct kern *kern, int b, int h, int i, int keys,
                        float *s, float *l) {
    const struct attn_problem *p = c->problem;
    int visible = attn_visible(p, keys, i), position = i + attn_offset(p, keys);
    const struct pattern_axis all = {.step = 1, .count = keys};
    const int none = 0;
    float m = -INFINITY, factor;
    *l = 0;
    bias_apply(c, kern, b, h, i, position, &all, 0, 0, visible, s);
    for (int j = visible; j < keys; j++) s[j] = -INFINITY;
    kern->soften(1, &none, &keys, s, 0, &m, l, &factor);
    if (c->lse) c->lse[((ptrdiff_t)b * p->heads + h) * p->nq + i] = *l == 0 ? -INFINITY : m + logf(*l);
}

/* Copies v [keys][dv] to `clean` with zeros in rows that are not finite; returns how many those are. */
static int clean_values(const struct attn_call *c, const struct kern *kern, const float *v, int keys,
                        float *clean) {
    int dv = c->problem->dv, bad = 0;
    for (int j = 0; j < keys; j++) bad += !kern->finite(dv, v + j * c->v.row);
    for (int j = 0; bad && j < keys; j++) {
        const float *v_j = v + j * c->v.row;
        float *to = clean + (ptrdiff_t)j * dv;
        if (kern->finite(dv, v_j)) memcpy(to, v_j, (size_t)dv * sizeof *to);
        else memset(to, 0, (size_t)dv * sizeof *to);
    }
    return bad;
}

/* O = P V. Where a mask meets values that are not finite, a weight of 0 times those would be NaN: they
   are left out of the product, and added for the rows that do see them. */
static void weigh(const struct attn_call *c, const struct kern *kern, int b, int h, int i0, int rows,
                  int keys, const float *s, float *clean) {
    const struct attn_problem *p = c->problem;
    const float *v = attn_row(&c->v, b, attn_kv_head(p, h), 0);
    float *o = attn_out_row(&c->o, b, h, i0);
    int masked = p->mask != ATTN_MASK_NONE || p->bias;
    int bad = masked ? clean_values(c, kern, v, keys, clean) : 0;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, p->dv, keys, 1.0f, s, p->nk, bad ? clean : v,
                bad ? p->dv : (int)c->v.row, 0.0f, o, (int)c->o.row);
    for (int j = 0; bad && j < keys; j++) {
        const float *v_j = v + j * c->v.row;
        if (kern->finite(p->dv, v_j)) continue;
        for (int r = 0; r < rows; r++) {
            float weight = s[(ptrdiff_t)r * p->nk + j];
            for (int d = 0; weight != 0 && d < p->dv; d++) o[r * c->o.row + d] += weight * v_j[d];
        }
    }
}

/* Rows i0 .. i0 + rows - 1 of one head; s [rows][nk] and l [rows] are theirs, clean [nk][dv] the thread's. */
static void attend(const struct attn_call *c, const struct kern *kern, int b, int h, int i0, int rows,
                   float *s, float *l, float *clean) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b);
    if (keys > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, keys, p->dk, p->scale,
                    attn_row(&c->q, b, h, i0), (int)c->q.row, attn_row(&c->k, b, attn_kv_head(p, h), 0),
                    (int)c->k.row, 0.0f, s, p->nk);
    for (int r = 0; r < rows; r++) softmax_row(c, kern, b, h, i0 + r, keys, s + (ptrdiff_t)r * p->nk, &l[r]);
    if (keys > 0) weigh(c, kern, b, h, i0, rows, keys, s, clean);
    for (int r = 0; r < rows; r++) {
        float *o = attn_out_row(&c->o, b, h, i0 + r);
        if (l[r] != 0) kern->scale(p->dv, 1.0f / l[r], o);
        else memset(o, 0, (size_t)p->dv * sizeof *o);
    }
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int heads = p->batch * p->heads, all = mode(c->params) == ALL;
    int parts = all ? ceil_div(p->nq, ROWS) : 1, rows = all ? ROWS : p->nq;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < heads * parts; t++) {
        int head = t / parts, i0 = t % parts * rows, thread = omp_get_thread_num();
        float *s = (float *)((char *)c->scratch + (size_t)(all ? head : thread) * buffer_bytes(p));
        char *own =
            (char *)c->scratch + buffers(p, c->params) * buffer_bytes(p) + (size_t)thread * thread_bytes(p);
        float *l = cut(&own, (size_t)p->nq * sizeof *l), *clean = (float *)own;
        attend(c, kern, head / p->heads, head % p->heads, i0, min_int(rows, p->nq - i0),
               s + (ptrdiff_t)i0 * p->nk, l, clean);
    }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    (void)outside;
    attn_softmax_rows(c, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)params;
    parts_softmax_cost(p, parts_pairs(p, 1 << 30, 1 << 30), cost);
}

const struct attn_variant attn_variant_full = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "full",
    .brief = "exact softmax attention, all scores in memory, products by OpenBLAS",
    .formula = "o_i = sum_j softmax_j(scale q_i.k_j) v_j",
    .cite = "Vaswani et al.: Attention is all you need, 2017",
    .kind = ATTN_EXACT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_LSE |
            ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS,
    .time = {2, "n^2 (dk + dv)"},
    .memory = {2, "batch heads n^2"},
    .family = "self-attention",
    .params = table,
    .params_size = sizeof(struct params),
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
