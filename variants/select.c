/*
 * select.c -- for each query the k keys that score highest.
 *
 * Scores are computed in tiles, as in tiles.c. Each row keeps candidates, (score, key) with keys ascending: what is
 * above a bound that k scores of the row have reached is appended, and where there are too many, the best k and some
 * more stay and the bound rises. The first bound comes from all of the first tile. Of n scores in random order about
 * k ln(n / k) pass the bound, so the cost beyond the scores is that of one comparison each, and nothing of size n is
 * stored.
 *
 * Float scores are off by rounding, at most `margin`. With T the k-th largest of them, what is above T by two
 * margins is chosen and what is below by two is not; between lies as a rule the one key that has T. Where there are
 * more, their scores are computed again in double, and decide. Products of n floats are off by n u |q| |k| at most
 * (u = 2^-24; Higham, "Accuracy and stability of numerical algorithms", 2002, section 3.1); margin() has room for
 * the rest.
 */
#include "select.h"

#include <omp.h>
#include <string.h>

#include "parts.h"

enum {
    BQ = 96,             /* queries of a block: a multiple of every kernel's mr */
    BK = 256,            /* keys of a tile: a multiple of every kernel's nr */
    UNIT_BLOCKS = 4,     /* blocks that share a packed tile of keys */
    LEAST_ROWS = 24,     /* of a unit, however many candidates its rows may have */
    CANDIDATES = 1 << 17 /* of a unit, where it has more rows */
};
enum { SPACE = 128, BEYOND = 16 }; /* candidates that are appended at once */
enum { FEW = 8 };                  /* so many queries are not worth packing keys for */

/* Candidates of a row between two looks, and with as many as are appended at once, and what kern->above() needs
   beyond. */
static int limit(int most) { return 2 * most + SPACE; }
static int room(int keys, int most) { return limit(min_int(most, keys)) + SPACE + BEYOND; }

/* How many more than `most` may stay for a bound that is found sooner. */
static int slack(int most) { return most / 2 + 8; }

/* Queries that read the same keys: those of all heads of a group, head by head. */
static int group_rows(const struct attn_problem *p) { return p->heads / p->kv_heads * p->nq; }

static int unit_rows(const struct attn_problem *p, int keys, int most) {
    long all = (long)p->batch * p->heads * p->nq, share = all / (6L * p->threads) + 1;
    int fit = clamp_int(CANDIDATES / room(keys, most), LEAST_ROWS, UNIT_BLOCKS * BQ);
    int even = clamp_int((share + LEAST_ROWS - 1) / LEAST_ROWS * LEAST_ROWS, LEAST_ROWS, fit);
    return min_int(even, group_rows(p));
}

struct workspace {   /* one thread's scratch */
    float *q;        /* queries side by side [unit][dk] */
    float *kt;       /* a tile of keys, packed */
    float *shorten;  /* 1 / |k| of the keys of the tile [BK] */
    float *s;        /* scores [BQ][BK] */
    float *reach;    /* scale |q| of each row [unit] */
    float *bound;    /* the k-th largest score so far, -inf before there are k [unit] */
    int *count, *hi; /* candidates; keys that the row sees [unit] */
    float *value;    /* of the candidates [unit][room], */
    int *index;      /* and which keys they are */
    double *exact;   /* scores in double of those candidates of a row that are in doubt [room] */
};

static size_t workspace_bytes(const struct attn_problem *p, int keys, int most) {
    size_t rows = (size_t)unit_rows(p, keys, most), each = (size_t)room(keys, most);
    return floats(rows * (size_t)p->dk) + floats((size_t)BK * (size_t)p->dk) + floats(BK) +
           floats((size_t)BQ * BK) + 4 * floats(rows) + 2 * floats(rows * each) +
           aligned(each * sizeof(double));
}

size_t select_scratch(const struct attn_problem *p, int keys, int most) {
    return (size_t)p->threads * workspace_bytes(p, keys, most);
}

static struct workspace workspace(const struct select *x, void *scratch, int thread) {
    const struct attn_problem *p = x->call->problem;
    size_t rows = (size_t)unit_rows(p, x->keys, x->most), each = (size_t)room(x->keys, x->most);
    char *at = (char *)scratch + (size_t)thread * workspace_bytes(p, x->keys, x->most);
    struct workspace w;
    w.q = cut(&at, rows * (size_t)p->dk * sizeof(float));
    w.kt = cut(&at, (size_t)BK * (size_t)p->dk * sizeof(float));
    w.shorten = cut(&at, BK * sizeof(float));
    w.s = cut(&at, (size_t)BQ * BK * sizeof(float));
    w.reach = cut(&at, rows * sizeof(float));
    w.bound = cut(&at, rows * sizeof(float));
    w.count = cut(&at, rows * sizeof(int));
    w.hi = cut(&at, rows * sizeof(int));
    w.value = cut(&at, rows * each * sizeof(float));
    w.index = cut(&at, rows * each * sizeof(int));
    w.exact = (double *)at;
    return w;
}

struct unit {
    const struct select *select;
    const struct kern *kern;
    struct workspace w;
    int b, g, x0, rows; /* rows x0 .. x0 + rows - 1 of those that read key head g */
    float longest;      /* of the keys so far, 1 where they are brought to that */
};

/* Row r of the unit is query query_of() of head head_of(). */
static int head_of(const struct unit *u, int r) {
    const struct attn_problem *p = u->select->call->problem;
    return u->g * (p->heads / p->kv_heads) + (u->x0 + r) / p->nq;
}
static int query_of(const struct unit *u, int r) { return (u->x0 + r) % u->select->call->problem->nq; }

/* ---- the best k of the candidates ------------------------------------------------------------------ */

/* By how much a float score near `value` may miss the one in double. */
static float margin(const struct unit *u, int r, float value) {
    const float unit = 0x1p-24f, tiny = 0x1p-126f; /* products may be denormal */
    int dk = u->select->call->problem->dk;
    return unit * ((float)(2 * dk + 32) * u->w.reach[r] * u->longest + 4 * fabsf(value)) + (float)dk * tiny;
}

/* The bits of a double in their order as integers: an involution. */
static int64_t ordered(int64_t bits) { return bits ^ ((bits >> 63) & INT64_MAX); }

/* The n-th largest of `count` doubles: by halves of what it may be. */
static double nth(const double *x, int count, int n) {
    int64_t from = INT64_MIN, to = INT64_MAX; /* at least n from `from` on, fewer from `to` */
    double found;
    while (to - 1 > from) {
        int64_t middle = (from >> 1) + (to >> 1) + (from & to & 1), bits = ordered(middle);
        int as_many = 0;
        memcpy(&found, &bits, sizeof found);
        for (int e = 0; e < count; e++) as_many += x[e] >= found;
        if (as_many >= n) from = middle;
        else to = middle;
    }
    from = ordered(from);
    memcpy(&found, &from, sizeof found);
    return found;
}

/* Of `count` candidates of row r, `most` and some in doubt: those from `low` to `high` go by their scores in
   double, and where these are equal the first stay. */
static int decide(const struct unit *u, int r, int count, float low, float high, float *value, int *index) {
    const struct select *x = u->select;
    int doubts = 0, kept = 0, wanted = x->most, h = head_of(u, r), i = query_of(u, r);
    for (int e = 0; e < count; e++) {
        if (value[e] > high) wanted--;
        else if (value[e] >= low) u->w.exact[doubts++] = x->exact(x->call, u->b, h, i, index[e]);
    }
    double least = nth(u->w.exact, doubts, wanted);
    for (int e = 0; e < doubts; e++) wanted -= u->w.exact[e] > least;
    for (int e = 0, d = 0; e < count; e++) {
        int keep = value[e] > high;
        if (!keep && value[e] >= low) {
            double score = u->w.exact[d++];
            keep = score > least || (score == least && wanted-- > 0);
        }
        value[kept] = value[e], index[kept] = index[e];
        kept += keep;
    }
    return kept;
}

/* Brings the candidates of row r, more than `most`, down to the best. */
static void shrink(const struct unit *u, int r, float *value, int *index) {
    int most = u->select->most, count = u->w.count[r];
    float bound = u->kern->kth(count, value, most, 0), off = 2 * margin(u, r, bound);
    count = u->kern->keep(count, bound - off, value, index);
    u->w.count[r] = count > most ? decide(u, r, count, bound - off, bound + off, value, index) : count;
    u->w.bound[r] = bound;
}

/* The float score below which none of row r is chosen any more. */
static float least(const struct unit *u, int r) {
    float bound = u->w.bound[r];
    return bound > -INFINITY ? bound - 2 * margin(u, r, bound) : bound;
}

/* Brings too many candidates of row r down to few, or where they are too much alike, to the best. */
static void thin(const struct unit *u, int r, float *value, int *index) {
    int most = u->select->most, *count = &u->w.count[r];
    u->w.bound[r] = u->kern->kth(*count, value, most, slack(most));
    *count = u->kern->keep(*count, least(u, r), value, index);
    if (*count > limit(most) - SPACE / 2) shrink(u, r, value, index);
}

/* Scores of row r against keys j0 .. j0 + n - 1. */
static void consider(const struct unit *u, int r, int j0, int n, const float *s) {
    int most = u->select->most, space = room(u->select->keys, most), *count = &u->w.count[r];
    float *value = u->w.value + (ptrdiff_t)r * space;
    int *index = u->w.index + (ptrdiff_t)r * space;
    if (n > most && *count == 0) u->w.bound[r] = u->kern->kth(n, s, most, slack(most));
    for (int x = 0; x < n; x += SPACE) {
        int some = min_int(n - x, SPACE);
        *count += u->kern->above(some, s + x, least(u, r), j0 + x, value + *count, index + *count);
        if (*count > limit(most)) thin(u, r, value, index);
    }
}

/* ---- scores ---------------------------------------------------------------------------------------- */

/* Lengths of the keys of a tile; they enter every bound on rounding, NaN and what is masked do no harm. */
static void measure(struct unit *u, const float *k, ptrdiff_t row, int n) {
    int dk = u->select->call->problem->dk, unit_keys = u->select->unit_keys;
    for (int j = 0; j < n; j++) {
        float length = sqrtf(u->kern->dot(dk, k + j * row, k + j * row)) + 1e-18f; /* squares may vanish */
        if (length > u->longest && !unit_keys) u->longest = length;
        u->w.shorten[j] = 1 / length;
    }
}

/* Rows r0 .. r0 + rows - 1 of the unit against keys j0 .. j0 + n - 1; k is the first of them. */
static void score(const struct unit *u, int r0, int rows, int j0, int n, const float *k) {
    const struct select *x = u->select;
    const struct attn_problem *p = x->call->problem;
    const float *q = u->w.q + (ptrdiff_t)r0 * p->dk;
    int nr = u->kern->nr;
    if (group_rows(p) <= FEW) u->kern->dots(rows, n, p->dk, x->scale, q, p->dk, k, x->k.row, u->w.s, BK);
    else
        u->kern->mul(rows, n, p->dk, x->scale, q, p->dk, 1, u->w.kt, nr, (ptrdiff_t)nr * p->dk, 0, u->w.s,
                     BK);
    for (int r = 0; x->unit_keys && r < rows; r++)
        u->kern->fade(n, u->w.shorten, 1, 0, 1, u->w.s + r * BK, u->w.s + r * BK);
    for (int r = 0; r < rows; r++) {
        int seen = min_int(u->w.hi[r0 + r] - j0, n);
        if (seen <= 0) continue;
        if (x->adjust)
            x->adjust(x->call, u->kern, u->b, head_of(u, r0 + r), query_of(u, r0 + r), j0, seen,
                      u->w.s + r * BK);
        consider(u, r0 + r, j0, seen, u->w.s + r * BK);
    }
}

static void begin(struct unit *u, int *last) {
    const struct select *x = u->select;
    int dk = x->call->problem->dk;
    *last = 0;
    u->longest = x->unit_keys ? 1 : 0;
    for (int r = 0; r < u->rows; r++) {
        const float *q = attn_row(&x->q, u->b, head_of(u, r), query_of(u, r));
        memcpy(u->w.q + (ptrdiff_t)r * dk, q, (size_t)dk * sizeof *q);
        u->w.reach[r] = fabsf(x->scale) * (sqrtf(u->kern->dot(dk, q, q)) + 1e-18f);
        u->w.bound[r] = -INFINITY;
        u->w.count[r] = 0;
        u->w.hi[r] = x->visible(x->call, u->b, query_of(u, r));
        *last = max_int(*last, u->w.hi[r]);
    }
}

static void run(struct unit *u) {
    const struct select *x = u->select;
    const struct attn_problem *p = x->call->problem;
    int last, space = room(x->keys, x->most);
    begin(u, &last);
    for (int j0 = 0; j0 < last; j0 += BK) {
        int n = min_int(BK, last - j0);
        const float *k = attn_row(&x->k, u->b, u->g, j0);
        measure(u, k, x->k.row, n);
        if (group_rows(p) > FEW) u->kern->pack(n, p->dk, k, x->k.row, u->w.kt);
        for (int r = 0; r < u->rows; r += BQ) {
            int rows = min_int(BQ, u->rows - r), seen = 0;
            for (int e = 0; e < rows; e++) seen = max_int(seen, u->w.hi[r + e] - j0);
            if (seen > 0) score(u, r, rows, j0, min_int(seen, n), k);
        }
    }
    for (int r = 0; r < u->rows; r++) {
        float *value = u->w.value + (ptrdiff_t)r * space;
        int *index = u->w.index + (ptrdiff_t)r * space;
        if (u->w.count[r] > x->most) shrink(u, r, value, index);
        x->chosen(x, u->kern, u->b, head_of(u, r), query_of(u, r), u->w.count[r], index, value);
    }
}

void select_forward(const struct select *x, void *scratch) {
    const struct attn_problem *p = x->call->problem;
    const struct kern *kern = kern_find(p->isa);
    int all = group_rows(p), rows = unit_rows(p, x->keys, x->most), parts = ceil_div(all, rows),
        heads = p->batch * p->kv_heads;
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < heads * parts; t++) {
        /* late queries of a causal mask see most keys: they go first, so that short units end the loop */
        int head = t % heads, x0 = (parts - 1 - t / heads) * rows;
        struct unit u = {.select = x,
                         .kern = kern,
                         .w = workspace(x, scratch, omp_get_thread_num()),
                         .b = head / p->kv_heads,
                         .g = head % p->kv_heads,
                         .x0 = x0,
                         .rows = min_int(rows, all - x0)};
        run(&u);
    }
}

float select_soften(const struct kern *kern, int n, float *score, float *top) {
    const int none = 0;
    float sum = 0, factor;
    *top = -INFINITY;
    kern->soften(1, &none, &n, score, 0, top, &sum, &factor);
    return sum;
}
