/*
 * tiles.c -- softmax attention in tiles, FlashAttention-2 order.
 *
 * Dao, "FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning", 2023,
 * Algorithm 1, on top of Milakov and Gimelshein's online softmax (2018). For a tile of queries and
 * each tile of keys in turn:
 *
 *   S = scale Q K^T, softcap, bias                                              scores()
 *   m' = max(m, rowmax S),  P = exp(S - m'),  l = e^(m - m') l + rowsum P        kern->soften
 *   O = e^(m - m') O + P V                                                       ragged_mul, kern->blend
 *
 * and at the end O / l. Scores live in one tile per thread and are never stored as nq x nk.
 *
 * Which keys a row sees is a pattern (pattern.h). Work is cut into units of some hundred queries of one head
 * and class. A unit walks over its keys once; panels of a tile of keys are transposed when a block of queries
 * first needs them and serve the whole unit. What no query of a block sees is skipped, so a pattern costs
 * what it covers. Rows or keys that do not lie side by side (a step, a list, runs) are first copied together: the
 * scattered blocks of keys that some rows see fill whole tiles.
 *
 * With several patterns the first leaves m, l and the undivided output of each row, and the next goes on.
 *
 * A tile's share is summed apart and then added: a row over n keys is n / BK sums of BK terms, and its
 * rounding error does not grow with the number of keys one by one.
 *
 * Weights other than a softmax's (weigh.h) leave m and l alone.
 *
 * Key tiles begin at multiples of BK whatever the unit, and a row's sums run in ascending order of
 * keys, so neither the cut into units nor the number of threads changes a bit of the output.
 *
 * Not here: few queries over many keys, stream.c.
 */
#include "tiles.h"

#include <omp.h>
#include <string.h>

#include "bias.h"
#include "kernels/kern.h"
#include "parts.h"
#include "ragged.h"
#include "stream.h"
#include "weigh.h"

enum {
    BQ = 96,          /* queries of a block: a multiple of every kernel's mr */
    BK = 256,         /* keys of a tile: a multiple of every kernel's nr */
    UNIT_BLOCKS = 12, /* blocks that share a packed tile of keys */
    PART_BLOCKS = 2,  /* the same in a part of a pattern, which may be the one long row of many short ones */
    SLOTS = 8,        /* heads that share one */
    VECTOR = 16,      /* columns that are computed together: the widest vector of any kernel */
};

static const float FLAT_QUERY = 13, FLAT_KEY = 22; /* additive scores: see begin_additive() */

struct workspace {        /* one thread's scratch */
    float *q;             /* queries copied together and scaled [unit][dk], or exp(2 q) for additive scores */
    float *k;             /* keys of a tile copied together [BK][dk], or exp(2 k) packed */
    float *v;             /* values of a tile copied together [BK][dv] */
    float *kt;            /* the tile of keys, packed [BK / nr][dk][nr] */
    float *s;             /* scores [BQ][BK] */
    float *t;             /* a tile's share of the output [BQ][dv] */
    float *o;             /* not yet normalised output [unit][dv] */
    float *m, *l;         /* running maximum and sum [unit] */
    int *lo, *hi;         /* ordinals of the keys that a row sees [unit] */
    unsigned char *steep; /* additive scores: rows with a |q| that additive_exp() does not take [unit] */
    struct pattern_run *runs; /* of the keys of a part */
};

/* What differs between the mechanisms beside the pattern. */
struct form {
    const struct attn_view *additive; /* v of additive scores, NULL: dot products */
    struct weigh weigh;
    size_t runs; /* of a part of any pattern at most */
};

struct rows { /* equally spaced rows of a matrix */
    const float *data;
    ptrdiff_t row;
};

enum { UNKNOWN = -1 };

struct tile { /* of keys: ordinals x0 .. x1 - 1 of the key axis */
    int x0, x1;
    int loaded, finite; /* all_finite() */
    struct rows k, v;
    unsigned char packed[BK]; /* panel by panel */
    int nhidden, hidden[BK];  /* columns that nobody sees */
};

struct unit {
    const struct attn_call *call;
    const struct kern *kern;
    const struct form *form;
    struct pattern_view view;
    struct workspace w;
    int x0, rows;          /* ordinals x0 .. x0 + rows - 1 of the queries */
    float *m, *l;          /* of the whole call [batch][heads][nq], NULL where no pattern goes on */
    int is_first, is_last; /* of the patterns of this head */
};

/* Queries of a unit: large enough to share a packed tile, small enough to feed every thread some times. */
static int unit_rows(const struct attn_problem *p, int heads, int queries) {
    long wanted = 6L * p->threads, all_heads = (long)p->batch * heads;
    int units = (int)((wanted + all_heads - 1) / all_heads);
    int blocks = ceil_div(ceil_div(max_int(queries, 1), units), BQ);
    return BQ * clamp_int(blocks, 1, UNIT_BLOCKS);
}

/* Rows of a unit with all the heads that walk together. */
static int most_rows(const struct attn_problem *p) {
    long rows = (long)p->nq * min_int(p->heads / p->kv_heads, SLOTS);
    return clamp_int((rows + BQ - 1) / BQ, 1, UNIT_BLOCKS) * BQ;
}

static size_t workspace_bytes(const struct attn_problem *p, size_t runs) {
    size_t rows = (size_t)most_rows(p), dk = (size_t)p->dk, dv = (size_t)p->dv;
    return floats(rows * dk) + 2 * floats(BK * dk) + floats(BK * dv) + floats((size_t)BQ * BK) +
           floats(BQ * dv) + floats(rows * dv) + 4 * floats(rows) + aligned(rows) +
           aligned(runs * sizeof(struct pattern_run));
}

/* The workspace of a thread, from row `first` of it on. */
static struct workspace workspace(const struct attn_call *c, size_t runs, int thread, int first) {
    const struct attn_problem *p = c->problem;
    size_t rows = (size_t)most_rows(p), dk = (size_t)p->dk, dv = (size_t)p->dv;
    char *at = (char *)c->scratch + (size_t)thread * workspace_bytes(p, runs);
    struct workspace w;
    w.q = cut(&at, rows * dk * sizeof(float));
    w.k = cut(&at, BK * dk * sizeof(float));
    w.kt = cut(&at, BK * dk * sizeof(float));
    w.v = cut(&at, BK * dv * sizeof(float));
    w.s = cut(&at, (size_t)BQ * BK * sizeof(float));
    w.t = cut(&at, BQ * dv * sizeof(float));
    w.o = cut(&at, rows * dv * sizeof(float));
    w.m = cut(&at, rows * sizeof(float));
    w.l = cut(&at, rows * sizeof(float));
    w.lo = cut(&at, rows * sizeof(int));
    w.hi = cut(&at, rows * sizeof(int));
    w.steep = cut(&at, rows);
    w.runs = (struct pattern_run *)at;
    w.q += (ptrdiff_t)first * p->dk;
    w.o += (ptrdiff_t)first * p->dv;
    w.m += first, w.l += first, w.lo += first, w.hi += first, w.steep += first;
    return w;
}

static size_t rows_bytes(const struct attn_problem *p) {
    return floats((size_t)p->batch * (size_t)p->heads * (size_t)p->nq);
}

size_t tiles_scratch_of_runs(const struct attn_problem *p, int patterns, size_t runs) {
    return (size_t)p->threads * workspace_bytes(p, runs) + (patterns > 1 ? 2 * rows_bytes(p) : 0);
}

size_t tiles_scratch(const struct attn_problem *p, int patterns) {
    size_t tiles = tiles_scratch_of_runs(p, patterns, 0), stream = stream_suits(p) ? stream_scratch(p) : 0;
    return tiles > stream ? tiles : stream;
}

/* ---- rows that do not lie side by side ----------------------------------------------------------- */

/* Ordinals x .. x + n - 1 of one head of a tensor, as they lie or copied to `to`. */
static struct rows collect(const struct attn_view *from, const struct pattern_axis *axis, int b, int h, int x,
                           int n, int width, float *to) {
    int end = pattern_stretch(axis, x, x + n);
    if (end == x + n) return (struct rows){attn_row(from, b, h, pattern_row(axis, x)), from->row};
    for (int at = x; at < x + n; at = end) {
        int first = pattern_row(axis, at);
        end = pattern_stretch(axis, at, x + n);
        for (int r = 0; r < end - at; r++)
            memcpy(to + (ptrdiff_t)(at - x + r) * width, attn_row(from, b, h, first + r),
                   (size_t)width * sizeof *to);
    }
    return (struct rows){to, width};
}

static void load(const struct unit *u, struct tile *t) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    const struct pattern_axis *axis = &u->view.key_axis;
    const unsigned char *hidden = u->view.pattern->hidden;
    const struct pattern_source *source = u->view.pattern->source;
    int b = u->view.b, g = source ? u->view.h : attn_kv_head(p, u->view.h), n = t->x1 - t->x0;
    t->k = collect(source ? &source->k : &c->k, axis, b, g, t->x0, n, p->dk, u->w.k);
    t->v = collect(source ? &source->v : &c->v, axis, b, g, t->x0, n, p->dv, u->w.v);
    t->finite = UNKNOWN;
    for (int x = 0; hidden && x < n; x++)
        if (hidden[(size_t)b * (size_t)p->nk + (size_t)pattern_row(axis, t->x0 + x)])
            t->hidden[t->nhidden++] = x;
    t->loaded = 1;
}

/* Packs the panel of columns from x on, unless it is. */
static void pack(const struct unit *u, struct tile *t, int x) {
    int nr = u->kern->nr, dk = u->call->problem->dk;
    float *kt = u->w.kt + (ptrdiff_t)x * dk;
    if (t->packed[x / nr]) return;
    u->kern->pack(min_int(nr, t->x1 - t->x0 - x), dk, t->k.data + x * t->k.row, t->k.row, kt);
    if (u->form->additive) u->kern->exp_twice(nr * dk, FLAT_KEY, kt, u->w.k + (ptrdiff_t)x * dk);
    t->packed[x / nr] = 1;
}

/* ---- a block of queries against a tile of keys ---------------------------------------------------- */

static int query(const struct unit *u, int r) { return pattern_row(&u->view.queries, u->x0 + r); }

/* The queries copied together, times the scale of the logits. */
static void begin_scaled(struct unit *u) {
    const struct attn_problem *p = u->call->problem;
    for (int r = 0; r < u->rows; r++)
        memcpy(u->w.q + (ptrdiff_t)r * p->dk, attn_row(&u->call->q, u->view.b, u->view.h, query(u, r)),
               (size_t)p->dk * sizeof *u->w.q);
    u->kern->scale(u->rows * p->dk, p->scale, u->w.q);
}

/* exp(2 q) of the rows; with |q| <= FLAT_QUERY a key beyond FLAT_KEY gives a tanh of 1 to 3e-8. */
static void begin_additive(struct unit *u) {
    int dk = u->call->problem->dk;
    for (int r = 0; r < u->rows; r++) {
        const float *q = attn_row(&u->call->q, u->view.b, u->view.h, query(u, r));
        u->w.steep[r] = 0;
        for (int d = 0; d < dk; d++) u->w.steep[r] |= fabsf(q[d]) > FLAT_QUERY;
        u->kern->exp_twice(dk, FLAT_QUERY, q, u->w.q + (ptrdiff_t)r * dk);
    }
}

/* Additive scores of rows r .. r + n - 1 of the unit against one panel. Each row goes its own way by its own values, so
   that no bit depends on its neighbours. */
static void additive_scores(const struct unit *u, int r, int n, int width, const float *kt, const float *ekt,
                            float *s) {
    const float *v = attn_row(u->form->additive, 0, u->view.h, 0);
    int dk = u->call->problem->dk, end;
    for (int x = 0; x < n; x = end) {
        for (end = x + 1; end < n && u->w.steep[r + end] == u->w.steep[r + x];) end++;
        if (u->w.steep[r + x])
            u->kern->additive(end - x, width, dk,
                              attn_row(&u->call->q, u->view.b, u->view.h, query(u, r + x)), u->call->q.row,
                              kt, v, s + x * BK, BK);
        else
            u->kern->additive_exp(end - x, width, dk, u->w.q + (ptrdiff_t)(r + x) * dk, dk, ekt, v,
                                  s + x * BK, BK);
    }
}

/* Scores of rows r .. r + n - 1 of the unit against `width` columns from x on, all of one panel. */
static void panel_scores(const struct unit *u, int r, int n, int x, int width, float *s) {
    const struct attn_problem *p = u->call->problem;
    int nr = u->kern->nr, within = x % nr;
    ptrdiff_t panel = (ptrdiff_t)(x - within) * p->dk;
    if (u->form->additive)
        additive_scores(u, r, n, within + width, u->w.kt + panel, u->w.k + panel, s + x - within);
    else
        u->kern->mul(n, width, p->dk, 1.0f, u->w.q + (ptrdiff_t)r * p->dk, p->dk, 1, u->w.kt + panel + within,
                     nr, 0, 0, s + x, BK);
}

/* Scores of the rows r0 .. r0 + rows - 1 where they see anything; `lo`, `hi` relative to the tile. Rows go in groups that
   fill the kernel, columns in vectors that any row of the group sees. A panel stays in the nearest cache while all rows
   go over it. */
static void scores(const struct unit *u, struct tile *t, int r0, int rows, const int *lo, const int *hi) {
    int nr = u->kern->nr, mr = u->kern->mr, groups = ceil_div(rows, mr), end;
    int from[BQ], to[BQ];
    for (int g = 0; g < groups; g++) {
        from[g] = BK, to[g] = 0;
        for (int r = g * mr; r < min_int((g + 1) * mr, rows); r++) {
            if (lo[r] >= hi[r]) continue;
            from[g] = min_int(from[g], lo[r]);
            to[g] = max_int(to[g], hi[r]);
        }
        from[g] -= from[g] % VECTOR;
        to[g] = min_int(ceil_div(to[g], VECTOR) * VECTOR, t->x1 - t->x0);
    }
    for (int x = 0; x < t->x1 - t->x0; x += nr)
        for (int g = 0; g < groups; g = end) { /* runs of groups that see the same columns of the panel */
            int first = max_int(from[g], x), last = min_int(to[g], x + nr);
            end = g + 1;
            if (first >= last) continue;
            while (end < groups && max_int(from[end], x) == first && min_int(to[end], x + nr) == last) end++;
            pack(u, t, x);
            panel_scores(u, r0 + g * mr, min_int(end * mr, rows) - g * mr, first, last - first,
                         u->w.s + g * mr * BK);
        }
}

/* Softcap, bias and hidden keys of row r of the unit, columns lo .. hi - 1. */
static void adjust(const struct unit *u, const struct tile *t, int r, int lo, int hi, float *s) {
    const struct pattern_view *v = &u->view;
    int i = query(u, r);
    if (v->pattern->source) {
        if (u->call->problem->softcap > 0) u->kern->softcap(hi - lo, u->call->problem->softcap, s + lo);
        return;
    }
    bias_apply(u->call, u->kern, v->b, v->h, i, i + v->offset, &v->key_axis, t->x0, lo, hi, s);
    for (int x = 0; x < t->nhidden; x++) s[t->hidden[x]] = -INFINITY;
}

static int all_finite(const struct unit *u, struct tile *t) {
    if (t->finite == UNKNOWN)
        t->finite = values_finite(u->kern, t->x1 - t->x0, u->call->problem->dv, t->v.data, t->v.row);
    return t->finite;
}

struct columns { /* of the rows of a block: lo[r] .. hi[r] - 1 of a tile */
    int lo[BQ], hi[BQ];
};

/* Rows that fill the kernel go through softmax and product together: what only some of them see scores -inf in the
   others. `soft` are columns in common in whole vectors, or else a row's bits would depend on its neighbours; `seen`
   become columns in common unless weights of 0 would meet inf or NaN. */
static void join(const struct unit *u, struct tile *t, int rows, struct columns *seen, struct columns *soft) {
    int mr = u->kern->mr;
    for (int g = 0, end; g < rows; g = end) {
        int from = BK, to = 0, ragged = 0;
        end = min_int(g + mr, rows);
        for (int r = g; r < end; r++) {
            ragged |= seen->lo[r] != seen->lo[g] || seen->hi[r] != seen->hi[g];
            if (seen->lo[r] >= seen->hi[r]) continue;
            from = min_int(from, seen->lo[r]);
            to = max_int(to, seen->hi[r]);
        }
        for (int r = g; r < end; r++) {
            float *s = u->w.s + r * BK;
            soft->lo[r] = from < to ? from - from % VECTOR : 0;
            soft->hi[r] = from < to ? ceil_div(to, VECTOR) * VECTOR : 0;
            if (seen->lo[r] >= seen->hi[r]) seen->lo[r] = seen->hi[r] = soft->hi[r];
            for (int x = soft->lo[r]; x < seen->lo[r]; x++) s[x] = -INFINITY;
            for (int x = seen->hi[r]; x < soft->hi[r]; x++) s[x] = -INFINITY;
        }
        if (ragged && from < to && all_finite(u, t))
            for (int r = g; r < end; r++) seen->lo[r] = from, seen->hi[r] = to;
    }
}

/* Rows r0 .. r1 - 1 of the unit against the tile. */
static void block(const struct unit *u, struct tile *t, int r0, int r1) {
    const struct attn_problem *p = u->call->problem;
    struct columns seen, soft;
    int rows = r1 - r0, any = 0;
    float factor[BQ];
    for (int r = 0; r < rows; r++) {
        seen.hi[r] = max_int(min_int(u->w.hi[r0 + r], t->x1) - t->x0, 0);
        seen.lo[r] = min_int(max_int(u->w.lo[r0 + r] - t->x0, 0), seen.hi[r]);
        any |= seen.lo[r] < seen.hi[r];
    }
    if (!any) return;
    if (!t->loaded) load(u, t);
    scores(u, t, r0, rows, seen.lo, seen.hi);
    if (p->bias || p->softcap > 0 || t->nhidden)
        for (int r = 0; r < rows; r++) adjust(u, t, r0 + r, seen.lo[r], seen.hi[r], u->w.s + r * BK);
    join(u, t, rows, &seen, &soft);
    weigh(u->kern, &u->form->weigh, rows, soft.lo, soft.hi, u->w.s, BK, u->w.m + r0, u->w.l + r0, factor);
    memset(u->w.t, 0, (size_t)rows * (size_t)p->dv * sizeof(float));
    ragged_mul(u->kern, rows, seen.lo, seen.hi, p->dv, u->w.s, BK, t->v.data, t->v.row,
               bias_hides_keys(p) && !all_finite(u, t), u->w.t, p->dv);
    for (int r = 0; r < rows; r++)
        if (seen.lo[r] < seen.hi[r])
            u->kern->blend(p->dv, factor[r], u->w.t + (ptrdiff_t)r * p->dv,
                           u->w.o + (ptrdiff_t)(r0 + r) * p->dv);
}

/* ---- a unit ------------------------------------------------------------------------------------- */

static ptrdiff_t row_of_call(const struct unit *u, int i) {
    const struct attn_problem *p = u->call->problem;
    return ((ptrdiff_t)u->view.b * p->heads + u->view.h) * p->nq + i;
}

/* Queries, spans and sums of the rows; widens [*first, *last) to the ordinals of the keys that any of them sees. */
static void begin(struct unit *u, int *first, int *last) {
    const struct pattern_view *v = &u->view;
    const struct attn_problem *p = u->call->problem;
    size_t bytes = (size_t)p->dv * sizeof(float);
    if (u->form->additive) begin_additive(u);
    else begin_scaled(u);
    for (int r = 0; r < u->rows; r++) {
        int i = query(u, r);
        float *o = u->w.o + (ptrdiff_t)r * p->dv;
        pattern_span(v, i, &u->w.lo[r], &u->w.hi[r]);
        if (u->w.lo[r] < u->w.hi[r]) {
            *first = min_int(*first, u->w.lo[r]);
            *last = max_int(*last, u->w.hi[r]);
        }
        u->w.m[r] = u->is_first ? -INFINITY : u->m[row_of_call(u, i)];
        u->w.l[r] = u->is_first ? 0 : u->l[row_of_call(u, i)];
        if (u->is_first) memset(o, 0, bytes);
        else memcpy(o, attn_out_row(&u->call->o, v->b, v->h, i), bytes);
    }
}

/* Divides by the sums, or leaves them for the next pattern. */
static void finish(const struct unit *u) {
    const struct attn_call *c = u->call;
    int dv = c->problem->dv;
    for (int r = 0; r < u->rows; r++) {
        int i = query(u, r);
        float m = u->w.m[r], l = u->w.l[r], *o = u->w.o + (ptrdiff_t)r * dv;
        if (u->is_last) {
            u->kern->scale(dv, weigh_share(&u->form->weigh, l), o);
            if (c->lse) c->lse[row_of_call(u, i)] = l == 0 ? -INFINITY : m + logf(l);
        } else {
            u->m[row_of_call(u, i)] = m;
            u->l[row_of_call(u, i)] = l;
        }
        memcpy(attn_out_row(&c->o, u->view.b, u->view.h, i), o, (size_t)dv * sizeof *o);
    }
}

/* `slots` units over the same keys: one, or the heads of a group. */
static void run(struct unit *units, int slots) {
    const struct pattern_view *v = &units->view;
    int first = v->key_axis.count, last = 0;
    for (int x = 0; x < slots; x++) begin(&units[x], &first, &last);
    for (int x0 = first - first % BK; x0 < last; x0 += BK) {
        struct tile t;
        t.x0 = x0;
        t.x1 = min_int(x0 + BK, last);
        t.loaded = t.nhidden = 0;
        memset(t.packed, 0, sizeof t.packed);
        for (int x = 0; x < slots; x++)
            for (int r = 0; r < units[x].rows; r += BQ)
                block(&units[x], &t, r, min_int(r + BQ, units[x].rows));
    }
    for (int x = 0; x < slots; x++) finish(&units[x]);
}

/* ---- a call ------------------------------------------------------------------------------------- */

static int head_in(const struct pattern *patterns, int from, int to, int h) {
    for (int t = from; t < to; t++)
        if (pattern_has_head(&patterns[t], h)) return 1;
    return 0;
}

static int most_queries(const struct attn_problem *p, const struct pattern *x) {
    int most = x->queries ? 0 : ceil_div(p->nq, pattern_classes(x));
    for (int b = 0; x->queries && b < p->batch; b++) most = max_int(most, x->queries[b].count);
    return most;
}

/* Heads that walk over their keys together: those of a group, where each sees the same. */
static int heads_together(const struct attn_problem *p, const struct pattern *x, const struct form *form) {
    if (x->heads || x->keys || (x->parts && x->parts->heads > 1) || x->source || form->additive) return 1;
    return min_int(p->heads / p->kv_heads, SLOTS);
}

/* How the queries of a head and class fall into units: `pieces` of `rows` queries, for each part of the pattern. */
struct pieces {
    int rows, pieces, parts;
};

static struct pieces cut_queries(const struct attn_problem *p, const struct pattern *x, int heads) {
    int queries = most_queries(p, x), widest;
    struct pieces made = {.parts = 1};
    if (x->parts) {
        widest = min_int(max_int(x->parts->lead, x->parts->rows), queries);
        made.rows = min_int(PART_BLOCKS * BQ, widest);
        made.parts = pattern_part_count(x->parts, p->nq);
    } else {
        widest = max_int(queries, 1);
        made.rows = min_int(unit_rows(p, heads * pattern_classes(x), queries), widest);
    }
    made.pieces = ceil_div(widest, made.rows);
    return made;
}

/* Which part goes next, so that short units end the loop: under a causal mask late queries see most keys; without one, those
   at both ends do, where a pattern has rows that see everything. */
static int part_in_turn(const struct attn_problem *p, int at, int parts) {
    if (p->mask != ATTN_MASK_NONE || at % 2 == 0)
        return p->mask == ATTN_MASK_NONE ? parts - 1 - at / 2 : parts - 1 - at;
    return at / 2;
}

static void forward(const struct attn_call *c, const struct pattern *patterns, int at, int count,
                    const struct form *form) {
    const struct attn_problem *p = c->problem;
    const struct pattern *x = &patterns[at];
    const struct kern *kern = kern_find(p->isa);
    int classes = pattern_classes(x), heads = x->heads ? x->heads : p->heads,
        slots = heads_together(p, x, form), group = p->heads / p->kv_heads;
    struct pieces cut_into = cut_queries(p, x, heads);
    while (slots > 1 && (slots * cut_into.rows > most_rows(p) || group % slots)) slots--;
    int streams = p->batch * heads / slots * classes, per_stream = cut_into.parts * cut_into.pieces;
    char *shared = (char *)c->scratch + (size_t)p->threads * workspace_bytes(p, form->runs);
    float *m = count > 1 ? cut(&shared, rows_bytes(p)) : NULL,
          *l = count > 1 ? cut(&shared, rows_bytes(p)) : NULL;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < streams * per_stream; t++) {
        int part = part_in_turn(p, t / streams / cut_into.pieces, cut_into.parts),
            piece = cut_into.pieces - 1 - t / streams % cut_into.pieces;
        int stream = t % streams, per_item = heads / slots, class = stream % classes;
        int h = x->head + stream / classes % per_item * slots, b = stream / classes / per_item;
        struct unit units[SLOTS];
        struct pattern_view view = pattern_view(x, p, b, h, attn_keys(c, b), class);
        struct workspace first = workspace(c, form->runs, omp_get_thread_num(), 0);
        if (x->parts) pattern_narrow(&view, part, first.runs);
        for (int s = 0; s < slots; s++) {
            struct unit *u = &units[s];
            *u = (struct unit){.call = c, .kern = kern, .form = form, .view = view, .m = m, .l = l};
            u->view.h = h + s;
            u->w = workspace(c, form->runs, omp_get_thread_num(), s * cut_into.rows);
            u->x0 = piece * cut_into.rows;
            u->rows = min_int(cut_into.rows, u->view.queries.count - u->x0);
            u->is_first = !head_in(patterns, 0, at, h);
            u->is_last = !head_in(patterns, at + 1, count, h);
        }
        if (units->rows > 0) run(units, slots);
    }
}

static void every_pattern(const struct attn_call *c, const struct pattern *patterns, int count,
                          struct form form) {
    for (int at = 0; at < count; at++)
        if (patterns[at].parts) form.runs = max_size(form.runs, (size_t)patterns[at].parts->most);
    for (int at = 0; at < count; at++) forward(c, patterns, at, count, &form);
}

void tiles_patterns(const struct attn_call *c, const struct pattern *patterns, int count) {
    every_pattern(c, patterns, count, (struct form){0});
}

static void window(const struct attn_call *c, struct weigh how, int left, int right) {
    const struct pattern keys = {.left = left, .right = right};
    if (stream_suits(c->problem)) stream_window(c, &how, left, right);
    else every_pattern(c, &keys, 1, (struct form){.weigh = how});
}

void tiles_window(const struct attn_call *c, int left, int right) {
    window(c, (struct weigh){0}, left, right);
}

void tiles_sigmoid(const struct attn_call *c, float add) {
    window(c, (struct weigh){.sigmoid = 1, .add = add}, PATTERN_OPEN, PATTERN_OPEN);
}

void tiles_additive(const struct attn_call *c, const struct attn_view *v) {
    const struct pattern open = {.left = PATTERN_OPEN, .right = PATTERN_OPEN};
    every_pattern(c, &open, 1, (struct form){.additive = v});
}
