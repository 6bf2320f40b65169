/*
 * stream.c -- softmax attention of few queries, past which keys and values stream once.
 *
 * All queries of a head group are taken together, so that a key is read once for them all, in place. The keys are cut
 * into splits, each with a running maximum, a sum and an undivided output of its own; afterwards the splits of a row
 * are merged in order:
 *
 *   m = max_s m_s      l = sum_s exp(m_s - m) l_s      o = sum_s exp(m_s - m) o_s / l
 *
 * Where weights are no softmax's (weigh.h) m is 0 and nothing is divided.
 *
 * Source: Dao, Haziza, Massa, Sizov, "Flash-Decoding for long-context inference", 2023. How many splits there are
 * follows from the problem alone, so the bits depend on no number of threads.
 */
#include "stream.h"

#include <omp.h>
#include <string.h>

#include "bias.h"
#include "kernels/kern.h"
#include "parts.h"
#include "ragged.h"

enum {
    ROWS = 8,     /* at most so many queries of a group */
    TILE = 512,   /* keys taken at once */
    SHORTEST = 2, /* tiles of a split at least */
    UNITS = 64,   /* wanted units, where the keys are many enough */
};

static int group_rows(const struct attn_problem *p) { return p->heads / p->kv_heads * p->nq; }

int stream_suits(const struct attn_problem *p) { return (long)p->heads / p->kv_heads * p->nq <= ROWS; }

static int splits(const struct attn_problem *p) {
    int tiles = ceil_div(p->nk, TILE), wanted = ceil_div(UNITS, p->batch * p->kv_heads);
    return clamp_int(tiles / SHORTEST, 1, wanted);
}

/* ---- scratch: scores and queries for each thread, then the sums of each split ------------------------------------- */

static size_t scores_bytes(const struct attn_problem *p) { return floats((size_t)group_rows(p) * TILE); }

static size_t thread_bytes(const struct attn_problem *p) {
    return scores_bytes(p) + floats((size_t)group_rows(p) * (size_t)p->dk);
}

static size_t rows_bytes(const struct attn_problem *p) { return floats((size_t)group_rows(p)); }

static size_t outputs_bytes(const struct attn_problem *p) {
    return floats((size_t)group_rows(p) * (size_t)p->dv);
}

static size_t split_bytes(const struct attn_problem *p) { return 2 * rows_bytes(p) + 2 * outputs_bytes(p); }

size_t stream_scratch(const struct attn_problem *p) {
    return (size_t)p->threads * thread_bytes(p) +
           (size_t)(p->batch * p->kv_heads) * (size_t)splits(p) * split_bytes(p);
}

struct sums {     /* of one split, for each row of the group */
    float *m, *l; /* [rows] */
    float *o, *t; /* not yet divided, and a tile's share of it [rows][dv] */
};

static struct sums sums_of(const struct attn_call *c, int unit) {
    const struct attn_problem *p = c->problem;
    char *at = (char *)c->scratch + (size_t)p->threads * thread_bytes(p) + (size_t)unit * split_bytes(p);
    struct sums x;
    x.m = cut(&at, rows_bytes(p));
    x.l = cut(&at, rows_bytes(p));
    x.o = cut(&at, outputs_bytes(p));
    x.t = cut(&at, outputs_bytes(p));
    return x;
}

/* ---- one split ---------------------------------------------------------------------------------- */

struct unit {
    const struct attn_call *call;
    const struct kern *kern;
    const struct weigh *weigh;
    struct pattern window;
    struct pattern_view view; /* of the first head of the group; spans are those of all */
    struct sums sums;
    float *q; /* the rows side by side [rows][dk] */
    float *s; /* scores [rows][TILE] */
};

/* Row r of the group is query i of head h. */
static int head_of(const struct unit *u, int r) { return u->view.h + r / u->call->problem->nq; }
static int query_of(const struct unit *u, int r) { return r % u->call->problem->nq; }

/* Keys j0 .. j1 - 1. */
static void tile(const struct unit *u, int j0, int j1) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    int rows = group_rows(p), g = attn_kv_head(p, u->view.h), lo[ROWS], hi[ROWS], first = TILE, last = 0;
    float factor[ROWS];
    for (int r = 0; r < rows; r++) {
        pattern_span(&u->view, query_of(u, r), &lo[r], &hi[r]);
        hi[r] = max_int(min_int(hi[r], j1) - j0, 0);
        lo[r] = min_int(max_int(lo[r] - j0, 0), hi[r]);
        if (lo[r] < hi[r]) first = min_int(first, lo[r]), last = max_int(last, hi[r]);
    }
    if (first >= last) return;
    u->kern->dots(rows, last - first, p->dk, p->scale, u->q, p->dk, attn_row(&c->k, u->view.b, g, j0 + first),
                  c->k.row, u->s + first, TILE);
    for (int r = 0; r < rows; r++) {
        int i = query_of(u, r);
        bias_apply(c, u->kern, u->view.b, head_of(u, r), i, i + u->view.offset, &u->view.key_axis, j0, lo[r],
                   hi[r], u->s + (ptrdiff_t)r * TILE);
    }
    weigh(u->kern, u->weigh, rows, lo, hi, u->s, TILE, u->sums.m, u->sums.l, factor);
    memset(u->sums.t, 0, (size_t)rows * (size_t)p->dv * sizeof(float));
    const float *v = attn_row(&c->v, u->view.b, g, j0);
    int skip_zeros =
        bias_hides_keys(p) && !values_finite(u->kern, last - first, p->dv, v + first * c->v.row, c->v.row);
    ragged_mul(u->kern, rows, lo, hi, p->dv, u->s, TILE, v, c->v.row, skip_zeros, u->sums.t, p->dv);
    for (int r = 0; r < rows; r++)
        if (lo[r] < hi[r])
            u->kern->blend(p->dv, factor[r], u->sums.t + (ptrdiff_t)r * p->dv,
                           u->sums.o + (ptrdiff_t)r * p->dv);
}

static void run(const struct unit *u, int j0, int j1) {
    const struct attn_problem *p = u->call->problem;
    for (int r = 0; r < group_rows(p); r++)
        memcpy(u->q + (ptrdiff_t)r * p->dk, attn_row(&u->call->q, u->view.b, head_of(u, r), query_of(u, r)),
               (size_t)p->dk * sizeof *u->q);
    for (int r = 0; r < group_rows(p); r++) u->sums.m[r] = -INFINITY, u->sums.l[r] = 0;
    memset(u->sums.o, 0, (size_t)group_rows(p) * (size_t)p->dv * sizeof(float));
    for (int j = j0; j < j1; j += TILE) tile(u, j, min_int(j + TILE, j1));
}

/* ---- a call ------------------------------------------------------------------------------------- */

/* Row r of a group from its splits. */
static void merge(const struct attn_call *c, const struct kern *kern, const struct weigh *how, int group,
                  int r) {
    const struct attn_problem *p = c->problem;
    int b = group / p->kv_heads, h = group % p->kv_heads * (p->heads / p->kv_heads) + r / p->nq,
        i = r % p->nq;
    float m = -INFINITY, l = 0, *o = attn_out_row(&c->o, b, h, i);
    memset(o, 0, (size_t)p->dv * sizeof *o);
    for (int x = 0; x < splits(p); x++) {
        struct sums part = sums_of(c, group * splits(p) + x);
        float top = fmaxf(m, part.m[r]);
        if (part.l[r] == 0) continue;
        float before = expf(m - top), now = expf(part.m[r] - top);
        kern->scale(p->dv, now, part.o + (ptrdiff_t)r * p->dv);
        kern->blend(p->dv, before, part.o + (ptrdiff_t)r * p->dv, o);
        l = l * before + part.l[r] * now;
        m = top;
    }
    kern->scale(p->dv, weigh_share(how, l), o);
    if (c->lse) c->lse[((ptrdiff_t)b * p->heads + h) * p->nq + i] = l == 0 ? -INFINITY : m + logf(l);
}

void stream_window(const struct attn_call *c, const struct weigh *how, int left, int right) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int groups = p->batch * p->kv_heads, cuts = splits(p), tiles = ceil_div(p->nk, TILE);
#pragma omp parallel num_threads(p->threads)
    {
#pragma omp for schedule(dynamic)
        for (int t = 0; t < groups * cuts; t++) {
            int b = t / cuts / p->kv_heads, g = t / cuts % p->kv_heads, x = t % cuts;
            struct unit u = {.call = c, .kern = kern, .weigh = how, .window = {.left = left, .right = right}};
            u.view = pattern_view(&u.window, p, b, g * (p->heads / p->kv_heads), attn_keys(c, b), 0);
            u.sums = sums_of(c, t);
            u.s = (float *)((char *)c->scratch + (size_t)omp_get_thread_num() * thread_bytes(p));
            u.q = (float *)((char *)u.s + scores_bytes(p));
            run(&u, (int)((long)tiles * x / cuts) * TILE,
                min_int((int)((long)tiles * (x + 1) / cuts) * TILE, u.view.keys));
        }
#pragma omp for schedule(static)
        for (int t = 0; t < groups * group_rows(p); t++)
            merge(c, kern, how, t / group_rows(p), t % group_rows(p));
    }
}
