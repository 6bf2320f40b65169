/*
 * prefix.c -- attention as sums over feature maps.
 *
 * A causal row is computed in chunks (the state before the chunk, plus the scores inside it), not by one
 * rank-1 update for each key. A few chunks are summed in float and added to a state in double, so that a
 * sequence of a million keys does not drift. A row without a key has numerator 0 and is zeros.
 *
 * Work is cut into units of one key head and one segment of the sequence. How many segments there are follows
 * from the problem alone, so neither bits nor memory depend on threads or n:
 *   1. each segment sums its own keys;    2. segments are added up in order;    3. rows are computed.
 */
#include "prefix.h"

#include <omp.h>
#include <string.h>

#include "parts.h"
#include "ragged.h"

enum {
    CHUNK = 128,       /* keys or queries taken at once */
    SPAN = 4 * CHUNK,  /* keys summed in float */
    CAUSAL_CHUNK = 64, /* the same where rows of a chunk see part of it: work grows with its square */
    UNITS = 8,         /* wanted units, for problems of few heads */
};

/* ---- layout of scratch ------------------------------------------------------------------------- */

struct workspace {              /* one thread; m features, rows of which are `to` apart */
    float *psi, *phi;           /* features of a chunk of keys, of queries [CHUNK][to] */
    float *panels;              /* those of keys, packed [CAUSAL_CHUNK / nr][m][nr] */
    float *scores;              /* [CAUSAL_CHUNK][CAUSAL_CHUNK] */
    float *sum;                 /* a span's share of the state, then the state rounded to float */
    float *den;                 /* [CHUNK] */
    float *key_top, *query_top; /* [CHUNK] */
};

static int segments(const struct attn_problem *p) {
    return clamp_int(ceil_div(UNITS, p->batch * p->kv_heads), 1, UNITS);
}

/* A state: S [m][dv], z [m], the maximum of the keys' tops. */
static size_t state_size(const struct attn_problem *p, int m) { return (size_t)m * (size_t)(p->dv + 1) + 1; }

/* Rows of features begin on a cache line. */
static size_t stride(int m) { return floats((size_t)m) / sizeof(float); }

static size_t workspace_bytes(const struct attn_problem *p, int m) {
    return 2 * floats(CHUNK * stride(m)) + floats(CAUSAL_CHUNK * stride(m)) +
           floats(CAUSAL_CHUNK * CAUSAL_CHUNK) + floats(state_size(p, m)) + 3 * floats(CHUNK);
}

/* One state in double for each segment, and one more for the total. */
static size_t state_bytes(const struct attn_problem *p, int m) {
    return aligned(state_size(p, m) * sizeof(double));
}

static size_t sums_bytes(const struct attn_problem *p, int m) {
    return (size_t)(p->batch * p->kv_heads) * (size_t)(segments(p) + 1) * state_bytes(p, m);
}

void prefix_growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    (void)params;
    if (mask != ATTN_MASK_NONE) g->steps = g->path = (struct attn_growth){1, "n / chunk"};
}

size_t prefix_scratch(const struct attn_problem *p, int m) {
    return sums_bytes(p, m) + (size_t)p->threads * workspace_bytes(p, m);
}

static struct workspace workspace(const struct attn_call *c, int m) {
    const struct attn_problem *p = c->problem;
    char *at = (char *)c->scratch + sums_bytes(p, m) + (size_t)omp_get_thread_num() * workspace_bytes(p, m);
    struct workspace w;
    w.psi = cut(&at, CHUNK * stride(m) * sizeof(float));
    w.phi = cut(&at, CHUNK * stride(m) * sizeof(float));
    w.panels = cut(&at, CAUSAL_CHUNK * stride(m) * sizeof(float));
    w.scores = cut(&at, CAUSAL_CHUNK * CAUSAL_CHUNK * sizeof(float));
    w.sum = cut(&at, state_size(p, m) * sizeof(float));
    w.den = cut(&at, CHUNK * sizeof(float));
    w.key_top = cut(&at, CHUNK * sizeof(float));
    w.query_top = cut(&at, CHUNK * sizeof(float));
    return w;
}

/* ---- one unit: key head t / segments, segment t % segments ------------------------------------- */

struct unit {
    const struct attn_call *call;
    const struct kern *kern;
    const struct prefix_map *map;
    struct workspace w;
    int b, g, keys, offset, segment; /* batch item, key head, valid keys, position of query 0 */
};

static struct unit unit(const struct attn_call *c, const struct kern *kern, const struct prefix_map *map,
                        int t) {
    const struct attn_problem *p = c->problem;
    struct unit u = {
        .call = c, .kern = kern, .map = map, .w = workspace(c, map->features), .segment = t % segments(p)};
    u.b = t / segments(p) / p->kv_heads;
    u.g = t / segments(p) % p->kv_heads;
    u.keys = attn_keys(c, u.b);
    u.offset = attn_offset(p, u.keys);
    return u;
}

static double *unit_sums(const struct unit *u, int segment) {
    const struct attn_problem *p = u->call->problem;
    size_t at = (size_t)(u->b * p->kv_heads + u->g) * (size_t)(segments(p) + 1) + (size_t)segment;
    return (double *)((char *)u->call->scratch + at * state_bytes(p, u->map->features));
}

static size_t unit_size(const struct unit *u) { return state_size(u->call->problem, u->map->features); }

static double *top_of(const struct unit *u, double *acc) { return acc + unit_size(u) - 1; }

/* The first query of a segment; queries are cut evenly. */
static int first_query(const struct attn_problem *p, int segment) {
    return (int)((long)p->nq * segment / segments(p));
}

/* The keys that come before those which query i is the first to see. With a mask, segment s sums keys
   keys_before(first query of s) .. keys_before(first query of s + 1) - 1; without, its even share. */
static int keys_before(const struct unit *u, int i) { return clamp_int((long)i + u->offset, 0, u->keys); }

static int first_key(const struct unit *u, int segment) {
    const struct attn_problem *p = u->call->problem;
    if (segment == 0) return 0;
    if (segment == segments(p)) return u->keys;
    if (p->mask == ATTN_MASK_NONE) return (int)((long)u->keys * segment / segments(p));
    return keys_before(u, first_query(p, segment));
}

/* Features and tops of keys j0 .. j1 - 1, into w.psi and w.key_top. */
static void key_features(const struct unit *u, int j0, int j1) {
    const struct attn_view *k = &u->call->k;
    const struct prefix_rows rows = {.x = attn_row(k, u->b, u->g, j0),
                                     .row = k->row,
                                     .b = u->b,
                                     .h = u->g,
                                     .first = j0,
                                     .count = j1 - j0,
                                     .to = (ptrdiff_t)stride(u->map->features)};
    u->map->keys(u->call, u->kern, &rows, u->w.key_top, u->w.psi);
}

/* w.sum (+)= the keys j0 .. j1 - 1, whose features stand in w.psi; `top` becomes their maximum. */
static void sum_chunk(const struct unit *u, int j0, int j1, int add, double *top) {
    const struct attn_view *v = &u->call->v;
    int n = j1 - j0, m = u->map->features, dv = u->call->problem->dv, nr = u->kern->nr;
    ptrdiff_t to = (ptrdiff_t)stride(m);
    const float one = 1;
    u->kern->mul(m, dv, n, 1.0f, u->w.psi, 1, to, attn_row(v, u->b, u->g, j0), v->row, nr, add, u->w.sum, dv);
    u->kern->mul(1, m, n, 1.0f, &one, 0, 0, u->w.psi, to, nr, add, u->w.sum + (ptrdiff_t)m * dv, m);
    *top = fmax(*top, (double)u->kern->largest(n, u->w.key_top));
}

static void add_sum(const struct unit *u, double *acc) { u->kern->add_wide(unit_size(u) - 1, u->w.sum, acc); }

/* acc += the keys from .. to - 1. */
static void absorb(const struct unit *u, int from, int to, double *acc) {
    for (int s = from; s < to; s += SPAN) {
        int end = min_int(s + SPAN, to);
        for (int j = s; j < end; j += CHUNK) {
            key_features(u, j, min_int(j + CHUNK, end));
            sum_chunk(u, j, min_int(j + CHUNK, end), j > s, top_of(u, acc));
        }
        add_sum(u, acc);
    }
}

/* Features of queries i0 .. i1 - 1 of head h, into w.phi. `top` is the maximum over the keys before j0; query r sees
   hi[r] more from there. */
static void query_features(const struct unit *u, int h, int i0, int i1, const int *hi, double top) {
    const struct attn_view *q = &u->call->q;
    const struct prefix_rows rows = {.x = attn_row(q, u->b, h, i0),
                                     .row = q->row,
                                     .b = u->b,
                                     .h = h,
                                     .first = i0,
                                     .count = i1 - i0,
                                     .to = (ptrdiff_t)stride(u->map->features)};
    for (int r = 0, j = 0; r < i1 - i0; r++) {
        for (; j < hi[r]; j++)
            if (u->w.key_top[j] > top) top = u->w.key_top[j];
        u->w.query_top[r] = (float)top;
    }
    u->map->queries(u->call, u->kern, &rows, u->w.query_top, u->w.phi);
}

/* o += the shares of the keys from j0 on, which are packed in w.panels; row r, up to `n`, sees hi[r] of them. Groups of
   rows leave out most of what none of them sees. */
static void inside(const struct unit *u, int n, const int *lo, const int *hi, int j0, float *o) {
    const struct workspace *w = &u->w;
    const struct attn_view *v = &u->call->v;
    int m = u->map->features, nr = u->kern->nr, group = 2 * u->kern->mr;
    ptrdiff_t to = (ptrdiff_t)stride(m);
    for (int r = 0; r < n; r += group) {
        int end = min_int(r + group, n);
        u->kern->mul(end - r, hi[end - 1], m, 1.0f, w->phi + r * to, to, 1, w->panels, nr, (ptrdiff_t)nr * m,
                     0, w->scores + r * CAUSAL_CHUNK, CAUSAL_CHUNK);
    }
    ragged_mul(u->kern, n, lo, hi, u->call->problem->dv, w->scores, CAUSAL_CHUNK, attn_row(v, u->b, u->g, j0),
               v->row, 0, o, u->call->o.row);
}

/* Queries i0 .. i1 - 1 of head h, against the state in w.sum and the keys j0 .. j1 - 1 packed in
   w.panels, of which query i sees those below attn_visible(). `top` is that of the state. */
static void rows(const struct unit *u, int h, int i0, int i1, int j0, int j1, double top) {
    const struct attn_call *c = u->call;
    const struct workspace *w = &u->w;
    int n = i1 - i0, m = u->map->features, dv = c->problem->dv, lo[CHUNK], hi[CHUNK];
    ptrdiff_t to = (ptrdiff_t)stride(m);
    float *o = attn_out_row(&c->o, u->b, h, i0);
    for (int r = 0; r < n; r++) {
        lo[r] = 0;
        hi[r] = j1 > j0 ? clamp_int((long)attn_visible(c->problem, u->keys, i0 + r) - j0, 0, j1 - j0) : 0;
    }
    query_features(u, h, i0, i1, hi, top);
    u->kern->mul(n, dv, m, 1.0f, w->phi, to, 1, w->sum, dv, u->kern->nr, 0, o, c->o.row);
    if (j1 > j0) inside(u, n, lo, hi, j0, o);
    if (u->map->no_denominator) return;
    u->kern->dots(1, n, m, 1.0f, w->sum + (ptrdiff_t)m * dv, 0, w->phi, to, w->den, 0);
    for (int r = 0; r < n; r++) {
        float den = w->den[r] + (float)u->map->eps;
        if (hi[r] > 0) den += u->kern->sum(hi[r], w->scores + r * CAUSAL_CHUNK);
        if (den < (float)u->map->least) den = (float)u->map->least;
        u->kern->scale(dv, den != 0 ? 1.0f / den : 0.0f, o + r * c->o.row);
    }
}

static void round_state(const struct unit *u, const double *acc) {
    u->kern->narrow(unit_size(u), acc, u->w.sum);
}

/* ---- the three passes -------------------------------------------------------------------------- */

static void sum_segment(const struct unit *u) {
    double *acc = unit_sums(u, u->segment);
    memset(acc, 0, unit_size(u) * sizeof *acc);
    *top_of(u, acc) = -INFINITY;
    absorb(u, first_key(u, u->segment), first_key(u, u->segment + 1), acc);
}

/* The state before the sequence: what is carried in, or nothing. */
static void load_carried(const struct unit *u, double *acc) {
    int m = u->map->features, dv = u->call->problem->dv;
    memset(acc, 0, unit_size(u) * sizeof *acc);
    *top_of(u, acc) = -INFINITY;
    if (!u->map->carries) return;
    const struct attn_view *s = &u->call->tensors[0], *z = &u->call->tensors[1];
    for (int d = 0; s->data && d < m; d++)
        for (int x = 0; x < dv; x++) acc[d * dv + x] = attn_row(s, u->b, u->g, d)[x];
    for (int d = 0; z->data && d < m; d++) acc[m * dv + d] = attn_row(z, u->b, u->g, 0)[d];
}

static void store_carried(const struct unit *u, const double *acc) {
    const struct attn_output *s = &u->call->carried[0], *z = &u->call->carried[1];
    int m = u->map->features, dv = u->call->problem->dv;
    for (int d = 0; s->data && d < m; d++)
        for (int x = 0; x < dv; x++) attn_out_row(s, u->b, u->g, d)[x] = (float)acc[d * dv + x];
    for (int d = 0; z->data && d < m; d++) attn_out_row(z, u->b, u->g, 0)[d] = (float)acc[m * dv + d];
}

/* Turns the sums of segments into the state before each segment; the last place takes the total. */
static void add_up(const struct unit *u) {
    const struct attn_problem *p = u->call->problem;
    double *before = unit_sums(u, segments(p)); /* running state, kept in the last place */
    load_carried(u, before);
    for (int s = 0; s < segments(p); s++) {
        double *acc = unit_sums(u, s), top = *top_of(u, acc), top_before = *top_of(u, before);
        for (size_t x = 0; x + 1 < unit_size(u); x++) {
            double own = acc[x];
            acc[x] = before[x];
            before[x] += own;
        }
        *top_of(u, acc) = top_before;
        *top_of(u, before) = fmax(top_before, top);
    }
    if (u->call->carried && u->map->carries) store_carried(u, before);
}

/* All queries i0 .. i1 - 1 of the head group see the state in w.sum, and the keys j0 .. j1 - 1 as the mask has it. */
static void write_group(const struct unit *u, int i0, int i1, int j0, int j1, double top) {
    int group = u->call->problem->heads / u->call->problem->kv_heads;
    for (int h = u->g * group; h < (u->g + 1) * group; h++) rows(u, h, i0, i1, j0, j1, top);
}

static void write_rows(const struct unit *u) {
    double *acc = unit_sums(u, segments(u->call->problem));
    int from = first_query(u->call->problem, u->segment), end = first_query(u->call->problem, u->segment + 1);
    round_state(u, acc);
    for (int i = from; i < end; i += CHUNK) write_group(u, i, min_int(i + CHUNK, end), 0, 0, *top_of(u, acc));
}

static void write_causal_rows(const struct unit *u) {
    double *acc = unit_sums(u, u->segment);
    int from = first_query(u->call->problem, u->segment), end = first_query(u->call->problem, u->segment + 1);
    absorb(u, first_key(u, u->segment), keys_before(u, from), acc);
    for (int i = from; i < end; i += CAUSAL_CHUNK) {
        int i1 = min_int(i + CAUSAL_CHUNK, end), j0 = keys_before(u, i), j1 = keys_before(u, i1);
        round_state(u, acc);
        if (j1 > j0) {
            key_features(u, j0, j1);
            u->kern->pack(j1 - j0, u->map->features, u->w.psi, (ptrdiff_t)stride(u->map->features),
                          u->w.panels);
        }
        write_group(u, i, i1, j0, j1, *top_of(u, acc));
        if (j1 == j0) continue;
        sum_chunk(u, j0, j1, 0, top_of(u, acc));
        add_sum(u, acc);
    }
}

void prefix_forward(const struct attn_call *c, const struct prefix_map *map) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int heads = p->batch * p->kv_heads, units = heads * segments(p);
#pragma omp parallel num_threads(p->threads)
    {
        int whole = p->mask != ATTN_MASK_NONE && segments(p) == 1 && !c->carried;
#pragma omp for schedule(dynamic)
        for (int t = 0; t < units; t++) {
            struct unit u = unit(c, kern, map, t);
            if (whole) load_carried(&u, unit_sums(&u, 0)); /* the only segment starts the sequence */
            else sum_segment(&u);
        }
#pragma omp for schedule(dynamic)
        for (int t = 0; t < heads; t++) {
            struct unit u = unit(c, kern, map, t * segments(p));
            if (!whole) add_up(&u);
        }
#pragma omp for schedule(dynamic)
        for (int t = 0; t < units; t++) {
            struct unit u = unit(c, kern, map, t);
            if (p->mask == ATTN_MASK_NONE) write_rows(&u);
            else write_causal_rows(&u);
        }
    }
}

void prefix_cost(const struct attn_problem *p, int m, int no_denominator, struct attn_cost *cost) {
    double heads = (double)p->batch * p->heads, kv_heads = (double)p->batch * p->kv_heads;
    cost->flops = 2.0 * m * (p->dv + !no_denominator) * (heads * p->nq + kv_heads * p->nk);
    cost->bytes = sizeof(float) * (p->dk + p->dv) * (heads * p->nq + kv_heads * p->nk);
    cost->rank = p->mask == ATTN_MASK_NONE ? m : 0; /* a mask cuts the product of the features */
}
