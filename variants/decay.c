/*
 * decay.c -- recurrences that forget.
 *
 * A chunk of steps is three products: queries with the state before it, queries with keys inside it, keys with values
 * for the state after it. Decays go into the features of both sides: relative to a step r,
 *   phi_i exp(b_t - b_r)  and  psi_j exp(b_r - b_j),  b_t = g_1 + ... + g_t,
 * have the product phi_i^T diag(exp(b_t - b_j)) psi_j without an exponential for each pair. With r at the start of the
 * chunk one such pair of factors serves all three products, as long as b does not fall below -LARGEST. Where decays are
 * stronger the products with the state take r at their own end of the chunk, so that every factor is at most 1, and the
 * pairs are split: later half with earlier half, r between them, then each half by itself, down to halves that fit. A
 * single step always does.
 *
 * The values of the delta rule solve a triangular system, since u_t lacks what the steps before it in the chunk wrote:
 *   u_t = beta_t (v_t - psi_t^T [state before, faded] - sum_(j<t) [psi_t^T diag(exp(b_t - b_j)) psi_j] u_j),
 * the pairs of keys with keys. They are taken in the order of a forward substitution, and then stand for the values.
 * (Yang, Wang, Zhang, Shen, Kim, "Parallelizing linear transformers with the delta rule over sequence length", 2024.)
 *
 * The state is kept in double, so that a sequence of a million keys that forgets nothing does not drift. Work is cut into
 * units of one key head and one segment of the sequence, as in prefix.c: segments first sum their own steps, sums are
 * added up in order, then rows are computed. The delta rule knows no segments, nor does the step-by-step form, which keeps
 * its state in float.
 */
#include "decay.h"

#include <omp.h>
#include <string.h>

#include "parts.h"
#include "ragged.h"

enum {
    CHUNK = DECAY_CHUNK,
    UNITS = 8, /* wanted units, for problems of few heads */
};
static const float LARGEST = 10; /* exponent of a factor; to round it costs 2^-24 of the exponent */

const char *const decay_forms[] = {"chunked", "recurrent", NULL};

void decay_growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    const int *form = params;
    (void)mask;
    g->steps = g->path = (struct attn_growth){1, *form == DECAY_RECURRENT ? "n" : "n / chunk"};
}

/* ---- pieces ------------------------------------------------------------------------------------ */

int decay_steps_before(const struct attn_problem *p, int keys, int i) {
    return clamp_int((long)i + attn_offset(p, keys), 0, keys);
}

int decay_next(const struct attn_problem *p, int keys, int end, struct decay_chunk *x) {
    x->i0 = x->i1;
    x->j0 = x->j1;
    int before = x->i0 < end ? decay_steps_before(p, keys, x->i0) : end == p->nq ? keys : x->j0;
    if (before > x->j0) { /* steps that no query of this chunk is to read between */
        x->j1 = min_int(x->j0 + CHUNK, before);
        return 1;
    }
    x->i1 = min_int(x->i0 + CHUNK, end);
    x->j1 = decay_steps_before(p, keys, x->i1);
    return x->i1 > x->i0;
}

int decay_seen(const struct attn_problem *p, int keys, const struct decay_chunk *x, int i) {
    return clamp_int((long)attn_visible(p, keys, i) - x->j0, 0, x->j1 - x->j0);
}

void decay_sums(int n, int width, const float *g, int ref, float *sums) {
    ptrdiff_t w = width;
    for (int x = 0; x < width; x++) sums[ref * w + x] = 0;
    for (int r = ref; r < n; r++)
        for (int x = 0; x < width; x++) sums[(r + 1) * w + x] = sums[r * w + x] + g[r * w + x];
    for (int r = ref - 1; r >= 0; r--)
        for (int x = 0; x < width; x++) sums[r * w + x] = sums[(r + 1) * w + x] + g[r * w + x];
}

void decay_load(const struct attn_view *from, int b, int g, int m, int dv, double *s) {
    if (!from->data) memset(s, 0, (size_t)m * (size_t)dv * sizeof *s);
    for (int d = 0; from->data && d < m; d++)
        for (int x = 0; x < dv; x++) s[(ptrdiff_t)d * dv + x] = attn_row(from, b, g, d)[x];
}

void decay_store(const struct attn_output *to, int b, int g, int m, int dv, const double *s) {
    for (int d = 0; to->data && d < m; d++)
        for (int x = 0; x < dv; x++) attn_out_row(to, b, g, d)[x] = (float)s[(ptrdiff_t)d * dv + x];
}

/* ---- layout of scratch ------------------------------------------------------------------------- */

struct workspace { /* one thread; m features, w numbers of a decay */
    float *room_k,
        *room_q;  /* features of a chunk [CHUNK][m]; step by step, room_q has them for each head of a group */
    float *k, *q; /* the same with the factors of a chunk or of a part of it */
    float *panels;         /* k packed [CHUNK / nr][m][nr] */
    float *g, *by;         /* log decays [CHUNK][w], factors of keys [CHUNK] */
    float *factors;        /* sums of log decays, then their exponentials [CHUNK + 1][w] */
    float *scores;         /* [CHUNK][CHUNK] */
    float *state;          /* S [m][dv], z [m] in float */
    float *share;          /* what a chunk adds to it */
    double *left;          /* what a chunk leaves of the state [m], */
    double *cosine, *sine; /* and how it turns [m / 2] */
    float *den;            /* [CHUNK] */
    float *u, *beta;       /* of the delta rule: what steps write [CHUNK][dv], and their shares [CHUNK] */
};

static int segments(const struct attn_problem *p, int sequential) {
    return sequential ? 1 : clamp_int(ceil_div(UNITS, p->batch * p->kv_heads), 1, UNITS);
}

static size_t state_size(const struct attn_problem *p, int m) { return (size_t)m * (size_t)(p->dv + 1); }

/* In double: a state, and behind it the log decays of a segment [m]. */
static size_t state_bytes(const struct attn_problem *p, int m) {
    return aligned((state_size(p, m) + (size_t)m) * sizeof(double));
}

static size_t states_bytes(const struct attn_problem *p, int m, int sequential) {
    return (size_t)(p->batch * p->kv_heads) * (size_t)segments(p, sequential) * state_bytes(p, m);
}

static size_t rows_floats(int m) { return (size_t)CHUNK * (size_t)m; }
static size_t decays_floats(int width) { return (size_t)(CHUNK + 1) * (size_t)width; }

static size_t query_heads(const struct attn_problem *p, int sequential) {
    return sequential ? (size_t)(p->heads / p->kv_heads) : 1;
}

static size_t written_floats(const struct attn_problem *p, int sequential) {
    return sequential ? (size_t)CHUNK * (size_t)p->dv : 0;
}

static size_t workspace_bytes(const struct attn_problem *p, int m, int width, int sequential) {
    return (4 + query_heads(p, sequential)) * floats(rows_floats(m)) + 2 * floats(decays_floats(width)) +
           3 * floats(CHUNK) + floats(written_floats(p, sequential)) + floats(CHUNK * CHUNK) +
           2 * floats(state_size(p, m)) + 3 * aligned((size_t)m * sizeof(double));
}

size_t decay_scratch(const struct attn_problem *p, int m, int width, int sequential) {
    return states_bytes(p, m, sequential) + (size_t)p->threads * workspace_bytes(p, m, width, sequential);
}

static int sequential_of(const struct decay_map *map) { return map->recurrent || map->betas; }

static struct workspace workspace(const struct attn_call *c, const struct decay_map *map) {
    const struct attn_problem *p = c->problem;
    int m = map->features;
    size_t rows = floats(rows_floats(m)), decays = decays_floats(map->width) * sizeof(float);
    char *at = (char *)c->scratch + states_bytes(p, m, sequential_of(map)) +
               (size_t)omp_get_thread_num() * workspace_bytes(p, m, map->width, sequential_of(map));
    struct workspace w;
    w.room_k = cut(&at, rows);
    w.room_q = cut(&at, query_heads(p, sequential_of(map)) * rows);
    w.k = cut(&at, rows);
    w.q = cut(&at, rows);
    w.panels = cut(&at, rows);
    w.g = cut(&at, decays);
    w.factors = cut(&at, decays);
    w.by = cut(&at, CHUNK * sizeof(float));
    w.den = cut(&at, CHUNK * sizeof(float));
    w.scores = cut(&at, CHUNK * CHUNK * sizeof(float));
    w.state = cut(&at, state_size(p, m) * sizeof(float));
    w.share = cut(&at, state_size(p, m) * sizeof(float));
    w.beta = cut(&at, CHUNK * sizeof(float));
    w.u = cut(&at, written_floats(p, sequential_of(map)) * sizeof(float));
    w.left = cut(&at, (size_t)m * sizeof(double));
    w.cosine = cut(&at, (size_t)m * sizeof(double));
    w.sine = cut(&at, (size_t)m * sizeof(double));
    return w;
}

/* ---- one unit: a key head and a segment of the sequence ---------------------------------------- */

struct unit {
    const struct attn_call *call;
    const struct kern *kern;
    const struct decay_map *map;
    struct workspace w;
    int b, g, keys, segment; /* batch item, key head, valid keys */
    struct decay_chunk x;    /* the chunk under way: */
    struct decay_rows psi;   /* its features, */
    int seen[CHUNK];         /* steps behind each of its queries, */
    int finite;              /* and whether all its values are finite */
};

static struct unit unit(const struct attn_call *c, const struct kern *kern, const struct decay_map *map,
                        int t) {
    const struct attn_problem *p = c->problem;
    int each = segments(p, sequential_of(map));
    struct unit u = {.call = c, .kern = kern, .map = map, .w = workspace(c, map), .segment = t % each};
    u.b = t / each / p->kv_heads;
    u.g = t / each % p->kv_heads;
    u.keys = attn_keys(c, u.b);
    return u;
}

/* S [m][dv], z [m] and log decays [m] in double. */
static double *unit_state(const struct unit *u, int segment) {
    const struct attn_problem *p = u->call->problem;
    size_t at =
        (size_t)(u->b * p->kv_heads + u->g) * (size_t)segments(p, sequential_of(u->map)) + (size_t)segment;
    return (double *)((char *)u->call->scratch + at * state_bytes(p, u->map->features));
}

static size_t unit_size(const struct unit *u) { return state_size(u->call->problem, u->map->features); }

/* The first query of a segment; queries are cut evenly. */
static int first_query(const struct unit *u, int segment) {
    const struct attn_problem *p = u->call->problem;
    return (int)((long)p->nq * segment / segments(p, sequential_of(u->map)));
}

/* A segment begins with the step of its first query; the first one with the first step. */
static int first_step(const struct unit *u, int segment) {
    return segment ? decay_steps_before(u->call->problem, u->keys, first_query(u, segment)) : 0;
}

static int steps(const struct unit *u) { return u->x.j1 - u->x.j0; }

/* What a step writes: its value, or what the delta rule makes of it. */
static const float *value(const struct unit *u, int step) {
    if (u->map->betas) return u->w.u + (ptrdiff_t)step * u->call->problem->dv;
    return attn_row(&u->call->v, u->b, u->g, u->x.j0 + step);
}

static ptrdiff_t value_row(const struct unit *u) {
    return u->map->betas ? u->call->problem->dv : u->call->v.row;
}

static float *row(float *x, const struct unit *u, int r) { return x + (ptrdiff_t)r * u->map->features; }

static void load_keys(struct unit *u) {
    int n = steps(u);
    for (int j = 0; j < n; j++) u->w.by[j] = 1;
    if (n > 0) u->psi = u->map->keys(u->call, u->kern, u->b, u->g, u->x.j0, n, u->w.g, u->w.by, u->w.room_k);
}

/* ---- factors ------------------------------------------------------------------------------------ */

/* Sums of the log decays of steps lo .. hi - 1, relative to step `ref`; row 0 is before step lo. */
static void sum_decays(const struct unit *u, int lo, int hi, int ref) {
    decay_sums(hi - lo, u->map->width, u->w.g + (ptrdiff_t)lo * u->map->width, ref - lo, u->w.factors);
}

/* May factors be inverted, row r being the farthest? */
static int moderate(const struct unit *u, int r) {
    const float *sums = u->w.factors + (ptrdiff_t)r * u->map->width;
    for (int x = 0; x < u->map->width; x++)
        if (!(sums[x] >= -LARGEST)) return 0;
    return 1;
}

static void exponentials(const struct unit *u, int rows) {
    u->kern->exp((size_t)rows * (size_t)u->map->width, u->w.factors, u->w.factors);
}

static void fade(const struct unit *u, int r, int invert, float by, const float *x, float *y) {
    int width = u->map->width;
    u->kern->fade(u->map->features, u->w.factors + (ptrdiff_t)r * width, width > 1, invert, by, x, y);
}

/* Where rows are not in a cache, to read them takes the time; so those to come are asked for. Past the end of a tensor
   that does no harm. */
static void ask_for(const float *x, ptrdiff_t row, int n) {
    enum { AHEAD = 12, LINE = 64 / sizeof(float) }; /* rows; floats of a cache line */
    for (int p = 0; p < n; p += LINE)
        __builtin_prefetch((const void *)((uintptr_t)x + sizeof *x * (size_t)(AHEAD * row + p)));
}

/* Keys of steps from .. to - 1 by the factors of steps from lo on, relative to step `ref`. */
static void fade_keys(const struct unit *u, int from, int to, int lo, int ref) {
    for (int j = from; j < to; j++) {
        const float *x = u->psi.x + j * u->psi.row;
        ask_for(x, u->psi.row, u->map->features);
        fade(u, j + 1 - lo, j + 1 > ref, u->w.by[j], x, row(u->w.k, u, j));
    }
}

/* Rows that meet the keys of the chunk: queries, or under the delta rule the keys themselves. */
struct readers {
    struct decay_rows rows;
    const float *by; /* factors of the rows; NULL: the map's scale */
    const int *seen; /* steps of the chunk that each meets */
    int own;         /* 1: it has felt the decay of the step behind those, too, as the key of that step has */
    float *o;        /* takes their sums */
    ptrdiff_t ldo;
    const float *share; /* factors of their pairs; o is then what is summed, row after row. NULL: 1 */
    float *den;         /* takes the sums of their weights; NULL: nobody asks */
};

/* The same of readers from .. to - 1, into w.q. */
static void fade_readers(const struct unit *u, const struct readers *x, int from, int to, int lo, int ref) {
    for (int r = from; r < to; r++) {
        int at = x->seen[r] + x->own;
        const float *from_row = x->rows.x + r * x->rows.row;
        ask_for(from_row, x->rows.row, u->map->features);
        fade(u, at - lo, at < ref, x->by ? x->by[r] : u->map->scale, from_row, row(u->w.q, u, r));
    }
}

/* ---- the state ---------------------------------------------------------------------------------- */

static void round_state(const struct unit *u, const double *acc) {
    for (size_t x = 0; x < unit_size(u); x++) u->w.state[x] = (float)acc[x];
}

/* What the chunk leaves of the state, from its sums of log decays relative to the first step or the last: to w.left, and
   added to the log decays so far unless NULL. */
static void measure_decay(const struct unit *u, double *decays) {
    int n = steps(u), width = u->map->width;
    double all = 0, left = 1;
    for (int d = 0; d < u->map->features; d++) {
        if (d < width) {
            all = (double)u->w.factors[d] + (double)u->w.factors[(ptrdiff_t)n * width + d];
            left = exp(all);
        }
        u->w.left[d] = left;
        if (decays) decays[d] += all;
    }
}

/* What the keys in w.k add to the state. */
static void sum_keys(const struct unit *u) {
    int n = steps(u), m = u->map->features, dv = u->call->problem->dv;
    float *z = u->w.share + (ptrdiff_t)m * dv;
    u->kern->mul(m, dv, n, 1.0f, u->w.k, 1, m, value(u, 0), value_row(u), u->kern->nr, 0, u->w.share, dv);
    memset(z, 0, (size_t)m * sizeof *z);
    for (int j = 0; j < n && u->map->denominator; j++)
        for (int d = 0; d < m; d++) z[d] += row(u->w.k, u, j)[d];
}

/* acc and w.state go from before the chunk to after it; `inverted`: w.k is relative to the first step, not the last. */
static void settle(const struct unit *u, double *acc, int inverted) {
    const struct workspace *w = &u->w;
    int m = u->map->features, dv = u->call->problem->dv;
    ptrdiff_t z = (ptrdiff_t)m * dv;
    sum_keys(u);
    if (u->map->turn) u->map->turn(u->call, steps(u), w->cosine, w->sine);
    if (u->map->turn)
        for (int d = 0; d + 1 < m; d += 2) {
            double left = w->left[d];
            ptrdiff_t at = (ptrdiff_t)d * dv;
            u->kern->settle_turned(dv, left, inverted ? left : 1, w->cosine[d / 2], w->sine[d / 2],
                                   w->share + at, acc + at, w->state + at);
        }
    else if (u->map->width == 1)
        u->kern->settle(m * (dv + 1), w->left[0], inverted ? w->left[0] : 1, w->share, acc, w->state);
    else
        for (int d = 0; d < m; d++) {
            ptrdiff_t at = (ptrdiff_t)d * dv;
            double left = w->left[d], by = inverted ? left : 1;
            u->kern->settle(dv, left, by, w->share + at, acc + at, w->state + at);
            if (u->map->denominator)
                u->kern->settle(1, left, by, w->share + z + d, acc + z + d, w->state + z + d);
        }
}

/* ---- the rows of a chunk ------------------------------------------------------------------------ */

/* Readers from .. to - 1, as they stand in w.q, with the keys of steps lo .. hi - 1 in w.panels: reader r meets those
   before step seen[r]. */
static void add_pairs(const struct unit *u, const struct readers *x, int from, int to, int lo, int hi) {
    const struct kern *kern = u->kern;
    int m = u->map->features, dv = u->call->problem->dv, none[CHUNK] = {0}, end[CHUNK];
    ptrdiff_t ldv = value_row(u);
    for (int r = from; r < to; r++) end[r] = min_int(x->seen[r], hi) - lo;
    for (int r = from; r < to; r += kern->mr) {
        int n = min_int(kern->mr, to - r), most = end[r + n - 1];
        float *scores = u->w.scores + (ptrdiff_t)r * CHUNK, *o = x->o + r * x->ldo;
        if (most <= 0) continue;
        kern->mul(n, most, m, 1.0f, row(u->w.q, u, r), m, 1, u->w.panels, kern->nr, (ptrdiff_t)kern->nr * m,
                  0, scores, CHUNK);
        for (int i = 0; i < n; i++) {
            if (x->share) kern->scale(end[r + i], x->share[r + i], scores + i * CHUNK);
            if (x->den) x->den[r + i] += kern->sum(end[r + i], scores + i * CHUNK);
            for (int j = end[r + i]; j < most; j++) scores[i * CHUNK + j] = 0;
        }
        if (u->finite && !x->share)
            kern->mul(n, dv, most, 1.0f, scores, CHUNK, 1, value(u, lo), ldv, kern->nr, 1, o, x->ldo);
        else ragged_mul(kern, n, none, end + r, dv, scores, CHUNK, value(u, lo), ldv, 0, o, x->ldo);
    }
}

static void pack_keys(const struct unit *u, int lo, int hi) {
    int m = u->map->features;
    u->kern->pack(hi - lo, m, row(u->w.k, u, lo), m, u->w.panels);
}

/* The pairs of readers from .. to - 1, which stand behind lo + 1 .. hi steps, with the steps lo .. hi - 1 behind them:
   the earlier half of either, the later readers with the earlier steps, the later half. */
static void triangle(const struct unit *u, const struct readers *x, int from, int to, int lo, int hi) {
    int middle = lo + (hi - lo) / 2, split = from;
    if (from == to) return;
    sum_decays(u, lo, hi, lo + 1); /* no pair of these feels the first decay */
    if (moderate(u, hi - lo)) {
        exponentials(u, hi - lo + 1);
        fade_keys(u, lo, hi, lo, lo + 1);
        pack_keys(u, lo, hi);
        fade_readers(u, x, from, to, lo, lo + 1);
        add_pairs(u, x, from, to, lo, hi);
        return;
    }
    while (split < to && x->seen[split] + x->own <= middle) split++;
    triangle(u, x, from, split, lo, middle);
    sum_decays(u, lo, hi, middle);
    exponentials(u, hi - lo + 1);
    fade_keys(u, lo, middle, lo, middle);
    pack_keys(u, lo, middle);
    fade_readers(u, x, split, to, lo, middle);
    add_pairs(u, x, split, to, lo, middle);
    triangle(u, x, split, to, middle, hi);
}

/* All pairs of n readers; `fits`: w.panels has the keys of the whole chunk, relative to the state before it. Those who
   have met no step of the chunk stand in front. */
static void all_pairs(const struct unit *u, const struct readers *x, int n, int fits) {
    int first = 0;
    while (first < n && x->seen[first] + x->own == 0) first++;
    if (fits) add_pairs(u, x, first, n, 0, steps(u));
    else triangle(u, x, first, n, 0, steps(u));
}

/* o of n readers = their rows, into w.q as well, with the state before the chunk, to which w.factors are relative. */
static void read_before(const struct unit *u, const struct readers *x, int n) {
    int m = u->map->features, dv = u->call->problem->dv;
    fade_readers(u, x, 0, n, 0, 0);
    u->kern->mul(n, dv, m, 1.0f, u->w.q, m, 1, u->w.state, dv, u->kern->nr, 0, x->o, x->ldo);
}

static void divide_row(const struct unit *u, float den, float *o) {
    float least = (float)u->map->least;
    u->kern->scale(u->call->problem->dv, 1.0f / (den < least ? least : den), o);
}

/* phi of n queries of head h from the chunk's first on: in `room`, or where q lies. */
static struct decay_rows query_features(const struct unit *u, int h, int n, float *room) {
    if (!u->map->queries) return decay_lying(&u->call->q, u->b, h, u->x.i0);
    return u->map->queries(u->call, u->kern, u->b, h, u->x.i0, n, u->seen, room);
}

/* The rows of head h; w.factors are relative to the state before the chunk. */
static void rows(const struct unit *u, int h, int fits) {
    const struct attn_call *c = u->call;
    int m = u->map->features, n = u->x.i1 - u->x.i0;
    const float *z = u->w.state + (ptrdiff_t)m * c->problem->dv;
    const struct readers x = {.rows = query_features(u, h, n, u->w.room_q),
                              .seen = u->seen,
                              .o = attn_out_row(&c->o, u->b, h, u->x.i0),
                              .ldo = c->o.row,
                              .den = u->map->denominator ? u->w.den : NULL};
    read_before(u, &x, n);
    for (int r = 0; r < n && x.den; r++) x.den[r] = u->kern->dot(m, row(u->w.q, u, r), z);
    all_pairs(u, &x, n, fits);
    for (int r = 0; r < n && x.den; r++) divide_row(u, x.den[r], x.o + r * x.ldo);
}

/* y = beta (v - y), of one step. */
static void lack(int dv, float beta, const float *v, float *y) {
    for (int x = 0; x < dv; x++) y[x] = beta * (v[x] - y[x]);
}

/* w.u = what the steps write under the delta rule; w.factors are relative to the state before the chunk. */
static void write_lacks(const struct unit *u, int fits) {
    const struct attn_call *c = u->call;
    int n = steps(u), dv = c->problem->dv, order[CHUNK];
    const struct readers x = {
        .rows = u->psi, .by = u->w.by, .seen = order, .own = 1, .o = u->w.u, .ldo = dv, .share = u->w.beta};
    for (int j = 0; j < n; j++) order[j] = j;
    u->map->betas(c, u->kern, u->b, u->g, u->x.j0, n, u->w.beta);
    read_before(u, &x, n);
    for (int j = 0; j < n; j++) {
        lack(dv, u->w.beta[j], attn_row(&c->v, u->b, u->g, u->x.j0 + j), u->w.u + (ptrdiff_t)j * dv);
        u->w.beta[j] = -u->w.beta[j];
    }
    all_pairs(u, &x, n, fits);
}

/* w.factors relative to step `ref`, and w.left. */
static void prepare_factors(const struct unit *u, int ref) {
    sum_decays(u, 0, steps(u), ref);
    measure_decay(u, NULL);
    exponentials(u, steps(u) + 1);
}

/* The rows of the chunk; acc and w.state go on to after it if somebody asks for them. */
static void in_chunks(struct unit *u, double *acc, int go_on) {
    const struct attn_problem *p = u->call->problem;
    int n = steps(u), group = p->heads / p->kv_heads;
    load_keys(u);
    sum_decays(u, 0, n, 0);
    int fits = moderate(u, n);
    measure_decay(u, NULL);
    exponentials(u, n + 1);
    if (fits) {
        fade_keys(u, 0, n, 0, 0);
        pack_keys(u, 0, n);
    }
    if (u->map->betas && n > 0) write_lacks(u, fits);
    if (u->x.i1 > u->x.i0) u->finite = n == 0 || values_finite(u->kern, n, p->dv, value(u, 0), value_row(u));
    for (int h = u->g * group; h < (u->g + 1) * group && u->x.i1 > u->x.i0; h++) {
        if (!fits && (u->map->betas || h > u->g * group)) prepare_factors(u, 0);
        rows(u, h, fits);
    }
    if (!go_on || n == 0) return;
    if (!fits) {
        prepare_factors(u, n);
        fade_keys(u, 0, n, 0, n);
    }
    settle(u, acc, fits);
}

/* ---- step by step ------------------------------------------------------------------------------ */

/* Row r of the heads of the group from the state as it is; the first head's may be there already. */
static void read_state(const struct unit *u, int r, int first_head) {
    const struct attn_problem *p = u->call->problem;
    int m = u->map->features, group = p->heads / p->kv_heads;
    for (int x = 0; x < group; x++) {
        const float *q = row(u->w.room_q, u, x * CHUNK + r);
        float *o = attn_out_row(&u->call->o, u->b, u->g * group + x, u->x.i0 + r);
        if (x >= first_head)
            u->kern->mul(1, p->dv, m, 1.0f, q, m, 1, u->w.state, p->dv, u->kern->nr, 0, o, p->dv);
        if (u->map->denominator) divide_row(u, u->kern->dot(m, q, u->w.state + (ptrdiff_t)m * p->dv), o);
    }
}

/* Queries of all heads of the group, with their scale, and keys with theirs; log decays become decays. */
static void load_steps(struct unit *u) {
    const struct attn_problem *p = u->call->problem;
    int n = steps(u), queries = u->x.i1 - u->x.i0, group = p->heads / p->kv_heads;
    load_keys(u);
    u->kern->exp((size_t)n * (size_t)u->map->width, u->w.g, u->w.g);
    u->w.factors[0] = 1;
    for (int j = 0; j < n; j++)
        u->kern->fade(u->map->features, u->w.factors, 0, 0, u->w.by[j], u->psi.x + j * u->psi.row,
                      row(u->w.k, u, j));
    for (int x = 0; x < group && queries > 0; x++) {
        float *to = row(u->w.room_q, u, x * CHUNK);
        struct decay_rows phi = query_features(u, u->g * group + x, queries, to);
        for (int r = 0; r < queries; r++)
            u->kern->fade(u->map->features, u->w.factors, 0, 0, u->map->scale, phi.x + r * phi.row,
                          row(to, u, r));
    }
}

static void turn_back(const struct unit *u, int n, double *acc) {
    const struct workspace *w = &u->w;
    int m = u->map->features, dv = u->call->problem->dv;
    if (!u->map->turn) return;
    u->map->turn(u->call, n, w->cosine, w->sine);
    for (int d = 0; d + 1 < m; d += 2)
        for (int x = 0; x < dv; x++) {
            double *one = acc + (ptrdiff_t)d * dv + x, *other = one + dv, was = *one;
            *one = w->cosine[d / 2] * was + w->sine[d / 2] * *other;
            *other = w->cosine[d / 2] * *other - w->sine[d / 2] * was;
        }
}

/* w.u[j] = what step j writes under the delta rule; w.g has its decays, w.state the state before it. */
static void lack_now(const struct unit *u, int j) {
    int m = u->map->features, dv = u->call->problem->dv, each = u->map->width > 1;
    const float *a = u->w.g + (ptrdiff_t)j * u->map->width;
    float *y = u->w.u + (ptrdiff_t)j * dv;
    u->kern->fade(m, a, each, 0, 1, row(u->w.k, u, j), u->w.q);
    u->kern->mul(1, dv, m, 1.0f, u->w.q, m, 1, u->w.state, dv, u->kern->nr, 0, y, dv);
    lack(dv, u->w.beta[j], attn_row(&u->call->v, u->b, u->g, u->x.j0 + j), y);
}

static void step_by_step(struct unit *u, double *acc) {
    const struct attn_call *c = u->call;
    int n = steps(u), queries = u->x.i1 - u->x.i0, m = u->map->features, dv = c->problem->dv, r = 0;
    int width = u->map->width, group = c->problem->heads / c->problem->kv_heads;
    float *z = u->w.state + (ptrdiff_t)m * dv;
    load_steps(u);
    for (; r < queries && u->seen[r] == 0; r++) read_state(u, r, 0);
    if (u->map->betas) u->map->betas(c, u->kern, u->b, u->g, u->x.j0, n, u->w.beta);
    for (int j = 0; j < n; j++) {
        const float *a = u->w.g + (ptrdiff_t)j * width, *k = row(u->w.k, u, j);
        int reads = r < queries && u->seen[r] == j + 1;
        if (u->map->betas) lack_now(u, j);
        u->kern->recur(m, dv, a, width > 1, k, value(u, j), u->w.state, reads ? row(u->w.room_q, u, r) : NULL,
                       reads ? attn_out_row(&c->o, u->b, u->g * group, u->x.i0 + r) : NULL);
        for (int d = 0; d < m && u->map->denominator; d++) z[d] = a[width > 1 ? d : 0] * z[d] + k[d];
        if (reads) read_state(u, r++, 1);
        for (; r < queries && u->seen[r] == j + 1; r++) read_state(u, r, 0);
    }
    for (size_t x = 0; x < unit_size(u); x++) acc[x] = (double)u->w.state[x];
    turn_back(u, n, acc);
    if (u->map->turn) round_state(u, acc);
}

/* ---- the three passes -------------------------------------------------------------------------- */

/* The segment's own sum goes to the place of the next one, which begins with it. */
static void sum_segment(struct unit *u) {
    size_t bytes = state_bytes(u->call->problem, u->map->features);
    double *acc = unit_state(u, u->segment + 1), *decays = acc + unit_size(u);
    int end = first_step(u, u->segment + 1);
    memset(acc, 0, bytes);
    for (int j = first_step(u, u->segment); j < end; j = u->x.j1) {
        u->x = (struct decay_chunk){.j0 = j, .j1 = min_int(j + CHUNK, end)};
        load_keys(u);
        sum_decays(u, 0, steps(u), steps(u));
        measure_decay(u, decays);
        exponentials(u, steps(u) + 1);
        fade_keys(u, 0, steps(u), 0, steps(u));
        settle(u, acc, 0);
    }
}

/* Turns the sums of segments into the state before each segment. */
static void add_up(const struct unit *u) {
    const struct attn_call *c = u->call;
    const struct decay_map *map = u->map;
    int m = map->features, dv = c->problem->dv;
    ptrdiff_t z = (ptrdiff_t)m * dv;
    double *first = unit_state(u, 0);
    decay_load(&c->tensors[map->carry], u->b, u->g, m, dv, first);
    memset(first + z, 0, (size_t)m * sizeof *first);
    if (map->denominator) decay_load(&c->tensors[map->carry + 1], u->b, u->g, 1, m, first + z);
    for (int s = 1; s < segments(c->problem, sequential_of(map)); s++) {
        double *acc = unit_state(u, s), *before = unit_state(u, s - 1), *decays = acc + unit_size(u);
        int n = first_step(u, s) - first_step(u, s - 1);
        turn_back(u, -n, acc);
        for (int d = 0; d < m; d++) {
            double left = exp(decays[d]);
            for (ptrdiff_t x = (ptrdiff_t)d * dv; x < (ptrdiff_t)(d + 1) * dv; x++)
                acc[x] += left * before[x];
            acc[z + d] += left * before[z + d];
        }
        turn_back(u, n, acc);
    }
}

static void store(const struct unit *u, const double *acc) {
    const struct attn_output *carried = u->call->carried + u->map->carry;
    int m = u->map->features, dv = u->call->problem->dv;
    decay_store(&carried[0], u->b, u->g, m, dv, acc);
    if (u->map->denominator) decay_store(&carried[1], u->b, u->g, 1, m, acc + (ptrdiff_t)m * dv);
}

static void write_rows(struct unit *u) {
    const struct attn_problem *p = u->call->problem;
    double *acc = unit_state(u, u->segment);
    int first = first_query(u, u->segment), end = first_query(u, u->segment + 1);
    int stores = u->call->carried && end == p->nq;
    u->x = (struct decay_chunk){first, first, first_step(u, u->segment), first_step(u, u->segment)};
    round_state(u, acc);
    while (decay_next(p, u->keys, end, &u->x) && (stores || u->x.i0 < end)) {
        for (int i = u->x.i0; i < u->x.i1; i++) u->seen[i - u->x.i0] = decay_seen(p, u->keys, &u->x, i);
        if (u->map->recurrent) step_by_step(u, acc);
        else in_chunks(u, acc, stores || u->x.i1 < end);
    }
    if (stores) store(u, acc);
}

void decay_forward(const struct attn_call *c, const struct decay_map *map) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int heads = p->batch * p->kv_heads, each = segments(p, sequential_of(map));
#pragma omp parallel num_threads(p->threads)
    {
        if (each > 1) {
#pragma omp for schedule(dynamic)
            for (int t = 0; t < heads * each; t++) {
                struct unit u = unit(c, kern, map, t);
                if (u.segment + 1 < each) sum_segment(&u);
            }
#pragma omp for schedule(dynamic)
            for (int t = 0; t < heads; t++) {
                struct unit u = unit(c, kern, map, t * each);
                add_up(&u);
            }
        }
#pragma omp for schedule(dynamic)
        for (int t = 0; t < heads * each; t++) {
            struct unit u = unit(c, kern, map, t);
            if (each == 1) add_up(&u); /* the only segment of its head */
            write_rows(&u);
        }
    }
}

void decay_cost(const struct attn_problem *p, int m, int denominator, struct attn_cost *cost) {
    double heads = (double)p->batch * p->heads, kv_heads = (double)p->batch * p->kv_heads;
    cost->flops = 2.0 * m * (p->dv + denominator) * (heads * p->nq + kv_heads * p->nk);
    cost->bytes = sizeof(float) * (p->dk + p->dv) * (heads * p->nq + kv_heads * p->nk);
}
