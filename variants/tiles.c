/*
 * tiles.c -- softmax attention in tiles, FlashAttention-2 order.
 *
 * Dao, "FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning", 2023,
 * Algorithm 1, on top of Milakov and Gimelshein's online softmax (2018). For a tile of queries and
 * each tile of keys in turn:
 *
 *   S = scale Q K^T, softcap, bias           scores()
 *   m' = max(m, rowmax S),  P = exp(S - m'),  l = e^(m - m') l + rowsum P        kern->soften
 *   O = e^(m - m') O + P V                                                       ragged_mul, kern->blend
 *
 * and at the end O / l. Scores live in one tile per thread and are never stored as nq x nk.
 *
 * Work is cut into units of some hundred queries of one head. A unit walks over its keys once; each
 * tile of keys is transposed into panels once and used by all blocks of queries in the unit. Tiles and
 * parts of tiles that no query of a block sees are skipped, so a window costs what it covers.
 *
 * A tile's share is summed apart and then added: a row over n keys is n / BK sums of BK terms, and its
 * rounding error does not grow with the number of keys one by one.
 *
 * Key tiles begin at multiples of BK whatever the unit, and a row's sums run in ascending order of
 * keys, so neither the cut into units nor the number of threads changes a bit of the output.
 *
 * Not here: splitting the keys of one query over threads; sharing key tiles within a head group.
 */
#include "tiles.h"

#include <omp.h>
#include <string.h>

#include "kernels/kern.h"
#include "parts.h"
#include "ragged.h"

enum {
    BQ = 96,         /* queries of a block: a multiple of every kernel's mr */
    BK = 256,        /* keys of a tile: a multiple of every kernel's nr */
    UNIT_BLOCKS = 8, /* blocks that share a packed tile of keys */
};

struct workspace { /* one thread's scratch */
    float *kt;     /* the tile of keys, packed [BK / nr][dk][nr] */
    float *s;      /* scores [BQ][BK] */
    float *t;      /* a tile's share of the output [BQ][dv] */
    float *o;      /* not yet normalised output [unit][dv] */
    float *m, *l;  /* running maximum and sum [unit] */
};

struct unit {
    const struct attn_call *call;
    const struct kern *kern;
    struct workspace w;
    int b, h, i0, i1; /* queries i0 .. i1 - 1 of one head */
    int keys, offset; /* valid keys; position of query i is i + offset */
    int left, right;
    const struct attn_view *additive; /* v of additive scores, NULL: dot products */
};

/* Queries of a unit: large enough to share a packed tile, small enough to feed every thread thrice. */
static int unit_rows(const struct attn_problem *p) {
    long wanted = 3L * p->threads, heads = (long)p->batch * p->heads;
    int units = (int)((wanted + heads - 1) / heads);
    int blocks = ceil_div(ceil_div(p->nq, units), BQ);
    return BQ * clamp_int(blocks, 1, UNIT_BLOCKS);
}

static size_t workspace_bytes(const struct attn_problem *p) {
    size_t rows = (size_t)unit_rows(p);
    return floats((size_t)BK * (size_t)p->dk) + floats((size_t)BQ * BK) + floats((size_t)BQ * (size_t)p->dv) +
           floats(rows * (size_t)p->dv) + 2 * floats(rows);
}

static struct workspace workspace(const struct attn_call *c, int thread) {
    const struct attn_problem *p = c->problem;
    size_t rows = (size_t)unit_rows(p);
    char *at = (char *)c->scratch + (size_t)thread * workspace_bytes(p);
    struct workspace w;
    w.kt = cut(&at, (size_t)BK * (size_t)p->dk * sizeof(float));
    w.s = cut(&at, (size_t)BQ * BK * sizeof(float));
    w.t = cut(&at, (size_t)BQ * (size_t)p->dv * sizeof(float));
    w.o = cut(&at, rows * (size_t)p->dv * sizeof(float));
    w.m = cut(&at, rows * sizeof(float));
    w.l = cut(&at, rows * sizeof(float));
    return w;
}

size_t tiles_scratch(const struct attn_problem *p) { return (size_t)p->threads * workspace_bytes(p); }

/* The keys of query i: [*lo, *hi). */
static void span(const struct unit *u, int i, int *lo, int *hi) {
    long at = (long)i + u->offset;
    *hi = min_int(clamp_int(at + u->right + 1, 0, u->keys), attn_visible(u->call->problem, u->keys, i));
    *lo = min_int(clamp_int(at - u->left, 0, u->keys), *hi);
}

/* Bias of one row of scores, keys lo .. hi - 1 of the tile that starts at key j0; -inf selects. */
static void add_bias(const struct unit *u, int i, int j0, int lo, int hi, float *s) {
    for (int j = lo; j < hi; j++) {
        float x = attn_bias_at(u->call, u->b, u->h, i, j0 + j, i + u->offset);
        s[j] = x == -INFINITY ? x : s[j] + x;
    }
}

/* Scores of up to mr rows against the panels that any of them sees; `lo`, `hi` relative to the tile. */
static void scores(const struct unit *u, int i, int rows, const int *lo, const int *hi, float *s) {
    const struct attn_problem *p = u->call->problem;
    const struct attn_view *q = &u->call->q;
    int nr = u->kern->nr, from = BK, to = 0;
    for (int r = 0; r < rows; r++) {
        if (lo[r] >= hi[r]) continue;
        from = min_int(from, lo[r]);
        to = max_int(to, hi[r]);
    }
    if (from >= to) return;
    from -= from % nr;
    if (u->additive)
        u->kern->additive(rows, to - from, p->dk, attn_row(&u->call->q, u->b, u->h, i), q->row,
                          u->w.kt + (ptrdiff_t)from * p->dk, attn_row(u->additive, 0, u->h, 0), s + from, BK);
    else
        u->kern->mul(rows, to - from, p->dk, p->scale, attn_row(q, u->b, u->h, i), q->row, 1,
                     u->w.kt + (ptrdiff_t)from * p->dk, nr, (ptrdiff_t)nr * p->dk, 0, s + from, BK);
}

/* One block of queries against one tile of keys. */
static void block(const struct unit *u, int i0, int i1, int j0, int j1, int skip_zeros) {
    const struct attn_problem *p = u->call->problem;
    const struct attn_view *v = &u->call->v;
    int lo[BQ], hi[BQ], rows = i1 - i0, any = 0;
    float factor[BQ];
    for (int r = 0; r < rows; r++) {
        span(u, i0 + r, &lo[r], &hi[r]);
        hi[r] = max_int(min_int(hi[r], j1) - j0, 0);
        lo[r] = min_int(max_int(lo[r] - j0, 0), hi[r]);
        any |= lo[r] < hi[r];
    }
    if (!any) return;
    for (int g = 0; g < rows; g += u->kern->mr)
        scores(u, i0 + g, min_int(u->kern->mr, rows - g), lo + g, hi + g, u->w.s + g * BK);
    for (int r = 0; r < rows; r++) {
        int i = i0 + r, at = i - u->i0, n = hi[r] - lo[r];
        float *s = u->w.s + r * BK;
        if (n <= 0) continue;
        if (p->softcap > 0) u->kern->softcap(n, p->softcap, s + lo[r]);
        if (p->bias) add_bias(u, i, j0, lo[r], hi[r], s);
        factor[r] = u->kern->soften(n, s + lo[r], &u->w.m[at], &u->w.l[at]);
    }
    memset(u->w.t, 0, (size_t)rows * (size_t)p->dv * sizeof(float));
    ragged_mul(u->kern, rows, lo, hi, p->dv, u->w.s, BK, attn_row(v, u->b, attn_kv_head(p, u->h), j0), v->row,
               skip_zeros, u->w.t, p->dv);
    for (int r = 0; r < rows; r++)
        if (lo[r] < hi[r])
            u->kern->blend(p->dv, factor[r], u->w.t + (ptrdiff_t)r * p->dv,
                           u->w.o + (ptrdiff_t)(i0 - u->i0 + r) * p->dv);
}

/* A bias may mask any key of a tile; then values that are not finite must not be touched. */
static int must_skip_zeros(const struct unit *u, int j0, int j1) {
    const struct attn_problem *p = u->call->problem;
    if (p->bias != ATTN_BIAS_DENSE && p->bias != ATTN_BIAS_BOOLEAN) return 0;
    for (int j = j0; j < j1; j++)
        if (!u->kern->finite(p->dv, attn_row(&u->call->v, u->b, attn_kv_head(p, u->h), j))) return 1;
    return 0;
}

static void finish(const struct unit *u) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    for (int i = u->i0; i < u->i1; i++) {
        int r = i - u->i0;
        float l = u->w.l[r], *o = u->w.o + (ptrdiff_t)r * p->dv;
        u->kern->scale(p->dv, l > 0 ? 1.0f / l : 0.0f, o);
        memcpy(attn_out_row(&c->o, u->b, u->h, i), o, (size_t)p->dv * sizeof *o);
        if (c->lse)
            c->lse[((ptrdiff_t)u->b * p->heads + u->h) * p->nq + i] = l > 0 ? u->w.m[r] + logf(l) : -INFINITY;
    }
}

static void run(struct unit *u) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    int first = u->keys, last = 0; /* the keys that any query of the unit sees */
    for (int i = u->i0; i < u->i1; i++) {
        int lo, hi, r = i - u->i0;
        span(u, i, &lo, &hi);
        if (lo < hi) first = min_int(first, lo), last = max_int(last, hi);
        u->w.m[r] = -INFINITY;
        u->w.l[r] = 0;
    }
    memset(u->w.o, 0, (size_t)(u->i1 - u->i0) * (size_t)p->dv * sizeof(float));
    for (int j0 = first - first % BK; j0 < last; j0 += BK) {
        int j1 = min_int(j0 + BK, last), skip_zeros = must_skip_zeros(u, max_int(j0, first), j1);
        u->kern->pack(j1 - j0, p->dk, attn_row(&c->k, u->b, attn_kv_head(p, u->h), j0), c->k.row, u->w.kt);
        for (int i = u->i0; i < u->i1; i += BQ) block(u, i, min_int(i + BQ, u->i1), j0, j1, skip_zeros);
    }
    finish(u);
}

static void forward(const struct attn_call *c, int left, int right, const struct attn_view *additive) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int rows = unit_rows(p), per_head = ceil_div(p->nq, rows), units = p->batch * p->heads * per_head;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < units; t++) {
        /* late queries of a causal mask see most keys: they go first, so that short units end the loop */
        int part = per_head - 1 - t / (p->batch * p->heads), head = t % (p->batch * p->heads);
        struct unit u = {.call = c, .kern = kern, .w = workspace(c, omp_get_thread_num())};
        u.b = head / p->heads;
        u.h = head % p->heads;
        u.i0 = part * rows;
        u.i1 = min_int(u.i0 + rows, p->nq);
        u.keys = attn_keys(c, u.b);
        u.offset = attn_offset(p, u.keys);
        u.left = left;
        u.right = right;
        u.additive = additive;
        run(&u);
    }
}

void tiles_forward(const struct attn_call *c, int left, int right) { forward(c, left, right, NULL); }

void tiles_additive(const struct attn_call *c, const struct attn_view *v) {
    forward(c, TILES_OPEN, TILES_OPEN, v);
}
