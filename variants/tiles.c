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
 * what it covers. Rows or keys that do not lie side by side (a step, a list) are first copied together. Where rows
 * see runs of keys (the parts of a pattern), the runs of a tile go together as one strip of scores, or, if they are
 * few, the keys of all runs are copied together and make tiles of their own.
 *
 * With several patterns the first leaves m, l and the undivided output of each row, and the next goes on.
 *
 * A tile's share is summed apart and then added: a row over n keys is n / BK sums of BK terms, and its
 * rounding error does not grow with the number of keys one by one.
 *
 * Weights other than a softmax's (weigh.h) need no maximum and no division.
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
    PARTS = 32,       /* parts of a pattern that do so at most */
    FEW = 8,          /* a part that sees less than one key in so many has tiles of its own */
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
    struct pattern_run *runs; /* of the keys of each part [PARTS] */
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

/* Rows of a unit that see the same keys, as far as the runs of a pattern go: all, where it has no parts. */
struct part {
    int first, end;           /* rows first .. end - 1 */
    struct pattern_axis keys; /* the ordinals of its spans */
    int is_strip;             /* it goes over the tiles of all keys with others, not over tiles of its own */
};

enum { UNKNOWN = -1 };

struct tile { /* of keys: ordinals x0 .. x1 - 1 of an axis */
    const struct pattern_axis *axis;
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
    const struct part *parts;
    int nparts;
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
           aligned(PARTS * runs * sizeof(struct pattern_run));
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
    const struct pattern_axis *axis = t->axis;
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

/* What a part sees of a tile: ordinals first .. first + n - 1 of its keys are columns 0 .. n - 1 of the scores, which
   stand in the tile in stretches. */
struct stretch {
    int column, at, n;
};
struct strip {
    const struct part *part;
    int first, n, count;
    struct stretch all[BK / 2]; /* runs have keys between them */
};

static void make_strip(const struct tile *t, const struct part *part, struct strip *x) {
    x->part = part;
    x->first = part->is_strip ? pattern_below(&part->keys, t->x0) : t->x0;
    x->n = (part->is_strip ? pattern_below(&part->keys, t->x1) : t->x1) - x->first;
    x->count = !part->is_strip;
    x->all[0] = (struct stretch){0, 0, x->n};
    if (!part->is_strip) return;
    for (int o = x->first, end; o < x->first + x->n; o = end) {
        end = pattern_stretch(&part->keys, o, x->first + x->n);
        x->all[x->count++] = (struct stretch){o - x->first, pattern_row(&part->keys, o) - t->x0, end - o};
    }
}

/* Scores of rows r .. r + n - 1 of the unit against `width` keys from x on, all of one panel. */
static void panel_scores(const struct unit *u, int r, int n, int x, int width, float *s) {
    const struct attn_problem *p = u->call->problem;
    int nr = u->kern->nr, within = x % nr;
    ptrdiff_t panel = (ptrdiff_t)(x - within) * p->dk;
    if (u->form->additive)
        additive_scores(u, r, n, within + width, u->w.kt + panel, u->w.k + panel, s - within);
    else
        u->kern->mul(n, width, p->dk, 1.0f, u->w.q + (ptrdiff_t)r * p->dk, p->dk, 1, u->w.kt + panel + within,
                     nr, 0, 0, s, BK);
}

struct columns { /* of the rows of a block: lo[r] .. hi[r] - 1 of a strip */
    int lo[BQ], hi[BQ];
};

/* Scores of the rows r0 .. r0 + rows - 1 where they see anything. Rows go in groups that fill the kernel, columns in
   vectors that any row of the group sees. A panel stays in the nearest cache while all rows go over it. */
static void scores(const struct unit *u, struct tile *t, const struct strip *strip, int r0, int rows,
                   const struct columns *seen) {
    int nr = u->kern->nr, mr = u->kern->mr, groups = ceil_div(rows, mr), end;
    int from[BQ], to[BQ];
    for (int g = 0; g < groups; g++) {
        from[g] = BK, to[g] = 0;
        for (int r = g * mr; r < min_int((g + 1) * mr, rows); r++) {
            if (seen->lo[r] >= seen->hi[r]) continue;
            from[g] = min_int(from[g], seen->lo[r]);
            to[g] = max_int(to[g], seen->hi[r]);
        }
        from[g] -= from[g] % VECTOR;
        to[g] = min_int(ceil_div(to[g], VECTOR) * VECTOR, strip->n);
    }
    for (const struct stretch *piece = strip->all; piece < strip->all + strip->count; piece++)
        for (int x = piece->at, next; x < piece->at + piece->n; x = next) {
            next = min_int(x - x % nr + nr, piece->at + piece->n);
            int left = piece->column + x - piece->at, right = left + next - x;
            for (int g = 0; g < groups; g = end) { /* runs of groups that see the same columns of the panel */
                int first = max_int(from[g], left), last = min_int(to[g], right);
                end = g + 1;
                if (first >= last) continue;
                while (end < groups && max_int(from[end], left) == first && min_int(to[end], right) == last)
                    end++;
                pack(u, t, x - x % nr);
                panel_scores(u, r0 + g * mr, min_int(end * mr, rows) - g * mr, x + first - left, last - first,
                             u->w.s + g * mr * BK + first);
            }
        }
}

/* Adds the products of weights and values to w.t. */
static void add_values(const struct unit *u, const struct tile *t, const struct strip *strip, int rows,
                       const struct columns *seen, int skip_zeros) {
    int dv = u->call->problem->dv;
    for (const struct stretch *piece = strip->all; piece < strip->all + strip->count; piece++) {
        struct columns own;
        for (int r = 0; r < rows; r++) {
            own.lo[r] = clamp_int(seen->lo[r] - piece->column, 0, piece->n);
            own.hi[r] = clamp_int(seen->hi[r] - piece->column, 0, piece->n);
        }
        ragged_mul(u->kern, rows, own.lo, own.hi, dv, u->w.s + piece->column, BK,
                   t->v.data + piece->at * t->v.row, t->v.row, skip_zeros, u->w.t, dv);
    }
}

/* Softcap, bias and hidden keys of row r of the unit, columns lo .. hi - 1. */
static void adjust(const struct unit *u, const struct tile *t, const struct strip *strip, int r, int lo,
                   int hi, float *s) {
    const struct pattern_view *v = &u->view;
    int i = query(u, r);
    if (v->pattern->source) {
        if (u->call->problem->softcap > 0) u->kern->softcap(hi - lo, u->call->problem->softcap, s + lo);
        return;
    }
    bias_apply(u->call, u->kern, v->b, v->h, i, i + v->offset, &strip->part->keys, strip->first, lo, hi, s);
    for (int x = 0; x < t->nhidden; x++) s[t->hidden[x]] = -INFINITY;
}

static int all_finite(const struct unit *u, struct tile *t) {
    if (t->finite == UNKNOWN)
        t->finite = values_finite(u->kern, t->x1 - t->x0, u->call->problem->dv, t->v.data, t->v.row);
    return t->finite;
}

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

/* Rows r0 .. r1 - 1 of the unit, which are of one part, against the tile. */
static void block(const struct unit *u, struct tile *t, const struct part *part, int r0, int r1) {
    const struct attn_problem *p = u->call->problem;
    struct strip strip;
    struct columns seen, soft;
    int rows = r1 - r0, any = 0;
    float factor[BQ];
    make_strip(t, part, &strip);
    for (int r = 0; r < rows; r++) {
        seen.hi[r] = clamp_int(u->w.hi[r0 + r] - strip.first, 0, strip.n);
        seen.lo[r] = clamp_int(u->w.lo[r0 + r] - strip.first, 0, seen.hi[r]);
        any |= seen.lo[r] < seen.hi[r];
    }
    if (!any) return;
    if (!t->loaded) load(u, t);
    scores(u, t, &strip, r0, rows, &seen);
    if (p->bias || p->softcap > 0 || t->nhidden)
        for (int r = 0; r < rows; r++) adjust(u, t, &strip, r0 + r, seen.lo[r], seen.hi[r], u->w.s + r * BK);
    join(u, t, rows, &seen, &soft);
    weigh(u->kern, &u->form->weigh, rows, soft.lo, soft.hi, u->w.s, BK, u->w.m + r0, u->w.l + r0, factor);
    memset(u->w.t, 0, (size_t)rows * (size_t)p->dv * sizeof(float));
    add_values(u, t, &strip, rows, &seen, bias_hides_keys(p) && !all_finite(u, t));
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

/* Queries, spans and sums of the rows. */
static void begin(struct unit *u) {
    const struct part *part = u->parts;
    const struct pattern_view *v = &u->view;
    const struct attn_problem *p = u->call->problem;
    size_t bytes = (size_t)p->dv * sizeof(float);
    if (u->form->additive) begin_additive(u);
    else begin_scaled(u);
    for (int r = 0; r < u->rows; r++) {
        int i = query(u, r);
        float *o = u->w.o + (ptrdiff_t)r * p->dv;
        struct pattern_view own = *v;
        while (r >= part->end) part++;
        own.key_axis = part->keys;
        pattern_span(&own, i, &u->w.lo[r], &u->w.hi[r]);
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

/* Widens [*first, *last) to the ordinals of its tiles that the rows of a part see. */
static void widen(const struct unit *u, const struct part *part, int *first, int *last) {
    for (int r = part->first; r < part->end; r++) {
        int lo = u->w.lo[r], hi = u->w.hi[r];
        if (lo >= hi) continue;
        *first = min_int(*first, part->is_strip ? pattern_row(&part->keys, lo) : lo);
        *last = max_int(*last, part->is_strip ? pattern_row(&part->keys, hi - 1) + 1 : hi);
    }
}

/* `slots` units over the tiles of an axis: all of their strips together, or where `own` is not NULL this part alone. */
static void walk(const struct unit *units, int slots, const struct pattern_axis *axis,
                 const struct part *own) {
    const struct part *begin_at = own ? own : units->parts,
                      *end_at = own ? own + 1 : begin_at + units->nparts;
    int first = axis->count, last = 0;
    for (int x = 0; x < slots; x++)
        for (const struct part *part = begin_at; part < end_at; part++)
            if (own || part->is_strip) widen(&units[x], part, &first, &last);
    for (int x0 = first - first % BK; x0 < last; x0 += BK) {
        struct tile t;
        t.axis = axis;
        t.x0 = x0;
        t.x1 = min_int(x0 + BK, last);
        t.loaded = t.nhidden = 0;
        memset(t.packed, 0, sizeof t.packed);
        for (int x = 0; x < slots; x++)
            for (const struct part *part = begin_at; part < end_at; part++)
                for (int r = part->first; (own || part->is_strip) && r < part->end; r += BQ)
                    block(&units[x], &t, part, r, min_int(r + BQ, part->end));
    }
}

/* `slots` units of the same parts: one, or the heads of a group. */
static void run(struct unit *units, int slots) {
    int strips = 0;
    for (int x = 0; x < slots; x++) begin(&units[x]);
    for (const struct part *part = units->parts; part < units->parts + units->nparts; part++) {
        strips += part->is_strip;
        if (!part->is_strip) walk(units, slots, &part->keys, part);
    }
    if (strips) walk(units, slots, &units->view.key_axis, NULL);
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

/* Rows of a unit: of a pattern with parts, whole ones where that is possible, and no more than there is room for. */
static int rows_together(const struct attn_problem *p, const struct pattern *x, int heads, int queries) {
    int rows = unit_rows(p, heads * pattern_classes(x), queries), part = x->parts ? x->parts->rows : 1;
    if (x->parts && part < rows) rows = min_int(rows / part, PARTS - 2) * part; /* two may be cut short */
    return min_int(rows, max_int(queries, 1));
}

/* Which unit of a head goes next, so that short ones end the loop: under a causal mask late queries see most keys; without
   one, the rows at both ends may see everything. */
static int in_turn(const struct attn_problem *p, const struct pattern *x, int at, int units) {
    if (p->mask != ATTN_MASK_NONE || !x->parts) return units - 1 - at;
    return at % 2 ? at / 2 : units - 1 - at / 2;
}

/* The parts in which the rows of a unit lie; how many. Those that see many of the keys go over them together and share what
   is packed; those that see few have them copied together, so that scattered blocks make whole tiles. */
static int find_parts(const struct unit *u, size_t most, struct part made[PARTS]) {
    const struct pattern_parts *parts = u->view.pattern->parts;
    int n = 0;
    if (!parts) made[n++] = (struct part){.end = u->rows, .keys = u->view.key_axis};
    for (int r = 0; parts && r < u->rows; n++) {
        struct pattern_view own = u->view;
        pattern_narrow(&own, pattern_part_of(parts, u->x0 + r), u->w.runs + (size_t)n * most);
        made[n] = (struct part){.first = r,
                                .end = min_int(own.queries.first + own.queries.count - u->x0, u->rows),
                                .keys = own.key_axis,
                                .is_strip = own.key_axis.count > u->call->problem->nk / FEW};
        r = made[n].end;
    }
    return n;
}

static void forward(const struct attn_call *c, const struct pattern *patterns, int at, int count,
                    const struct form *form) {
    const struct attn_problem *p = c->problem;
    const struct pattern *x = &patterns[at];
    const struct kern *kern = kern_find(p->isa);
    int classes = pattern_classes(x), heads = x->heads ? x->heads : p->heads, queries = most_queries(p, x);
    int slots = heads_together(p, x, form), group = p->heads / p->kv_heads,
        rows = rows_together(p, x, heads, queries);
    while (slots > 1 && (slots * rows > most_rows(p) || group % slots)) slots--;
    int streams = p->batch * heads / slots * classes, per_stream = ceil_div(queries, rows);
    char *shared = (char *)c->scratch + (size_t)p->threads * workspace_bytes(p, form->runs);
    float *m = count > 1 ? cut(&shared, rows_bytes(p)) : NULL,
          *l = count > 1 ? cut(&shared, rows_bytes(p)) : NULL;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < streams * per_stream; t++) {
        int stream = t % streams, per_item = heads / slots;
        int h = x->head + stream / classes % per_item * slots, b = stream / classes / per_item;
        struct unit units[SLOTS];
        struct part parts[PARTS];
        int nparts;
        for (int s = 0; s < slots; s++) {
            struct unit *u = &units[s];
            *u = (struct unit){.call = c, .kern = kern, .form = form, .parts = parts, .m = m, .l = l};
            u->view = pattern_view(x, p, b, h + s, attn_keys(c, b), stream % classes);
            u->w = workspace(c, form->runs, omp_get_thread_num(), s * rows);
            u->x0 = in_turn(p, x, t / streams, per_stream) * rows;
            u->rows = min_int(rows, u->view.queries.count - u->x0);
            u->is_first = !head_in(patterns, 0, at, h);
            u->is_last = !head_in(patterns, at + 1, count, h);
        }
        if (units->rows <= 0) continue;
        nparts = find_parts(units, form->runs, parts);
        for (int s = 0; s < slots; s++) units[s].nparts = nparts;
        run(units, slots);
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
