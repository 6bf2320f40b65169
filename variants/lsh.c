/*
 * lsh.c -- Reformer: attention among queries that fall into the same bucket of a locality-sensitive hash.
 *
 * Queries are keys: k_j = q_j / |q_j|, of each head its own; the tensor k is not read, and neither is problem.scale,
 * since the logit is q_i . k_j. In each of `rounds` rounds the tokens are sorted by (bucket, position), buckets as in
 * buckets.h, and cut into chunks; P_i is what lies in the bucket of i and in its chunk or the one before, j <= i
 * where the mask is causal:
 *
 *   o_i = sum_r exp(z_ir - z_i) o_ir      z_i = log sum_r exp(z_ir)
 *   o_ir = sum_{j in P_ir} exp(q_i . k_j - m_ijr - z_ir) v_j
 *   m_ijr = 10^5 for j = i, so that a token attends to itself only where it finds nobody else; else log N_ij,
 *
 * N_ij being the number of rounds r with j in P_ir: with it a key counts once, in however many rounds it is met, and
 * the output is softmax over the union of the P_ir.
 * Source: Kitaev, Kaiser, Levskaya, "Reformer: the efficient transformer", ICLR 2020, section 2 and appendix A,
 * equation 16.
 *
 * Forms: "paper" as above. "trax" is the authors' program: no comparison of buckets, so that a token attends to all
 * of its chunk and the one before, no N_ij, and the chunk before the first is the last of the round before, or of
 * the last round; keys are q_j / sqrt(|q_j|^2 + 10^-6 dk).
 * Departures: the last chunk of a round may be short (the program wants whole ones). Padding is in no bucket and its
 * rows are zeros; the program collects it in a bucket of its own. Masked pairs have no weight, where the program
 * subtracts 10^9.
 *
 * Where chunks are cut depends on all tokens. So a causal row attends to nothing that comes after it, but later
 * tokens do have a say in which earlier ones it meets.
 *
 * Attention grows as n, hashing with the number of buckets: as n^1.5 with two hashes, as n^2 with one. The exponent that
 * is declared is that of both together from 4096 to 65536 tokens, and rises beyond.
 *
 * In the order of a round the keys of P_i lie side by side. The rounds run one after the other over a running
 * maximum, sum and undivided output of each row, which is what merging by z_ir comes to.
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buckets.h"
#include "parts.h"
#include "ragged.h"

enum form { PAPER, TRAX };
enum factorise { AUTO, NEVER };
enum { ROUNDS_MAX = 64, PLAIN_MAX = 128 }; /* buckets of one hash, where it is not to be factorised before */

struct params {
    int rounds, chunk, buckets, form, factorise;
};

static const char *const forms[] = {"paper", "trax", NULL};
static const char *const factorises[] = {"auto", "never", NULL};
static const struct attn_param table[] = {
    {"rounds", ATTN_INT, offsetof(struct params, rounds), 2, 1, ROUNDS_MAX, NULL,
     "R, hashes that are drawn independently"},
    {"chunk", ATTN_INT, offsetof(struct params, chunk), 128, 1, 1 << 20, NULL,
     "c, tokens of a chunk; a token looks for keys in its own and the one before"},
    {"buckets", ATTN_INT, offsetof(struct params, buckets), 0, 0, 1 << 20, NULL,
     "of a hash, an even number; 0: twice as many as there are whole chunks"},
    {"form", ATTN_CHOICE, offsetof(struct params, form), PAPER, 0, 0, forms, "which published definition"},
    {"factorise", ATTN_CHOICE, offsetof(struct params, factorise), AUTO, 0, 0, factorises,
     "above 128 buckets: auto takes two hashes of about the square root; never makes the hashing n^2 / c"},
    {0},
};

static const struct params *of(const void *params) { return params; }

/* Two even factors, the first a power of 2, as in trax. */
static struct buckets hashes(const struct attn_problem *p, const void *params) {
    const struct params *x = of(params);
    int count = x->buckets ? x->buckets : 2 * max_int(1, p->nk / x->chunk), first = 1;
    if (count <= PLAIN_MAX || x->factorise == NEVER) return buckets_of(x->rounds, count, 0);
    while ((long)first * first < count) first *= 2;
    return buckets_of(x->rounds, first, 2 * (count / (2 * first)));
}

static int chunk_length(const struct attn_problem *p, const void *params) {
    return min_int(of(params)->chunk, p->nk);
}

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    if (p->nq != p->nk)
        snprintf(error->text, sizeof error->text,
                 "lsh takes queries for keys: nq = %d and nk = %d must be the same tokens", p->nq, p->nk);
    else if (p->has_key_lengths && p->mask == ATTN_MASK_CAUSAL)
        snprintf(
            error->text, sizeof error->text,
            "lsh takes queries for keys, so padding cannot move the diagonal; with key lengths the mask is "
            "causal_top_left");
    else if (of(params)->buckets % 2)
        snprintf(error->text, sizeof error->text,
                 "buckets = %d: each column of a rotation makes two buckets, so their number is even",
                 of(params)->buckets);
    else return 0;
    return -1;
}

/* ---- state and scratch --------------------------------------------------------------------------- */

enum { ROWS = 48 }; /* of a chunk that are taken together: a multiple of every kernel's mr */
enum { VECTOR = 16 };

struct workspace {     /* one thread's scratch */
    float *q;          /* queries of a chunk [c][dk] */
    float *k, *kt, *v; /* keys and values that it looks at, the keys also packed [2 c][..] */
    float *s, *t;      /* scores [ROWS][2 c], and the rows' share of the output [ROWS][dv] */
    int *token;        /* of the keys [2 c] */
    int *code;         /* theirs, in every round [R][2 c] */
    int *counts;       /* of a sort [buckets + 1] */
    void *hash;
};

/* What a call knows of its tokens, of every head. A code is 2 bucket + chunk: chunks do not fall where buckets
   rise, so that j is in P_i, but for the causal mask, exactly where the code of i is that of j or one more. */
struct tokens {
    int *bucket, *order, *code; /* in each round [batch][heads][R][n] */
    float *shrink;              /* 1 / |q| [batch][heads][n] */
    float *m, *l;               /* running maximum and sum [batch][heads][n] */
};

/* Keys of a chunk, in whole panels of any kernel. */
static size_t window(const struct attn_problem *p, const void *params) {
    return (size_t)ceil_div(2 * chunk_length(p, params), 64) * 64;
}

static size_t workspace_bytes(const struct attn_problem *p, const void *params) {
    struct buckets hash = hashes(p, params);
    size_t keys = window(p, params), c = (size_t)chunk_length(p, params), rounds = (size_t)of(params)->rounds;
    return floats(c * (size_t)p->dk) + 2 * floats(keys * (size_t)p->dk) + floats(keys * (size_t)p->dv) +
           floats(ROWS * keys) + floats(ROWS * (size_t)p->dv) + floats(keys) + floats(rounds * keys) +
           floats((size_t)buckets_count(&hash) + 1) + buckets_scratch(&hash);
}

static struct workspace workspace(const struct attn_problem *p, const void *params, char *at) {
    struct buckets hash = hashes(p, params);
    size_t keys = window(p, params), c = (size_t)chunk_length(p, params), rounds = (size_t)of(params)->rounds;
    struct workspace w;
    w.q = cut(&at, c * (size_t)p->dk * sizeof(float));
    w.k = cut(&at, keys * (size_t)p->dk * sizeof(float));
    w.kt = cut(&at, keys * (size_t)p->dk * sizeof(float));
    w.v = cut(&at, keys * (size_t)p->dv * sizeof(float));
    w.s = cut(&at, ROWS * keys * sizeof(float));
    w.t = cut(&at, ROWS * (size_t)p->dv * sizeof(float));
    w.token = cut(&at, keys * sizeof(int));
    w.code = cut(&at, rounds * keys * sizeof(int));
    w.counts = cut(&at, ((size_t)buckets_count(&hash) + 1) * sizeof(int));
    w.hash = at;
    return w;
}

static size_t rows_of(const struct attn_problem *p) {
    return (size_t)p->batch * (size_t)p->heads * (size_t)p->nk;
}

static size_t tokens_bytes(const struct attn_problem *p, const void *params) {
    return 3 * floats(rows_of(p) * (size_t)of(params)->rounds) + 3 * floats(rows_of(p));
}

static struct tokens tokens(const struct attn_problem *p, const void *params, char *at) {
    size_t rows = rows_of(p), all = rows * (size_t)of(params)->rounds;
    struct tokens t;
    t.bucket = cut(&at, all * sizeof(int));
    t.order = cut(&at, all * sizeof(int));
    t.code = cut(&at, all * sizeof(int));
    t.shrink = cut(&at, rows * sizeof(float));
    t.m = cut(&at, rows * sizeof(float));
    t.l = cut(&at, rows * sizeof(float));
    return t;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    struct buckets hash = hashes(p, params);
    need->state = buckets_state(p, &hash);
    need->scratch = tokens_bytes(p, params) + (size_t)p->threads * workspace_bytes(p, params);
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    struct buckets hash = hashes(p, params);
    (void)error;
    buckets_create(state, p, &hash);
    return 0;
}

/* ---- one head ------------------------------------------------------------------------------------ */

struct head {
    const struct attn_call *call;
    const struct kern *kern;
    struct buckets hash;
    struct workspace w;
    int b, h, n;     /* n: tokens that are no padding */
    struct tokens t; /* of this head */
};

static struct head head_of(const struct attn_call *c, const struct kern *kern, int head) {
    const struct attn_problem *p = c->problem;
    ptrdiff_t rows = (ptrdiff_t)head * p->nk, all = rows * of(c->params)->rounds;
    char *own = (char *)c->scratch + tokens_bytes(p, c->params) +
                (size_t)omp_get_thread_num() * workspace_bytes(p, c->params);
    struct head x = {.call = c,
                     .kern = kern,
                     .hash = hashes(p, c->params),
                     .w = workspace(p, c->params, own),
                     .b = head / p->heads,
                     .h = head % p->heads,
                     .t = tokens(p, c->params, c->scratch)};
    x.n = attn_keys(c, x.b);
    x.t.bucket += all, x.t.order += all, x.t.code += all;
    x.t.shrink += rows, x.t.m += rows, x.t.l += rows;
    return x;
}

/* Hashes, lengths and empty sums of tokens i0 .. i0 + rows - 1. */
static void begin(const struct head *x, int i0, int rows) {
    const struct attn_call *c = x->call;
    const struct attn_problem *p = c->problem;
    const float eps = of(c->params)->form == TRAX ? 1e-6f * (float)p->dk : 0;
    for (int i = i0; i < i0 + rows; i++) {
        const float *q = attn_row(&c->q, x->b, x->h, i);
        float square = x->kern->dot(p->dk, q, q) + eps;
        x->t.shrink[i] = square > 0 ? 1 / sqrtf(square) : 0;
        x->t.m[i] = -INFINITY;
        x->t.l[i] = 0;
        if (i >= x->n) memset(attn_out_row(&c->o, x->b, x->h, i), 0, (size_t)p->dv * sizeof(float));
    }
    rows = min_int(rows, x->n - i0);
    if (rows > 0)
        buckets_hash(c->state, p, &x->hash, x->kern, x->h, rows, attn_row(&c->q, x->b, x->h, i0), c->q.row,
                     x->w.hash, x->t.bucket + i0, p->nk);
}

static void sort(const struct head *x, int round) {
    const struct attn_problem *p = x->call->problem;
    ptrdiff_t first = (ptrdiff_t)round * p->nk;
    int *order = x->t.order + first, *code = x->t.code + first, *bucket = x->t.bucket + first;
    buckets_sort(buckets_count(&x->hash), x->n, bucket, x->w.counts, order);
    for (int place = 0; place < x->n; place++) {
        int j = order[place];
        code[j] = 2 * bucket[j] + place / chunk_length(p, x->call->params);
    }
}

/* ---- a chunk ------------------------------------------------------------------------------------- */

struct chunk {
    int round, count, own; /* keys it looks at: w.token[0 .. count), its own tokens from `own` on */
    int rows;
    int finite;                 /* its values; asked for where a mask needs it */
    float logs[ROUNDS_MAX + 1]; /* of N */
};

/* Tokens at places from .. to - 1 of a round join the keys. */
static void look(const struct head *x, struct chunk *at, int round, int from, int to) {
    const int *order = x->t.order + (ptrdiff_t)round * x->call->problem->nk;
    memcpy(x->w.token + at->count, order + from, (size_t)(to - from) * sizeof *order);
    at->count += to - from;
}

/* The chunk before: of its bucket what belongs to the first token's, or in the form of trax all of it. */
static void look_back(const struct head *x, struct chunk *at, int number) {
    const struct attn_call *c = x->call;
    const struct params *params = of(c->params);
    int n = c->problem->nk, length = chunk_length(c->problem, params), last = (x->n - 1) / length;
    if (params->form == TRAX) {
        int round = number > 0 ? at->round : (at->round + params->rounds - 1) % params->rounds;
        int before = number > 0 ? number - 1 : last;
        look(x, at, round, before * length, min_int((before + 1) * length, x->n));
        return;
    }
    const int *order = x->t.order + (ptrdiff_t)at->round * n,
              *bucket = x->t.bucket + (ptrdiff_t)at->round * n;
    int from = number * length, own = bucket[order[from]];
    while (from > max_int(number - 1, 0) * length && bucket[order[from - 1]] == own) from--;
    look(x, at, at->round, from, number * length);
}

/* Rows in the order of a round lie anywhere: a row that is asked for early is there when it is its turn. */
static void ask_for(const float *row, int d) {
    enum { LINE = 64 / sizeof(float) }; /* floats of a cache line */
    for (int e = 0; e < d; e += LINE) __builtin_prefetch(row + e);
}

/* Queries, keys and values side by side. */
static void collect(const struct head *x, const struct chunk *at) {
    enum { AHEAD = 8 }; /* rows */
    const struct attn_call *c = x->call;
    const struct attn_problem *p = c->problem;
    for (int e = 0; e < at->count; e++) {
        int j = x->w.token[e], next = x->w.token[min_int(e + AHEAD, at->count - 1)];
        const float *q = attn_row(&c->q, x->b, x->h, j);
        ask_for(attn_row(&c->q, x->b, x->h, next), p->dk);
        ask_for(attn_row(&c->v, x->b, attn_kv_head(p, x->h), next), p->dv);
        x->kern->fade(p->dk, x->t.shrink + j, 0, 0, 1, q, x->w.k + (ptrdiff_t)e * p->dk);
        if (e >= at->own) memcpy(x->w.q + (ptrdiff_t)(e - at->own) * p->dk, q, (size_t)p->dk * sizeof *q);
        memcpy(x->w.v + (ptrdiff_t)e * p->dv, attn_row(&c->v, x->b, attn_kv_head(p, x->h), j),
               (size_t)p->dv * sizeof(float));
    }
    x->kern->pack(at->count, p->dk, x->w.k, p->dk, x->w.kt);
}

/* Where the keys stand in every round. */
static void place(const struct head *x, const struct chunk *at) {
    const struct attn_call *c = x->call;
    ptrdiff_t n = c->problem->nk, keys = (ptrdiff_t)window(c->problem, c->params);
    for (int r = 0; r < of(c->params)->rounds; r++)
        for (int e = 0; e < at->count; e++) x->w.code[r * keys + e] = x->t.code[r * n + x->w.token[e]];
}

/* From the score of own token y against keys lo .. hi - 1, subtracts m_ij. */
static void subtract(const struct head *x, const struct chunk *at, int y, int lo, int hi, float *s) {
    const struct attn_call *c = x->call;
    const float self = 1e5f;
    int i = x->w.token[at->own + y];
    if (of(c->params)->form == TRAX) {
        int last = c->problem->mask == ATTN_MASK_NONE ? x->n : i;
        for (int e = lo; e < hi; e++) {
            int j = x->w.token[e];
            s[e] = j > last ? -INFINITY : j == i ? s[e] - self : s[e];
        }
        return;
    }
    float own = s[at->own + y] - self;
    if (of(c->params)->rounds > 1)
        x->kern->discount(of(c->params)->rounds, hi - lo, x->w.code + at->own + y, x->w.code + lo,
                          (ptrdiff_t)window(c->problem, c->params), at->logs, s + lo);
    s[at->own + y] = own;
}

struct spans { /* of keys that rows see */
    int lo[ROWS], hi[ROWS];
};

/* Of own tokens y0 .. y0 + rows - 1. Those of a bucket lie side by side, in order of positions. */
static void see(const struct head *x, const struct chunk *at, int y0, int rows, struct spans *seen) {
    const struct attn_call *c = x->call;
    const int *bucket = x->t.bucket + (ptrdiff_t)at->round * c->problem->nk, *token = x->w.token;
    for (int r = 0; r < rows; r++) {
        int e = at->own + y0 + r, own = bucket[token[e]], lo = e, hi = e + 1;
        seen->lo[r] = 0, seen->hi[r] = at->count;
        if (of(c->params)->form == TRAX) continue;
        if (r > 0 && bucket[token[e - 1]] == own) {
            seen->lo[r] = seen->lo[r - 1];
            seen->hi[r] = c->problem->mask == ATTN_MASK_NONE ? seen->hi[r - 1] : hi;
            continue;
        }
        while (lo > 0 && bucket[token[lo - 1]] == own) lo--;
        while (c->problem->mask == ATTN_MASK_NONE && hi < at->count && bucket[token[hi]] == own) hi++;
        seen->lo[r] = lo, seen->hi[r] = hi;
    }
}

/* Scores of own tokens y0 .. y0 + rows - 1, in groups that fill the kernel, where any of a group looks. */
static void scores(const struct head *x, int y0, int rows, const struct spans *seen, ptrdiff_t lds) {
    int mr = x->kern->mr, nr = x->kern->nr, dk = x->call->problem->dk;
    for (int g = 0; g < rows; g += mr) {
        int group = min_int(mr, rows - g), from = seen->lo[g], to = seen->hi[g];
        for (int r = g + 1; r < g + group; r++)
            from = min_int(from, seen->lo[r]), to = max_int(to, seen->hi[r]);
        for (int e = from - from % VECTOR, end; e < to; e = end) {
            end = min_int((e / nr + 1) * nr, to);
            x->kern->mul(group, end - e, dk, 1.0f, x->w.q + (ptrdiff_t)(y0 + g) * dk, dk, 1,
                         x->w.kt + (ptrdiff_t)(e - e % nr) * dk + e % nr, nr, 0, 0, x->w.s + g * lds + e,
                         lds);
        }
    }
}

/* Under a causal mask each row of a bucket sees one key more than the one before. Rows that see the same go through the
   softmax together, so some at a time are given the same keys, of which those that a row does not see weigh 0. */
static void level(int rows, const struct spans *seen, float *s, ptrdiff_t lds, struct spans *same) {
    enum { TOGETHER = 8 };
    *same = *seen;
    for (int r = 0, end; r < rows; r = end) {
        for (end = r + 1; end < rows && end < r + TOGETHER && seen->lo[end] == seen->lo[r];) end++;
        for (int x = r; x < end; x++) {
            same->hi[x] = seen->hi[end - 1];
            for (int e = seen->hi[x]; e < same->hi[x]; e++) s[x * lds + e] = -INFINITY;
        }
    }
}

/* Own tokens y0 .. y0 + rows - 1 of a chunk. */
static void block(const struct head *x, const struct chunk *at, int y0, int rows) {
    const struct attn_call *c = x->call;
    const struct attn_problem *p = c->problem;
    const int *token = x->w.token + at->own + y0;
    ptrdiff_t lds = (ptrdiff_t)window(p, c->params);
    struct spans seen, same;
    float m[ROWS], l[ROWS], factor[ROWS];
    int is_last = at->round == of(c->params)->rounds - 1;
    for (int r = 0; r < rows; r++) ask_for(attn_out_row(&c->o, x->b, x->h, token[r]), p->dv);
    see(x, at, y0, rows, &seen);
    scores(x, y0, rows, &seen, lds);
    for (int r = 0; r < rows; r++) {
        subtract(x, at, y0 + r, seen.lo[r], seen.hi[r], x->w.s + r * lds);
        m[r] = x->t.m[token[r]], l[r] = x->t.l[token[r]];
    }
    level(rows, &seen, x->w.s, lds, &same);
    x->kern->soften(rows, same.lo, same.hi, x->w.s, lds, m, l, factor);
    memset(x->w.t, 0, (size_t)rows * (size_t)p->dv * sizeof(float));
    ragged_mul(x->kern, rows, seen.lo, seen.hi, p->dv, x->w.s, lds, x->w.v, p->dv, !at->finite, x->w.t,
               p->dv);
    for (int r = 0; r < rows; r++) {
        float *o = attn_out_row(&c->o, x->b, x->h, token[r]);
        x->t.m[token[r]] = m[r], x->t.l[token[r]] = l[r];
        if (at->round > 0) x->kern->blend(p->dv, factor[r], x->w.t + (ptrdiff_t)r * p->dv, o);
        else memcpy(o, x->w.t + (ptrdiff_t)r * p->dv, (size_t)p->dv * sizeof *o);
        if (is_last) x->kern->scale(p->dv, 1.0f / l[r], o);
    }
}

static void run(const struct head *x, int round, int number) {
    const struct attn_call *c = x->call;
    const struct attn_problem *p = c->problem;
    int length = chunk_length(p, c->params), first = number * length;
    struct chunk at = {.round = round, .rows = min_int(length, x->n - first), .finite = 1};
    if (at.rows <= 0) return;
    look_back(x, &at, number);
    at.own = at.count;
    look(x, &at, round, first, first + at.rows);
    collect(x, &at);
    if (of(c->params)->form == PAPER && of(c->params)->rounds > 1) {
        place(x, &at);
        for (int r = 1; r <= of(c->params)->rounds; r++) at.logs[r] = logf((float)r);
    }
    if (of(c->params)->form == TRAX && p->mask != ATTN_MASK_NONE)
        at.finite = values_finite(x->kern, at.count, p->dv, x->w.v, p->dv);
    for (int y = 0; y < at.rows; y += ROWS) block(x, &at, y, min_int(ROWS, at.rows - y));
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int heads = p->batch * p->heads, rounds = of(c->params)->rounds, parts = ceil_div(p->nq, BUCKETS_ROWS),
        chunks = ceil_div(p->nq, chunk_length(p, c->params));
#pragma omp parallel num_threads(p->threads)
    {
#pragma omp for schedule(dynamic)
        for (int t = 0; t < heads * parts; t++) {
            struct head x = head_of(c, kern, t / parts);
            int i0 = t % parts * BUCKETS_ROWS;
            begin(&x, i0, min_int(BUCKETS_ROWS, p->nq - i0));
        }
#pragma omp for schedule(dynamic)
        for (int t = 0; t < heads * rounds; t++) {
            struct head x = head_of(c, kern, t / rounds);
            sort(&x, t % rounds);
        }
        for (int r = 0; r < rounds; r++) { /* each goes on where the one before has left its rows */
#pragma omp for schedule(dynamic)
            for (int t = 0; t < heads * chunks; t++) {
                struct head x = head_of(c, kern, t / chunks);
                run(&x, r, t % chunks);
            }
        }
    }
}

/* ---- definition ---------------------------------------------------------------------------------- */

struct round {                   /* of one head, as the definition sees it */
    int *bucket, *order, *chunk; /* of each token, by place, of each token */
};

static double dot(const float *x, const float *y, int d) {
    double sum = 0;
    for (int e = 0; e < d; e++) sum += (double)x[e] * y[e];
    return sum;
}

/* argmax of [x R ; -x R] over columns first .. first + columns - 1 of R. */
static int angular(const struct attn_call *c, const struct buckets *hash, int h, int r, int first,
                   int columns, const float *q) {
    double best = -(double)INFINITY;
    int found = 0;
    for (int entry = 0; entry < 2 * columns; entry++) {
        const float *rotation = buckets_rotation(c->state, c->problem, hash, h, r, first + entry % columns);
        double x = dot(q, rotation, c->problem->dk);
        if (entry >= columns) x = -x;
        if (x > best) best = x, found = entry;
    }
    return found;
}

struct place {
    int bucket, token;
};

static int by_bucket(const void *one, const void *other) {
    const struct place *x = one, *y = other;
    return x->bucket != y->bucket ? x->bucket - y->bucket : x->token - y->token;
}

static struct round define_round(const struct attn_call *c, int b, int h, int r, int n) {
    const struct attn_problem *p = c->problem;
    struct buckets hash = hashes(p, c->params);
    size_t count = (size_t)max_int(n, 1);
    struct round x = {malloc(count * sizeof(int)), malloc(count * sizeof(int)), malloc(count * sizeof(int))};
    struct place *sorted = malloc(count * sizeof *sorted);
    if (!x.bucket || !x.order || !x.chunk || !sorted) abort();
    for (int j = 0; j < n; j++) {
        const float *q = attn_row(&c->q, b, h, j);
        x.bucket[j] = angular(c, &hash, h, r, 0, hash.factor[0] / 2, q);
        if (hash.factor[1])
            x.bucket[j] +=
                hash.factor[0] * angular(c, &hash, h, r, hash.factor[0] / 2, hash.factor[1] / 2, q);
        sorted[j] = (struct place){x.bucket[j], j};
    }
    qsort(sorted, (size_t)n, sizeof *sorted, by_bucket);
    for (int place = 0; place < n; place++) {
        x.order[place] = sorted[place].token;
        x.chunk[sorted[place].token] = place / chunk_length(p, c->params);
    }
    free(sorted);
    return x;
}

/* Is key j in P_i of the round? */
static int in_round(const struct attn_call *c, const struct round *x, int i, int j) {
    int apart = x->chunk[i] - x->chunk[j];
    if (c->problem->mask != ATTN_MASK_NONE && j > i) return 0;
    return x->bucket[i] == x->bucket[j] && (apart == 0 || apart == 1);
}

/* q_i . k_j. */
static double logit(const struct attn_call *c, int b, int h, int i, int j) {
    const float *q_i = attn_row(&c->q, b, h, i), *q_j = attn_row(&c->q, b, h, j);
    int dk = c->problem->dk;
    double square = dot(q_j, q_j, dk) + (of(c->params)->form == TRAX ? 1e-6 * dk : 0);
    return square > 0 ? dot(q_i, q_j, dk) / sqrt(square) : 0;
}

/* The keys that row i looks at in round r, a token twice where it stands in both chunks, with q.k - m; how many. */
static int list_keys(const struct attn_call *c, const struct round *all, int b, int h, int r, int i, int n,
                     int *key, double *s) {
    const struct params *x = of(c->params);
    int count = 0;
    if (x->form == PAPER) {
        for (int j = 0; j < n; j++) {
            int met = 0;
            if (!in_round(c, &all[r], i, j)) continue;
            for (int other = 0; other < x->rounds; other++) met += in_round(c, &all[other], i, j);
            key[count] = j;
            s[count++] = logit(c, b, h, i, j) - (i == j ? 1e5 : log(met));
        }
        return count;
    }
    int length = chunk_length(c->problem, x), own = all[r].chunk[i], last = (n - 1) / length;
    for (int half = 0; half < 2; half++) {
        int round = half || own > 0 ? r : (r + x->rounds - 1) % x->rounds;
        int chunk = half ? own : own > 0 ? own - 1 : last;
        for (int place = chunk * length; place < min_int((chunk + 1) * length, n); place++) {
            int j = all[round].order[place];
            if (c->problem->mask != ATTN_MASK_NONE && j > i) continue;
            key[count] = j;
            s[count++] = logit(c, b, h, i, j) - (i == j ? 1e5 : 0);
        }
    }
    return count;
}

/* The log of the sum of exp(s). */
static double log_sum(int n, const double *s) {
    double top = -(double)INFINITY, sum = 0;
    for (int e = 0; e < n; e++) top = fmax(top, s[e]);
    for (int e = 0; e < n; e++) sum += exp(s[e] - top);
    return top + log(sum);
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int n = attn_keys(c, b), rounds = of(c->params)->rounds, most = 2 * chunk_length(p, c->params);
    struct round all[ROUNDS_MAX];
    int *key = malloc((size_t)most * (size_t)rounds * sizeof *key), count[ROUNDS_MAX];
    double *s = malloc((size_t)most * (size_t)rounds * sizeof *s), z[ROUNDS_MAX];
    (void)outside;
    if (!key || !s) abort();
    for (int r = 0; r < rounds; r++) all[r] = define_round(c, b, h, r, n);
    for (int x = 0; x < nrows; x++, out += p->dv) {
        for (int d = 0; d < p->dv; d++) out[d] = 0;
        for (int j = 0; weights && j < p->nk; j++) weights[(ptrdiff_t)x * p->nk + j] = 0;
        if (rows[x] >= n) continue;
        for (int r = 0; r < rounds; r++) {
            count[r] = list_keys(c, all, b, h, r, rows[x], n, key + r * most, s + r * most);
            z[r] = log_sum(count[r], s + r * most);
        }
        double z_i = log_sum(rounds, z);
        for (int r = 0; r < rounds; r++)
            for (int e = r * most; e < r * most + count[r]; e++) {
                const float *v = attn_row(&c->v, b, attn_kv_head(p, h), key[e]);
                double w = exp(z[r] - z_i) * exp(s[e] - z[r]);
                if (weights) weights[(ptrdiff_t)x * p->nk + key[e]] += w;
                for (int d = 0; d < p->dv; d++) out[d] += w * v[d];
            }
    }
    for (int r = 0; r < rounds; r++) free(all[r].bucket), free(all[r].order), free(all[r].chunk);
    free(key), free(s);
}

/* Of one row in one round: hashing, and the pairs that there are where the buckets are even. */
static double row_flops(const struct attn_problem *p, const void *params) {
    struct buckets hash = hashes(p, params);
    double keys = 2.0 * chunk_length(p, params);
    if (of(params)->form == PAPER) keys = fmax(1, fmin(keys, (double)p->nk / buckets_count(&hash)));
    if (p->mask != ATTN_MASK_NONE) keys = (keys + 1) / 2;
    return 2.0 * hash.columns * p->dk + keys * 2.0 * (p->dk + p->dv);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    double rows = (double)p->batch * p->heads * p->nq;
    (void)views;
    cost->flops = rows * of(params)->rounds * row_flops(p, params);
    cost->bytes = sizeof(float) * (rows * (p->dk + p->dv) + (double)p->batch * p->kv_heads * p->nk * p->dv);
}

/* The exponent of the flops from 4096 to 65536 tokens, constants taken out, to one decimal. */
static void growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    double flops[3];
    for (int i = 0; i < 3; i++) {
        const struct attn_problem p = {.nk = 4096 << 2 * i, .dk = 1, .dv = 1, .mask = mask};
        flops[i] = p.nk * row_flops(&p, params);
    }
    g->time.exponent = round(10 * log((flops[2] - flops[1]) / (flops[1] - flops[0])) / log(4)) / 10;
    if (of(params)->buckets) g->time.formula = "n rounds (chunk (dk + dv) + buckets dk)";
    else if (of(params)->factorise == NEVER) g->time.formula = "n rounds (chunk (dk + dv) + n / chunk dk)";
}

const struct attn_variant attn_variant_lsh = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "lsh",
    .brief =
        "Reformer: softmax over tokens of the same hash bucket, keys are the queries brought to length 1",
    .formula = "o_i = sum_{j in P} softmax_j(q_i.q_j / |q_j|) v_j, P the union over rounds of buckets cut "
               "into chunks",
    .cite = "Kitaev, Kaiser, Levskaya: Reformer, 2020",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_GROUPED |
            ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS | ATTN_CAP_RANDOM,
    .time = {1.1, "n rounds (chunk (dk + dv) + sqrt(n / chunk) dk)"},
    .memory = {1, "batch heads n rounds"},
    .family = "content-based",
    .steps = {0, "log n"},
    .path = {NAN, "by content"},
    .params = table,
    .params_size = sizeof(struct params),
    .check = check,
    .size = size,
    .create = create,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .target = ATTN_TARGET_SHARED_QK,
    .growth = growth,
};
