/*
 * prefix.c -- attention as sums over feature maps.
 *
 * A causal row is computed in chunks (the state before the chunk, plus the scores inside it), not by one
 * rank-1 update for each key. A chunk's share is summed in float and added to a state in double, so that a
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
    CHUNK = 128, /* keys or queries taken at once */
    UNITS = 8,   /* wanted units, for problems of few heads */
};

/* ---- layout of scratch ------------------------------------------------------------------------- */

struct workspace {              /* one thread; m features */
    float *x;                   /* features of a chunk [CHUNK][m] */
    float *panels;              /* the same, packed [CHUNK / nr][m][nr] */
    float *scores;              /* [CHUNK][CHUNK] */
    float *sum;                 /* a chunk's share of the state, then the state rounded to float */
    float *den;                 /* [CHUNK] */
    float *key_top, *query_top; /* [CHUNK] */
};

static int segments(const struct attn_problem *p) {
    return clamp_int(ceil_div(UNITS, p->batch * p->kv_heads), 1, UNITS);
}

/* A state: S [m][dv], z [m], the maximum of the keys' tops. */
static size_t state_size(const struct attn_problem *p, int m) { return (size_t)m * (size_t)(p->dv + 1) + 1; }

static size_t workspace_bytes(const struct attn_problem *p, int m) {
    return 2 * floats((size_t)CHUNK * (size_t)m) + floats(CHUNK * CHUNK) + floats(state_size(p, m)) +
           3 * floats(CHUNK);
}

/* One state in double for each segment, and one more for the total. */
static size_t state_bytes(const struct attn_problem *p, int m) {
    return aligned(state_size(p, m) * sizeof(double));
}

static size_t sums_bytes(const struct attn_problem *p, int m) {
    return (size_t)(p->batch * p->kv_heads) * (size_t)(segments(p) + 1) * state_bytes(p, m);
}

size_t prefix_scratch(const struct attn_problem *p, int m) {
    return sums_bytes(p, m) + (size_t)p->threads * workspace_bytes(p, m);
}

static struct workspace workspace(const struct attn_call *c, int m) {
    const struct attn_problem *p = c->problem;
    char *at = (char *)c->scratch + sums_bytes(p, m) + (size_t)omp_get_thread_num() * workspace_bytes(p, m);
    struct workspace w;
    w.x = cut(&at, (size_t)CHUNK * (size_t)m * sizeof(float));
    w.panels = cut(&at, (size_t)CHUNK * (size_t)m * sizeof(float));
    w.scores = cut(&at, CHUNK * CHUNK * sizeof(float));
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

/* Features and tops of keys j0 .. j1 - 1, into w.x and w.key_top. */
static void key_features(const struct unit *u, int j0, int j1) {
    const struct attn_view *k = &u->call->k;
    u->map->keys(u->call, u->kern, u->b, j0, j1 - j0, attn_row(k, u->b, u->g, j0), k->row, u->w.key_top,
                 u->w.x);
}

/* acc += the keys j0 .. j1 - 1, at most CHUNK. */
static void absorb(const struct unit *u, int j0, int j1, double *acc) {
    const struct attn_view *v = &u->call->v;
    int n = j1 - j0, m = u->map->features, dv = u->call->problem->dv;
    double *z = acc + (ptrdiff_t)m * dv, *top = top_of(u, acc);
    if (n <= 0) return;
    key_features(u, j0, j1);
    u->kern->mul(m, dv, n, 1.0f, u->w.x, 1, m, attn_row(v, u->b, u->g, j0), v->row, u->kern->nr, 0, u->w.sum,
                 dv);
    for (int x = 0; x < m * dv; x++) acc[x] += u->w.sum[x];
    for (int j = 0; j < n; j++) {
        for (int d = 0; d < m; d++) z[d] += u->w.x[(ptrdiff_t)j * m + d];
        if (u->w.key_top[j] > *top) *top = u->w.key_top[j];
    }
}

static void absorb_all(const struct unit *u, int from, int to, double *acc) {
    for (int j = from; j < to; j += CHUNK) absorb(u, j, min_int(j + CHUNK, to), acc);
}

/* Queries i0 .. i1 - 1 of head h, against the state in w.sum and the keys j0 .. j1 - 1 packed in
   w.panels, of which query i sees those below attn_visible(). `top` is that of the state. Uses w.x. */
static void rows(const struct unit *u, int h, int i0, int i1, int j0, int j1, double top) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    const struct workspace *w = &u->w;
    int n = i1 - i0, keys = j1 - j0, nr = u->kern->nr, m = u->map->features, lo[CHUNK], hi[CHUNK];
    const float *z = w->sum + (ptrdiff_t)m * p->dv;
    float *o = attn_out_row(&c->o, u->b, h, i0);
    for (int r = 0, j = 0; r < n; r++) {
        lo[r] = 0;
        hi[r] = keys > 0 ? clamp_int((long)attn_visible(p, u->keys, i0 + r) - j0, 0, keys) : 0;
        for (; j < hi[r]; j++)
            if (w->key_top[j] > top) top = w->key_top[j];
        w->query_top[r] = (float)top;
    }
    u->map->queries(c, u->kern, u->b, i0, n, attn_row(&c->q, u->b, h, i0), c->q.row, w->query_top, w->x);
    u->kern->mul(n, p->dv, m, 1.0f, w->x, m, 1, w->sum, p->dv, nr, 0, o, c->o.row);
    if (keys > 0) {
        u->kern->mul(n, keys, m, 1.0f, w->x, m, 1, w->panels, nr, (ptrdiff_t)nr * m, 0, w->scores, CHUNK);
        ragged_mul(u->kern, n, lo, hi, p->dv, w->scores, CHUNK, attn_row(&c->v, u->b, u->g, j0), c->v.row, 0,
                   o, c->o.row);
    }
    for (int r = 0; r < n && !u->map->no_denominator; r++) {
        float den = u->kern->dot(m, w->x + (ptrdiff_t)r * m, z) + u->kern->sum(hi[r], w->scores + r * CHUNK) +
                    (float)u->map->eps;
        if (den < (float)u->map->least) den = (float)u->map->least;
        u->kern->scale(p->dv, den != 0 ? 1.0f / den : 0.0f, o + r * c->o.row);
    }
}

static void round_state(const struct unit *u, const double *acc) {
    for (size_t x = 0; x < unit_size(u); x++) u->w.sum[x] = (float)acc[x];
}

/* ---- the three passes -------------------------------------------------------------------------- */

static void sum_segment(const struct unit *u) {
    double *acc = unit_sums(u, u->segment);
    memset(acc, 0, unit_size(u) * sizeof *acc);
    *top_of(u, acc) = -INFINITY;
    absorb_all(u, first_key(u, u->segment), first_key(u, u->segment + 1), acc);
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

static void write_rows(const struct unit *u) {
    const struct attn_problem *p = u->call->problem;
    int group = p->heads / p->kv_heads, causal = p->mask != ATTN_MASK_NONE;
    int end = first_query(p, u->segment + 1);
    double *acc = unit_sums(u, causal ? u->segment : segments(p));
    if (causal) absorb_all(u, first_key(u, u->segment), keys_before(u, first_query(p, u->segment)), acc);
    else round_state(u, acc);
    for (int i0 = first_query(p, u->segment); i0 < end; i0 += CHUNK) {
        int i1 = min_int(i0 + CHUNK, end);
        int j0 = causal ? keys_before(u, i0) : 0, j1 = causal ? keys_before(u, i1) : 0;
        if (causal) {
            round_state(u, acc);
            key_features(u, j0, j1);
            u->kern->pack(j1 - j0, u->map->features, u->w.x, u->map->features, u->w.panels);
        }
        for (int h = u->g * group; h < (u->g + 1) * group; h++) rows(u, h, i0, i1, j0, j1, *top_of(u, acc));
        if (causal) absorb(u, j0, j1, acc);
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
            write_rows(&u);
        }
    }
}

void prefix_cost(const struct attn_problem *p, int m, int no_denominator, struct attn_cost *cost) {
    double heads = (double)p->batch * p->heads, kv_heads = (double)p->batch * p->kv_heads;
    cost->flops = 2.0 * m * (p->dv + !no_denominator) * (heads * p->nq + kv_heads * p->nk);
    cost->bytes = sizeof(float) * (p->dk + p->dv) * (heads * p->nq + kv_heads * p->nk);
    cost->rank = p->mask == ATTN_MASK_NONE ? m : 0; /* a mask cuts the product of the features */
}
