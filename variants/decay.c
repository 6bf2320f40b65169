/*
 * decay.c -- recurrences that forget.
 *
 * A chunk of steps is three products: queries with the state before it, queries with keys inside it, keys with values
 * for the state after it. Decays go into the features of both sides: relative to a step r,
 *   phi_i exp(b_t - b_r)  and  psi_j exp(b_r - b_j),  b_t = g_1 + ... + g_t,
 * have the product phi_i^T diag(exp(b_t - b_j)) psi_j without an exponential for each pair. With r in the middle of the
 * chunk one such pair of factors serves all three products, as long as no exponent is beyond LARGEST. Where decays are
 * stronger the state's products take r at their own end of the chunk, so that every factor is at most 1, and the pairs
 * are split: later half with earlier half, r between them, then each half by itself, down to halves that fit. A single
 * step always does.
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
static const float LARGEST = 16; /* exponent of a factor: its rounding is at most a part in a million */

const char *const decay_forms[] = {"chunked", "recurrent", NULL};

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
        for (int x = 0; x < width; x++) sums[r * w + x] = sums[(r + 1) * w + x] - g[r * w + x];
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
    float *k,
        *q; /* features of a chunk [CHUNK][m]; step by step, q of the heads of a group, one after another */
    float *k_part, *q_part; /* the same with the factors of a part of the chunk */
    float *panels;          /* k_part packed [CHUNK / nr][m][nr] */
    float *g;               /* log decays [CHUNK][w] */
    float *sums;            /* [CHUNK + 1][w] */
    float *scores;          /* [CHUNK][CHUNK] */
    float *state;           /* S [m][dv], z [m] in float */
    float *share;           /* what a chunk adds to it */
    float *factors;         /* [2][m] */
    float *den;             /* [CHUNK] */
    float *u, *beta; /* of the delta rule: values to be written [CHUNK][dv], and their shares [CHUNK] */
};

static int segments(const struct attn_problem *p, int sequential) {
    return sequential ? 1 : clamp_int(ceil_div(UNITS, p->batch * p->kv_heads), 1, UNITS);
}

static size_t state_size(const struct attn_problem *p, int m) { return (size_t)m * (size_t)(p->dv + 1); }

/* In double: a state, and behind it the sums of the log decays of a segment. */
static size_t state_bytes(const struct attn_problem *p, int m) {
    return aligned((state_size(p, m) + (size_t)m) * sizeof(double));
}

static size_t states_bytes(const struct attn_problem *p, int m, int sequential) {
    return (size_t)(p->batch * p->kv_heads) * (size_t)segments(p, sequential) * state_bytes(p, m);
}

static size_t rows_floats(int m) { return (size_t)CHUNK * (size_t)m; }
static size_t decays_floats(int width) { return (size_t)(CHUNK + 1) * (size_t)width; }

/* Step by step, the queries of all heads of a group stand beside each other. */
static size_t query_heads(const struct attn_problem *p, int sequential) {
    return sequential ? (size_t)(p->heads / p->kv_heads) : 1;
}

static size_t written_floats(const struct attn_problem *p, int sequential) {
    return sequential ? (size_t)CHUNK * (size_t)p->dv : 0;
}

static size_t workspace_bytes(const struct attn_problem *p, int m, int width, int sequential) {
    return (4 + query_heads(p, sequential)) * floats(rows_floats(m)) + 2 * floats(decays_floats(width)) +
           floats(CHUNK * CHUNK) + 2 * floats(state_size(p, m)) + floats((size_t)m) + 2 * floats(CHUNK) +
           floats(written_floats(p, sequential));
}

size_t decay_scratch(const struct attn_problem *p, int m, int width, int sequential) {
    return states_bytes(p, m, sequential) + (size_t)p->threads * workspace_bytes(p, m, width, sequential);
}

static int sequential(const struct decay_map *map) { return map->recurrent || map->betas; }

static struct workspace workspace(const struct attn_call *c, const struct decay_map *map) {
    const struct attn_problem *p = c->problem;
    int m = map->features;
    size_t row = floats(rows_floats(m)), decays = decays_floats(map->width) * sizeof(float);
    char *at = (char *)c->scratch + states_bytes(p, m, sequential(map)) +
               (size_t)omp_get_thread_num() * workspace_bytes(p, m, map->width, sequential(map));
    struct workspace w;
    w.k = cut(&at, row);
    w.q = cut(&at, query_heads(p, sequential(map)) * row);
    w.k_part = cut(&at, row);
    w.q_part = cut(&at, row);
    w.panels = cut(&at, row);
    w.g = cut(&at, decays);
    w.sums = cut(&at, decays);
    w.scores = cut(&at, CHUNK * CHUNK * sizeof(float));
    w.state = cut(&at, state_size(p, m) * sizeof(float));
    w.share = cut(&at, state_size(p, m) * sizeof(float));
    w.factors = cut(&at, (size_t)m * sizeof(float));
    w.den = cut(&at, CHUNK * sizeof(float));
    w.beta = cut(&at, CHUNK * sizeof(float));
    w.u = cut(&at, written_floats(p, sequential(map)) * sizeof(float));
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
    int seen[CHUNK];         /* steps behind each of its queries, */
    int finite;              /* and whether all its values are finite */
};

static struct unit unit(const struct attn_call *c, const struct kern *kern, const struct decay_map *map,
                        int t) {
    const struct attn_problem *p = c->problem;
    int each = segments(p, sequential(map));
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
        (size_t)(u->b * p->kv_heads + u->g) * (size_t)segments(p, sequential(u->map)) + (size_t)segment;
    return (double *)((char *)u->call->scratch + at * state_bytes(p, u->map->features));
}

/* The first query of a segment; queries are cut evenly. */
static int first_query(const struct unit *u, int segment) {
    const struct attn_problem *p = u->call->problem;
    return (int)((long)p->nq * segment / segments(p, sequential(u->map)));
}

/* A segment begins with the step of its first query; the first one with the first step. */
static int first_step(const struct unit *u, int segment) {
    return segment ? decay_steps_before(u->call->problem, u->keys, first_query(u, segment)) : 0;
}

/* ---- a chunk ----------------------------------------------------------------------------------- */

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
    if (steps(u) > 0) u->map->keys(u->call, u->kern, u->b, u->g, u->x.j0, steps(u), u->w.k, u->w.g);
}

/* Sums of the log decays of steps lo .. hi - 1; row 0 of the sums is before step lo. */
static void sum_decays(const struct unit *u, int lo, int hi, int ref) {
    decay_sums(hi - lo, u->map->width, u->w.g + (ptrdiff_t)lo * u->map->width, ref - lo, u->w.sums);
}

/* Can exp() of rows from .. n of the sums, and its inverse, be factors? */
static int moderate(const struct unit *u, int from, int n) {
    const float *e = u->w.sums;
    for (int x = from * u->map->width; x < (n + 1) * u->map->width; x++)
        if (!(e[x] <= LARGEST && e[x] >= -LARGEST)) return 0;
    return 1;
}

/* y[m] = x[m] exp(sign sums[r]). */
static void fade(const struct unit *u, int r, float sign, const float *x, float *y) {
    int width = u->map->width;
    u->kern->fade(u->map->features, width > 1, sign, u->w.sums + (ptrdiff_t)r * width, x, y);
}

static void fade_keys(const struct unit *u, int lo, int hi) {
    for (int j = lo; j < hi; j++) fade(u, j - lo + 1, -1, row(u->w.k, u, j), row(u->w.k_part, u, j));
}

/* Rows that meet the keys of the chunk: queries, or under the delta rule the keys themselves. */
struct readers {
    const float *x;  /* [n][m] */
    const int *seen; /* steps of the chunk that each meets */
    int own;         /* 1: it has felt the decay of the step behind those, too, as the key of that step has */
    float *o;        /* takes their sums */
    ptrdiff_t ldo;
    const float *share; /* factors of their pairs; then o is what is summed, row after row. NULL: 1 */
    float *den;         /* takes the sums of their weights; NULL: nobody asks */
};

static void fade_readers(const struct unit *u, const struct readers *x, int lo, int from, int to) {
    for (int r = from; r < to; r++)
        fade(u, x->seen[r] + x->own - lo, 1, x->x + (ptrdiff_t)r * u->map->features, row(u->w.q_part, u, r));
}

/* factors[m] = exp(sign sums[r]) */
static void factors(const struct unit *u, int r, float sign) {
    for (int d = 0; d < u->map->features; d++) u->w.factors[d] = 1;
    fade(u, r, sign, u->w.factors, u->w.factors);
}

/* w.state = the state before the chunk, relative to the step of the sums. */
static void round_state(const struct unit *u, const double *acc) {
    int m = u->map->features, dv = u->call->problem->dv;
    factors(u, 0, -1);
    for (int d = 0; d < m; d++) {
        double f = (double)u->w.factors[d];
        for (ptrdiff_t x = (ptrdiff_t)d * dv; x < (ptrdiff_t)(d + 1) * dv; x++)
            u->w.state[x] = (float)(f * acc[x]);
        u->w.state[(ptrdiff_t)m * dv + d] = (float)(f * acc[(ptrdiff_t)m * dv + d]);
    }
}

/* acc = the state after the chunk, from w.k_part, which is relative to the step of the sums. `decays`, unless NULL,
   are the log decays so far. */
static void absorb(const struct unit *u, double *acc, double *decays) {
    int n = steps(u), m = u->map->features, dv = u->call->problem->dv, width = u->map->width;
    float *z = u->w.share + (ptrdiff_t)m * dv;
    u->kern->mul(m, dv, n, 1.0f, u->w.k_part, 1, m, value(u, 0), value_row(u), u->kern->nr, 0, u->w.share,
                 dv);
    memset(z, 0, (size_t)m * sizeof *z);
    for (int j = 0; j < n && u->map->denominator; j++)
        for (int d = 0; d < m; d++) z[d] += row(u->w.k_part, u, j)[d];
    factors(u, n, 1);
    double all = 0, left = 1;
    for (int d = 0; d < m; d++) {
        double f = (double)u->w.factors[d];
        if (d < width) {
            all = (double)u->w.sums[(ptrdiff_t)n * width + d] - (double)u->w.sums[d];
            left = exp(all);
        }
        if (decays) decays[d] += all;
        for (ptrdiff_t x = (ptrdiff_t)d * dv; x < (ptrdiff_t)(d + 1) * dv; x++)
            acc[x] = left * acc[x] + f * (double)u->w.share[x];
        acc[(ptrdiff_t)m * dv + d] = left * acc[(ptrdiff_t)m * dv + d] + f * (double)z[d];
    }
    if (u->map->turn) u->map->turn(u->call, n, acc);
}

/* Readers from .. to - 1, as they stand in w.q_part, with the keys of steps lo .. hi - 1 in w.panels: reader r meets
   those before step seen[r]. */
static void add_pairs(const struct unit *u, const struct readers *x, int from, int to, int lo, int hi) {
    const struct kern *kern = u->kern;
    int m = u->map->features, dv = u->call->problem->dv, none[CHUNK] = {0}, end[CHUNK];
    ptrdiff_t ldv = value_row(u);
    for (int r = from; r < to; r++) end[r] = min_int(x->seen[r], hi) - lo;
    for (int r = from; r < to; r += kern->mr) {
        int n = min_int(kern->mr, to - r), most = end[r + n - 1];
        float *scores = u->w.scores + (ptrdiff_t)r * CHUNK, *o = x->o + r * x->ldo;
        if (most <= 0) continue;
        kern->mul(n, most, m, 1.0f, row(u->w.q_part, u, r), m, 1, u->w.panels, kern->nr,
                  (ptrdiff_t)kern->nr * m, 0, scores, CHUNK);
        for (int i = 0; i < n; i++) {
            if (x->share) kern->scale(most, x->share[r + i], scores + i * CHUNK);
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
    u->kern->pack(hi - lo, m, row(u->w.k_part, u, lo), m, u->w.panels);
}

/* The pairs of readers from .. to - 1, which stand behind lo + 1 .. hi steps, with the steps lo .. hi - 1 behind them:
   the earlier half of either, the later readers with the earlier steps, the later half. */
static void triangle(const struct unit *u, const struct readers *x, int from, int to, int lo, int hi) {
    int middle = lo + (hi - lo + 1) / 2, split = from;
    if (from == to) return;
    sum_decays(u, lo, hi, middle);
    if (moderate(u, 1, hi - lo)) {
        fade_keys(u, lo, hi);
        pack_keys(u, lo, hi);
        fade_readers(u, x, lo, from, to);
        add_pairs(u, x, from, to, lo, hi);
        return;
    }
    while (split < to && x->seen[split] + x->own <= middle) split++;
    triangle(u, x, from, split, lo, middle);
    sum_decays(u, lo, hi, middle);
    fade_keys(u, lo, middle);
    pack_keys(u, lo, middle);
    fade_readers(u, x, lo, split, to);
    add_pairs(u, x, split, to, lo, middle);
    triangle(u, x, split, to, middle, hi);
}

/* All pairs of n readers; `fits` says that w.sums and w.panels serve all steps of the chunk. Those who have met no step
   of it stand in front. */
static void all_pairs(const struct unit *u, const struct readers *x, int n, int fits) {
    int first = 0;
    while (first < n && x->seen[first] + x->own == 0) first++;
    if (fits) add_pairs(u, x, 0, n, 0, steps(u));
    else triangle(u, x, first, n, 0, steps(u));
}

/* y[n][dv] = the readers, as they stand in w.q_part, with the state before the chunk. */
static void read_before(const struct unit *u, int n, float *y, ptrdiff_t ldy) {
    int m = u->map->features, dv = u->call->problem->dv;
    u->kern->mul(n, dv, m, 1.0f, u->w.q_part, m, 1, u->w.state, dv, u->kern->nr, 0, y, ldy);
}

static void divide_row(const struct unit *u, float den, float *o) {
    float least = (float)u->map->least;
    u->kern->scale(u->call->problem->dv, 1.0f / (den < least ? least : den), o);
}

/* The rows of head h, from w.state and the steps of the chunk. */
static void rows(const struct unit *u, int h, int fits) {
    const struct attn_call *c = u->call;
    int m = u->map->features, n = u->x.i1 - u->x.i0;
    const float *z = u->w.state + (ptrdiff_t)m * c->problem->dv;
    const struct readers x = {.x = u->w.q,
                              .seen = u->seen,
                              .o = attn_out_row(&c->o, u->b, h, u->x.i0),
                              .ldo = c->o.row,
                              .den = u->map->denominator ? u->w.den : NULL};
    u->map->queries(c, u->kern, u->b, h, u->x.i0, n, u->seen, u->w.q);
    if (!fits) sum_decays(u, 0, steps(u), 0);
    fade_readers(u, &x, 0, 0, n);
    read_before(u, n, x.o, x.ldo);
    for (int r = 0; r < n && x.den; r++) x.den[r] = u->kern->dot(m, row(u->w.q_part, u, r), z);
    all_pairs(u, &x, n, fits);
    for (int r = 0; r < n && x.den; r++) divide_row(u, x.den[r], x.o + r * x.ldo);
}

/* y = beta (v - y), of one step. */
static void lack(int dv, float beta, const float *v, float *y) {
    for (int x = 0; x < dv; x++) y[x] = beta * (v[x] - y[x]);
}

/* w.u = what the steps write under the delta rule; w.state is the state before them, sums are those of rows(). */
static void write_lacks(const struct unit *u, int fits) {
    const struct attn_call *c = u->call;
    int n = steps(u), dv = c->problem->dv, order[CHUNK];
    const struct readers x = {
        .x = u->w.k, .seen = order, .own = 1, .o = u->w.u, .ldo = dv, .share = u->w.beta};
    for (int j = 0; j < n; j++) order[j] = j;
    u->map->betas(c, u->kern, u->b, u->g, u->x.j0, n, u->w.beta);
    fade_readers(u, &x, 0, 0, n);
    read_before(u, n, u->w.u, dv);
    for (int j = 0; j < n; j++) {
        lack(dv, u->w.beta[j], attn_row(&c->v, u->b, u->g, u->x.j0 + j), u->w.u + (ptrdiff_t)j * dv);
        u->w.beta[j] = -u->w.beta[j];
    }
    all_pairs(u, &x, n, fits);
}

/* The rows of the chunk, and acc brought from before it to after it; the latter only if somebody asks for it. */
static void in_chunks(struct unit *u, double *acc, int go_on) {
    const struct attn_problem *p = u->call->problem;
    int n = steps(u), queries = u->x.i1 - u->x.i0, group = p->heads / p->kv_heads, fits;
    load_keys(u);
    sum_decays(u, 0, n, (n + 1) / 2);
    fits = moderate(u, 0, n);
    if (!fits) sum_decays(u, 0, n, 0);
    if (queries > 0 || u->map->betas) round_state(u, acc);
    if (fits) {
        fade_keys(u, 0, n);
        if (queries > 0 || u->map->betas) pack_keys(u, 0, n);
    }
    if (u->map->betas && n > 0) write_lacks(u, fits);
    if (go_on && n > 0) {
        if (!fits) {
            sum_decays(u, 0, n, n);
            fade_keys(u, 0, n);
        }
        absorb(u, acc, NULL);
    }
    if (queries == 0) return;
    u->finite = values_finite(u->kern, n, p->dv, n > 0 ? value(u, 0) : NULL, value_row(u));
    for (int h = u->g * group; h < (u->g + 1) * group; h++) rows(u, h, fits);
}

/* ---- step by step ------------------------------------------------------------------------------ */

/* Row r of every head of the group, from the state as it is; the first head's may be there already. */
static void read_state(const struct unit *u, int r, int first_head) {
    const struct attn_problem *p = u->call->problem;
    int m = u->map->features, group = p->heads / p->kv_heads;
    for (int x = 0; x < group; x++) {
        const float *q = row(u->w.q, u, x * CHUNK + r);
        float *o = attn_out_row(&u->call->o, u->b, u->g * group + x, u->x.i0 + r);
        if (x >= first_head)
            u->kern->mul(1, p->dv, m, 1.0f, q, m, 1, u->w.state, p->dv, u->kern->nr, 0, o, p->dv);
        if (u->map->denominator) divide_row(u, u->kern->dot(m, q, u->w.state + (ptrdiff_t)m * p->dv), o);
    }
}

/* w.u[j] = what step j writes under the delta rule; w.g has its decays, w.state the state before it. */
static void lack_now(const struct unit *u, int j) {
    int m = u->map->features, dv = u->call->problem->dv, each = u->map->width > 1;
    const float *a = u->w.g + (ptrdiff_t)j * u->map->width, *k = row(u->w.k, u, j);
    float *y = u->w.u + (ptrdiff_t)j * dv;
    for (int d = 0; d < m; d++) u->w.k_part[d] = a[each ? d : 0] * k[d];
    u->kern->mul(1, dv, m, 1.0f, u->w.k_part, m, 1, u->w.state, dv, u->kern->nr, 0, y, dv);
    lack(dv, u->w.beta[j], attn_row(&u->call->v, u->b, u->g, u->x.j0 + j), y);
}

static void step_by_step(struct unit *u, double *acc) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    int n = steps(u), queries = u->x.i1 - u->x.i0, m = u->map->features, dv = p->dv, width = u->map->width,
        r = 0;
    int group = p->heads / p->kv_heads;
    float *z = u->w.state + (ptrdiff_t)m * dv;
    load_keys(u);
    u->kern->exp((size_t)n * (size_t)width, u->w.g, u->w.g);
    for (int x = 0; x < group && queries > 0; x++)
        u->map->queries(c, u->kern, u->b, u->g * group + x, u->x.i0, queries, u->seen,
                        row(u->w.q, u, x * CHUNK));
    for (size_t x = 0; x < state_size(p, m); x++) u->w.state[x] = (float)acc[x];
    for (; r < queries && u->seen[r] == 0; r++) read_state(u, r, 0);
    if (u->map->betas) u->map->betas(c, u->kern, u->b, u->g, u->x.j0, n, u->w.beta);
    for (int j = 0; j < n; j++) {
        const float *a = u->w.g + (ptrdiff_t)j * width, *k = row(u->w.k, u, j);
        int reads = r < queries && u->seen[r] == j + 1;
        if (u->map->betas) lack_now(u, j);
        u->kern->recur(m, dv, a, width > 1, k, value(u, j), u->w.state, reads ? row(u->w.q, u, r) : NULL,
                       reads ? attn_out_row(&c->o, u->b, u->g * group, u->x.i0 + r) : NULL);
        for (int d = 0; d < m && u->map->denominator; d++) z[d] = a[width > 1 ? d : 0] * z[d] + k[d];
        if (reads) read_state(u, r++, 1);
        for (; r < queries && u->seen[r] == j + 1; r++) read_state(u, r, 0);
    }
    for (size_t x = 0; x < state_size(p, m); x++) acc[x] = (double)u->w.state[x];
    if (u->map->turn) u->map->turn(c, n, acc);
}

/* ---- the three passes -------------------------------------------------------------------------- */

/* The segment's own sum goes to the place of the next one, which begins with it. */
static void sum_segment(struct unit *u) {
    const struct attn_problem *p = u->call->problem;
    double *acc = unit_state(u, u->segment + 1), *decays = acc + state_size(p, u->map->features);
    int end = first_step(u, u->segment + 1);
    memset(acc, 0, state_bytes(p, u->map->features));
    for (int j = first_step(u, u->segment); j < end; j = u->x.j1) {
        u->x = (struct decay_chunk){.j0 = j, .j1 = min_int(j + CHUNK, end)};
        load_keys(u);
        sum_decays(u, 0, steps(u), steps(u));
        fade_keys(u, 0, steps(u));
        absorb(u, acc, decays);
    }
}

/* Turns the sums of segments into the state before each segment. */
static void add_up(const struct unit *u) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    const struct decay_map *map = u->map;
    int m = map->features, dv = p->dv;
    double *first = unit_state(u, 0);
    decay_load(&c->tensors[map->carry], u->b, u->g, m, dv, first);
    memset(first + (ptrdiff_t)m * dv, 0, (size_t)m * sizeof *first);
    if (map->denominator)
        decay_load(&c->tensors[map->carry + 1], u->b, u->g, 1, m, first + (ptrdiff_t)m * dv);
    for (int s = 1; s < segments(p, sequential(map)); s++) {
        double *acc = unit_state(u, s), *before = unit_state(u, s - 1), *decays = acc + state_size(p, m);
        int n = first_step(u, s) - first_step(u, s - 1);
        if (map->turn) map->turn(c, -n, acc);
        for (int d = 0; d < m; d++) {
            double left = exp(decays[d]);
            for (ptrdiff_t x = (ptrdiff_t)d * dv; x < (ptrdiff_t)(d + 1) * dv; x++)
                acc[x] += left * before[x];
            acc[(ptrdiff_t)m * dv + d] += left * before[(ptrdiff_t)m * dv + d];
        }
        if (map->turn) map->turn(c, n, acc);
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
    int heads = p->batch * p->kv_heads, each = segments(p, sequential(map));
#pragma omp parallel num_threads(p->threads)
    {
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
#pragma omp for schedule(dynamic)
        for (int t = 0; t < heads * each; t++) {
            struct unit u = unit(c, kern, map, t);
            write_rows(&u);
        }
    }
}

void decay_cost(const struct attn_problem *p, int m, int denominator, struct attn_cost *cost) {
    double heads = (double)p->batch * p->heads, kv_heads = (double)p->batch * p->kv_heads;
    cost->flops = 2.0 * m * (p->dv + denominator) * (heads * p->nq + kv_heads * p->nk);
    cost->bytes = sizeof(float) * (p->dk + p->dv) * (heads * p->nq + kv_heads * p->nk);
}
