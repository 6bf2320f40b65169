/*
 * shaw.c -- relative position representations: each pair sees the key and the value of its distance as well.
 *
 *   s_ij = scale q_i . (k_j + a_k[r(j - i)])     o_i = sum_j softmax_j(s_ij) (v_j + a_v[r(j - i)])
 *   r(x) = max(-clip, min(clip, x)) + clip       a_k, a_v: 2 clip + 1 learned vectors
 *
 * Source: Shaw, Uszkoreit, Vaswani, "Self-attention with relative position representations", NAACL 2018, equations 3 to
 * 5; as there the heads share the vectors. i stands for the position of the query, i + attn_offset(). Softcap and bias
 * come on top of s_ij.
 * Departures: none. `tables = keys` leaves a_v out, which the paper's table 3 finds to do no harm.
 *
 * Neither sum is made for each pair. q_i . a_k[r] of every r is one row t_i, from which scores take what belongs to their
 * distance; and the weights of a row are summed by r, w_i, so that w_i a_v is what the values gain: 2 n (2 clip + 1)
 * (dk + dv) operations beside 2 n^2 (dk + dv). In a row of scores the distances within clip lie side by side; what is
 * farther shares the first entry or the last.
 *
 * For a unit of queries and each tile of keys in turn, as in tiles.c: scores, online softmax, products; the sums w are
 * brought to the new maximum with the output.
 */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "bias.h"
#include "kernels/kern.h"
#include "parts.h"
#include "ragged.h"
#include "softmax.h"

enum {
    BQ = 96,         /* queries of a block: a multiple of every kernel's mr */
    BK = 256,        /* keys of a tile: a multiple of PANEL */
    PANEL = 64,      /* a multiple of every kernel's nr */
    UNIT_BLOCKS = 4, /* blocks that share a packed tile */
    UNIT = BQ * UNIT_BLOCKS,
};

enum tables { BOTH, KEYS };

struct params {
    int clip, tables;
};

static const char *const tables_names[] = {"both", "keys", NULL};
static const struct attn_param table[] = {
    {"clip", ATTN_INT, offsetof(struct params, clip), 16, 0, 1024, NULL,
     "farther keys count as being so many positions away"},
    {"tables", ATTN_CHOICE, offsetof(struct params, tables), BOTH, 0, 0, tables_names,
     "both: vectors for keys and values; keys: for keys alone"},
    {0},
};

enum { A_K, A_V };
static const struct attn_tensor tensors[] = {
    {"a_k", ATTN_WEIGHT, "clip+clip+1 dk", NULL, 1, "dk", "what a key gains, of distance -clip first"},
    {"a_v", ATTN_WEIGHT, "clip+clip+1 dv", NULL, 1, "dv", "what a value gains, of distance -clip first"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static int distances(const void *params) { return 2 * of(params)->clip + 1; }

/* ---- forward ----------------------------------------------------------------------------------- */

struct workspace { /* one thread's scratch */
    float *kt;     /* a tile of keys, packed [BK / nr][dk][nr] */
    float *at;     /* a_k, packed */
    float *s;      /* scores [BQ][BK] */
    float *x;      /* a tile's share of the output [BQ][dv] */
    float *o;      /* not yet normalised output [UNIT][dv] */
    float *t, *w;  /* [UNIT][2 clip + 1]: scale q_i . a_k[r], and the weights summed by r */
    float *m, *l;  /* running maximum and sum [UNIT] */
};

static size_t packed_floats(int n, int d) { return (size_t)ceil_div(n, PANEL) * PANEL * (size_t)d; }

static size_t workspace_bytes(const struct attn_problem *p, const void *params) {
    size_t n = (size_t)distances(params), dk = (size_t)p->dk, dv = (size_t)p->dv;
    return floats(BK * dk) + floats(packed_floats((int)n, p->dk)) + floats((size_t)BQ * BK) +
           floats(BQ * dv) + floats(UNIT * dv) + 2 * floats(UNIT * n) + 2 * floats(UNIT);
}

static struct workspace workspace(const struct attn_call *c, int thread) {
    const struct attn_problem *p = c->problem;
    size_t n = (size_t)distances(c->params), dk = (size_t)p->dk, dv = (size_t)p->dv;
    char *at = (char *)c->scratch + (size_t)thread * workspace_bytes(p, c->params);
    struct workspace w;
    w.kt = cut(&at, BK * dk * sizeof(float));
    w.at = cut(&at, packed_floats((int)n, p->dk) * sizeof(float));
    w.s = cut(&at, (size_t)BQ * BK * sizeof(float));
    w.x = cut(&at, BQ * dv * sizeof(float));
    w.o = cut(&at, UNIT * dv * sizeof(float));
    w.t = cut(&at, UNIT * n * sizeof(float));
    w.w = cut(&at, UNIT * n * sizeof(float));
    w.m = cut(&at, UNIT * sizeof(float));
    w.l = cut(&at, UNIT * sizeof(float));
    return w;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->scratch = (size_t)p->threads * workspace_bytes(p, params);
}

struct unit { /* queries i0 .. i0 + rows - 1 of one head */
    const struct attn_call *call;
    const struct kern *kern;
    const struct workspace *w;
    int b, h, i0, rows, keys, offset;
};

struct tile { /* keys x0 .. x1 - 1 */
    int x0, x1, skip_zeros;
};

/* The entry of t_i and w_i that belongs to row r and column 0 of the tile; negative, or too large: an end of the table. */
static long entry(const struct unit *u, const struct tile *t, int r) {
    return (long)t->x0 - ((long)u->i0 + r + u->offset) + of(u->call->params)->clip;
}

/* Sums the weights p of row r, columns 0 .. end - 1, by distance. */
static void sum_distances(const struct unit *u, const struct tile *t, int r, int end, float factor,
                          const float *p) {
    int n = distances(u->call->params);
    long first = entry(u, t, r);
    int near = clamp_int(-first, 0, end),
        far = clamp_int(n - first, near, end); /* columns with entries of their own */
    float *row = u->w->w + (ptrdiff_t)r * n;
    u->kern->scale(n, factor, row);
    row[0] += u->kern->sum(near, p);
    for (int x = near; x < far; x++) row[first + x] += p[x];
    row[n - 1] += u->kern->sum(end - far, p + far);
}

/* Rows r0 .. r0 + rows - 1 of the unit against the tile. */
static void block(const struct unit *u, const struct tile *t, int r0, int rows) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    const struct workspace *w = u->w;
    const struct pattern_axis axis = {.step = 1, .count = u->keys};
    const struct attn_view *q = &c->q, *v = &c->v;
    int lo[BQ], hi[BQ], most = 0, kv = attn_kv_head(p, u->h), nr = u->kern->nr, n = distances(c->params);
    float factor[BQ];
    for (int r = 0; r < rows; r++) {
        lo[r] = 0;
        hi[r] = clamp_int((long)attn_visible(p, u->keys, u->i0 + r0 + r) - t->x0, 0, t->x1 - t->x0);
        most = max_int(most, hi[r]);
    }
    if (!most) return;
    u->kern->mul(rows, most, p->dk, p->scale, attn_row(q, u->b, u->h, u->i0 + r0), q->row, 1, w->kt, nr,
                 (ptrdiff_t)nr * p->dk, 0, w->s, BK);
    for (int r = 0; r < rows; r++) {
        int i = u->i0 + r0 + r;
        bias_add_table(w->t + (ptrdiff_t)(r0 + r) * n, n, entry(u, t, r0 + r), hi[r], w->s + r * BK);
        if (p->bias || p->softcap > 0)
            bias_apply(c, u->kern, u->b, u->h, i, i + u->offset, &axis, t->x0, 0, hi[r], w->s + r * BK);
    }
    u->kern->soften(rows, lo, hi, w->s, BK, w->m + r0, w->l + r0, factor);
    memset(w->x, 0, (size_t)rows * (size_t)p->dv * sizeof(float));
    ragged_mul(u->kern, rows, lo, hi, p->dv, w->s, BK, attn_row(v, u->b, kv, t->x0), v->row, t->skip_zeros,
               w->x, p->dv);
    for (int r = 0; r < rows; r++) {
        if (!hi[r]) continue;
        u->kern->blend(p->dv, factor[r], w->x + (ptrdiff_t)r * p->dv, w->o + (ptrdiff_t)(r0 + r) * p->dv);
        if (of(c->params)->tables == BOTH) sum_distances(u, t, r0 + r, hi[r], factor[r], w->s + r * BK);
    }
}

/* The rows t_i, and sums of nothing. */
static void begin(const struct unit *u) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    const struct attn_view *a = &c->tensors[A_K], *q = &c->q;
    int n = distances(c->params), nr = u->kern->nr;
    u->kern->pack(n, p->dk, attn_row(a, 0, 0, 0), a->row, u->w->at);
    u->kern->mul(u->rows, n, p->dk, p->scale, attn_row(q, u->b, u->h, u->i0), q->row, 1, u->w->at, nr,
                 (ptrdiff_t)nr * p->dk, 0, u->w->t, n);
    memset(u->w->w, 0, (size_t)u->rows * (size_t)n * sizeof(float));
    memset(u->w->o, 0, (size_t)u->rows * (size_t)p->dv * sizeof(float));
    for (int r = 0; r < u->rows; r++) u->w->m[r] = -INFINITY, u->w->l[r] = 0;
}

/* o = (o + w a_v) / l */
static void finish(const struct unit *u) {
    const struct attn_call *c = u->call;
    const struct attn_view *a = &c->tensors[A_V];
    int dv = c->problem->dv, n = distances(c->params);
    if (of(c->params)->tables == BOTH)
        u->kern->mul(u->rows, dv, n, 1.0f, u->w->w, n, 1, attn_row(a, 0, 0, 0), a->row, u->kern->nr, 1,
                     u->w->o, dv);
    for (int r = 0; r < u->rows; r++) {
        float l = u->w->l[r], *o = u->w->o + (ptrdiff_t)r * dv;
        u->kern->scale(dv, l > 0 ? 1.0f / l : 0.0f, o);
        memcpy(attn_out_row(&c->o, u->b, u->h, u->i0 + r), o, (size_t)dv * sizeof *o);
    }
}

static void run(const struct unit *u) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    int last = attn_visible(p, u->keys, u->i0 + u->rows - 1), kv = attn_kv_head(p, u->h);
    begin(u);
    for (int x0 = 0; x0 < last; x0 += BK) {
        struct tile t = {x0, min_int(x0 + BK, last), 0};
        t.skip_zeros = bias_hides_keys(p) &&
                       !values_finite(u->kern, t.x1 - x0, p->dv, attn_row(&c->v, u->b, kv, x0), c->v.row);
        u->kern->pack(t.x1 - x0, p->dk, attn_row(&c->k, u->b, kv, x0), c->k.row, u->w->kt);
        for (int r = 0; r < u->rows; r += BQ) block(u, &t, r, min_int(BQ, u->rows - r));
    }
    finish(u);
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int units = ceil_div(p->nq, UNIT);
#pragma omp parallel num_threads(p->threads)
    {
        struct workspace w = workspace(c, omp_get_thread_num());
#pragma omp for schedule(dynamic)
        for (int x = 0; x < p->batch * p->heads * units; x++) {
            int head = x / units, i0 = (units - 1 - x % units) * UNIT,
                b = head / p->heads; /* the longest first */
            struct unit u = {c, kern, &w, b, head % p->heads, i0, min_int(UNIT, p->nq - i0), attn_keys(c, b),
                             0};
            u.offset = attn_offset(p, u.keys);
            run(&u);
        }
    }
}

/* ---- definition --------------------------------------------------------------------------------- */

/* The vector of a table that belongs to query i and key j. */
static const float *relative(const struct attn_call *c, int b, int which, int i, int j) {
    int clip = of(c->params)->clip, x = j - (i + attn_offset(c->problem, attn_keys(c, b)));
    return attn_row(&c->tensors[which], 0, 0, (x < -clip ? -clip : x > clip ? clip : x) + clip);
}

static double score(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const float *q_i = attn_row(&c->q, b, h, i), *k_j = attn_row(&c->k, b, attn_kv_head(c->problem, h), j),
                *a = relative(c, b, A_K, i, j);
    double x = 0;
    (void)context;
    for (int d = 0; d < c->problem->dk; d++) x += (double)q_i[d] * ((double)k_j[d] + a[d]);
    return c->problem->scale * x;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    const struct softmax_rule rule = {.left = SOFTMAX_OPEN, .right = SOFTMAX_OPEN, .score = score};
    double *own = malloc((size_t)p->nk * sizeof *own);
    (void)weights, (void)outside;
    if (!own) abort();
    for (int r = 0; r < nrows; r++) {
        double *o = out + (ptrdiff_t)r * p->dv;
        softmax_rows(c, &rule, b, h, rows + r, 1, own, o, NULL, NULL);
        for (int j = 0; j < p->nk && of(c->params)->tables == BOTH; j++)
            for (int d = 0; d < p->dv && own[j] != 0; d++)
                o[d] += own[j] * relative(c, b, A_V, rows[r], j)[d];
    }
    free(own);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    double n = distances(params), width = p->dk + (of(params)->tables == BOTH ? p->dv : 0);
    (void)views;
    parts_softmax_cost(p, parts_pairs(p, PATTERN_OPEN, PATTERN_OPEN), cost);
    cost->flops += 2 * n * width * p->batch * p->heads * p->nq;
    cost->bytes += sizeof(float) * n * width;
}

const struct attn_variant attn_variant_shaw = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "shaw",
    .brief = "softmax attention with learned keys and values for the distance of each pair",
    .formula = "o_i = sum_j softmax_j(scale q_i.(k_j + a_k[clip(j-i)])) (v_j + a_v[clip(j-i)])",
    .cite = "Shaw, Uszkoreit, Vaswani: Self-attention with relative position representations, 2018",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_SAME_BITS,
    .time = {2, "n^2 (dk + dv) + n clip (dk + dv)"},
    .memory = {0, "threads clip (dk + dv)"},
    .family = "self-attention",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
