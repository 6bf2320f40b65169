/*
 * linear.c -- linear attention with the feature map elu(x) + 1.
 *
 *   o_i = phi(q_i)^T S_i / (phi(q_i)^T z_i + eps)     S_i = sum_j phi(k_j) v_j^T,  z_i = sum_j phi(k_j)
 *
 * over the keys that query i sees: a state of dk x dv numbers takes the place of n x n scores. No
 * 1 / sqrt(d): problem.scale, softcap and bias have no meaning here.
 * Source: Katharopoulos, Vyas, Pappas, Fleuret, "Transformers are RNNs", ICML 2020, equations 5 and 7.
 * Departures: a causal row is computed in chunks (the state before the chunk, plus the scores inside
 * it), not by one rank-1 update for each key; sums over chunks are kept in double, so that a sequence
 * of a million keys does not drift; a row without a key is 0 / eps = 0. Carried state: S and z of
 * earlier keys, which every query sees.
 *
 * Work is cut into units of one key head and one segment of the sequence. How many segments there are
 * follows from the problem alone, so neither bits nor memory depend on threads or n:
 *   1. each segment sums its own keys;    2. segments are added up in order;    3. rows are computed.
 */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kern.h"
#include "parts.h"
#include "ragged.h"

enum {
    CHUNK = 128, /* keys or queries taken at once */
    UNITS = 8,   /* wanted units, for problems of few heads */
};

struct params {
    double eps;
};

static const struct attn_param table[] = {
    {"eps", ATTN_REAL, offsetof(struct params, eps), 1e-6, 0, 1, NULL, "added to the denominator"},
    {0},
};

enum { CARRY_S, CARRY_Z };
static const struct attn_tensor tensors[] = {
    {"state_s", ATTN_CARRY, "b hk dk dv", NULL, 0, NULL,
     "sum of phi(k) v^T over earlier keys; empty at the start"},
    {"state_z", ATTN_CARRY, "b hk dk", NULL, 0, NULL, "sum of phi(k) over earlier keys; empty at the start"},
    {0},
};

/* ---- layout of scratch ------------------------------------------------------------------------- */

struct workspace { /* one thread */
    float *x;      /* features of a chunk [CHUNK][dk] */
    float *panels; /* the same, packed [CHUNK / nr][dk][nr] */
    float *scores; /* [CHUNK][CHUNK] */
    float *sum;    /* a chunk's share of the state [dk][dv + 1], then the state rounded to float */
    float *den;    /* [CHUNK] */
};

static int segments(const struct attn_problem *p) {
    return clamp_int(ceil_div(UNITS, p->batch * p->kv_heads), 1, UNITS);
}

static size_t state_size(const struct attn_problem *p) { return (size_t)p->dk * (size_t)(p->dv + 1); }

static size_t workspace_bytes(const struct attn_problem *p) {
    return 2 * floats((size_t)CHUNK * (size_t)p->dk) + floats(CHUNK * CHUNK) + floats(state_size(p)) +
           floats(CHUNK);
}

/* One state in double for each segment, with S [dk][dv] first and z [dk] behind it, and one more for
   what is carried out. */
static size_t sums_bytes(const struct attn_problem *p) {
    return (size_t)(p->batch * p->kv_heads) * (size_t)(segments(p) + 1) *
           aligned(state_size(p) * sizeof(double));
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = sums_bytes(p) + (size_t)p->threads * workspace_bytes(p);
}

static double *sums(const struct attn_call *c, int head, int segment) {
    const struct attn_problem *p = c->problem;
    size_t at = (size_t)head * (size_t)(segments(p) + 1) + (size_t)segment;
    return (double *)((char *)c->scratch + at * aligned(state_size(p) * sizeof(double)));
}

static struct workspace workspace(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    char *at = (char *)c->scratch + sums_bytes(p) + (size_t)omp_get_thread_num() * workspace_bytes(p);
    struct workspace w;
    w.x = cut(&at, (size_t)CHUNK * (size_t)p->dk * sizeof(float));
    w.panels = cut(&at, (size_t)CHUNK * (size_t)p->dk * sizeof(float));
    w.scores = cut(&at, CHUNK * CHUNK * sizeof(float));
    w.sum = cut(&at, state_size(p) * sizeof(float));
    w.den = cut(&at, CHUNK * sizeof(float));
    return w;
}

/* ---- one unit: key head t / segments, segment t % segments ------------------------------------- */

struct unit {
    const struct attn_call *call;
    const struct kern *kern;
    struct workspace w;
    int b, g, keys, offset, segment; /* batch item, key head, valid keys, position of query 0 */
};

static struct unit unit(const struct attn_call *c, const struct kern *kern, int t) {
    const struct attn_problem *p = c->problem;
    struct unit u = {.call = c, .kern = kern, .w = workspace(c), .segment = t % segments(p)};
    u.b = t / segments(p) / p->kv_heads;
    u.g = t / segments(p) % p->kv_heads;
    u.keys = attn_keys(c, u.b);
    u.offset = attn_offset(p, u.keys);
    return u;
}

static double *unit_sums(const struct unit *u, int segment) {
    return sums(u->call, u->b * u->call->problem->kv_heads + u->g, segment);
}

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

static void features(const struct unit *u, const float *x, ptrdiff_t row, int n) {
    int dk = u->call->problem->dk;
    for (int i = 0; i < n; i++) u->kern->elu1(dk, x + i * row, u->w.x + (ptrdiff_t)i * dk);
}

/* acc += the keys j0 .. j1 - 1, at most CHUNK; their features stay in w.x. */
static void absorb(const struct unit *u, int j0, int j1, double *acc) {
    const struct attn_problem *p = u->call->problem;
    const struct attn_view *v = &u->call->v;
    int n = j1 - j0, dk = p->dk, dv = p->dv;
    if (n <= 0) return;
    features(u, attn_row(&u->call->k, u->b, u->g, j0), u->call->k.row, n);
    u->kern->mul(dk, dv, n, 1.0f, u->w.x, 1, dk, attn_row(v, u->b, u->g, j0), v->row, u->kern->nr, 0,
                 u->w.sum, dv);
    for (int x = 0; x < dk * dv; x++) acc[x] += u->w.sum[x];
    for (int j = 0; j < n; j++)
        for (int d = 0; d < dk; d++) acc[dk * dv + d] += u->w.x[(ptrdiff_t)j * dk + d];
}

static void absorb_all(const struct unit *u, int from, int to, double *acc) {
    for (int j = from; j < to; j += CHUNK) absorb(u, j, min_int(j + CHUNK, to), acc);
}

/* Queries i0 .. i1 - 1 of head h, against the state in w.sum and the keys j0 .. j1 - 1 packed in
   w.panels, of which query i sees those below attn_visible(). Uses w.x. */
static void rows(const struct unit *u, int h, int i0, int i1, int j0, int j1) {
    const struct attn_call *c = u->call;
    const struct attn_problem *p = c->problem;
    const struct params *params = c->params;
    const float *z = u->w.sum + (ptrdiff_t)p->dk * p->dv;
    int n = i1 - i0, keys = j1 - j0, nr = u->kern->nr, lo[CHUNK], hi[CHUNK];
    float *o = attn_out_row(&c->o, u->b, h, i0);
    features(u, attn_row(&c->q, u->b, h, i0), c->q.row, n);
    u->kern->mul(n, p->dv, p->dk, 1.0f, u->w.x, p->dk, 1, u->w.sum, p->dv, nr, 0, o, c->o.row);
    if (keys > 0)
        u->kern->mul(n, keys, p->dk, 1.0f, u->w.x, p->dk, 1, u->w.panels, nr, (ptrdiff_t)nr * p->dk, 0,
                     u->w.scores, CHUNK);
    for (int r = 0; r < n; r++) {
        lo[r] = 0;
        hi[r] = keys > 0 ? clamp_int((long)attn_visible(p, u->keys, i0 + r) - j0, 0, keys) : 0;
        u->w.den[r] = u->kern->dot(p->dk, u->w.x + (ptrdiff_t)r * p->dk, z) +
                      u->kern->sum(hi[r], u->w.scores + r * CHUNK);
    }
    if (keys > 0)
        ragged_mul(u->kern, n, lo, hi, p->dv, u->w.scores, CHUNK, attn_row(&c->v, u->b, u->g, j0), c->v.row,
                   0, o, c->o.row);
    for (int r = 0; r < n; r++) {
        float den = u->w.den[r] + (float)params->eps;
        u->kern->scale(p->dv, den > 0 ? 1.0f / den : 0.0f, o + r * c->o.row);
    }
}

static void round_state(const struct unit *u, const double *acc) {
    for (size_t x = 0; x < state_size(u->call->problem); x++) u->w.sum[x] = (float)acc[x];
}

/* ---- the three passes -------------------------------------------------------------------------- */

static void sum_segment(const struct unit *u) {
    double *acc = unit_sums(u, u->segment);
    memset(acc, 0, state_size(u->call->problem) * sizeof *acc);
    absorb_all(u, first_key(u, u->segment), first_key(u, u->segment + 1), acc);
}

static void load_carried(const struct unit *u, double *acc) {
    const struct attn_problem *p = u->call->problem;
    const struct attn_view *s = &u->call->tensors[CARRY_S], *z = &u->call->tensors[CARRY_Z];
    memset(acc, 0, state_size(p) * sizeof *acc);
    for (int d = 0; s->data && d < p->dk; d++)
        for (int x = 0; x < p->dv; x++) acc[d * p->dv + x] = attn_row(s, u->b, u->g, d)[x];
    for (int d = 0; z->data && d < p->dk; d++) acc[p->dk * p->dv + d] = attn_row(z, u->b, u->g, 0)[d];
}

static void store_carried(const struct unit *u, const double *acc) {
    const struct attn_problem *p = u->call->problem;
    const struct attn_output *s = &u->call->carried[CARRY_S], *z = &u->call->carried[CARRY_Z];
    for (int d = 0; s->data && d < p->dk; d++)
        for (int x = 0; x < p->dv; x++) attn_out_row(s, u->b, u->g, d)[x] = (float)acc[d * p->dv + x];
    for (int d = 0; z->data && d < p->dk; d++)
        attn_out_row(z, u->b, u->g, 0)[d] = (float)acc[p->dk * p->dv + d];
}

/* Turns the sums of segments into the state before each segment; the last place takes the total. */
static void add_up(const struct unit *u) {
    const struct attn_problem *p = u->call->problem;
    double *before = unit_sums(u, segments(p)); /* running state, kept in the last place */
    load_carried(u, before);
    for (int s = 0; s < segments(p); s++) {
        double *acc = unit_sums(u, s);
        for (size_t x = 0; x < state_size(p); x++) {
            double own = acc[x];
            acc[x] = before[x];
            before[x] += own;
        }
    }
    if (u->call->carried) store_carried(u, before);
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
            features(u, attn_row(&u->call->k, u->b, u->g, j0), u->call->k.row, j1 - j0);
            u->kern->pack(j1 - j0, p->dk, u->w.x, p->dk, u->w.panels);
        }
        for (int h = u->g * group; h < (u->g + 1) * group; h++) rows(u, h, i0, i1, j0, j1);
        if (causal) absorb(u, j0, j1, acc);
    }
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int heads = p->batch * p->kv_heads, units = heads * segments(p);
#pragma omp parallel num_threads(p->threads)
    {
        int whole = p->mask != ATTN_MASK_NONE && segments(p) == 1 && !c->carried;
#pragma omp for schedule(dynamic)
        for (int t = 0; t < units; t++) {
            struct unit u = unit(c, kern, t);
            if (whole) load_carried(&u, unit_sums(&u, 0)); /* the only segment starts the sequence */
            else sum_segment(&u);
        }
#pragma omp for schedule(dynamic)
        for (int t = 0; t < heads; t++) {
            struct unit u = unit(c, kern, t * segments(p));
            if (!whole) add_up(&u);
        }
#pragma omp for schedule(dynamic)
        for (int t = 0; t < units; t++) {
            struct unit u = unit(c, kern, t);
            write_rows(&u);
        }
    }
}

/* ---- definition -------------------------------------------------------------------------------- */

static double phi(float x) { return x > 0 ? (double)x + 1 : exp((double)x); }

/* What the carried state adds to row i: out [dv] and the return value, its weight. */
static double carried_share(const struct attn_call *c, int b, int g, const float *q_i, double *out) {
    const struct attn_problem *p = c->problem;
    double weight = 0;
    for (int d = 0; d < p->dk; d++) {
        if (c->tensors[CARRY_Z].data) weight += phi(q_i[d]) * attn_row(&c->tensors[CARRY_Z], b, g, 0)[d];
        for (int x = 0; c->tensors[CARRY_S].data && x < p->dv; x++)
            out[x] += phi(q_i[d]) * attn_row(&c->tensors[CARRY_S], b, g, d)[x];
    }
    return weight;
}

static void reference(const struct attn_call *c, int b, int h, const int *query, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    const struct params *params = c->params;
    int g = attn_kv_head(p, h), keys = attn_keys(c, b);
    double *w = malloc((size_t)p->nk * sizeof *w);
    double *phi_k = malloc((size_t)p->nk * (size_t)p->dk * sizeof *phi_k),
           *phi_q = malloc((size_t)p->dk * sizeof *phi_q);
    if (!w || !phi_k || !phi_q) abort();
    for (int j = 0; j < keys; j++)
        for (int d = 0; d < p->dk; d++) phi_k[(ptrdiff_t)j * p->dk + d] = phi(attn_row(&c->k, b, g, j)[d]);
    for (int r = 0; r < nrows; r++) {
        const float *q_i = attn_row(&c->q, b, h, query[r]);
        int visible = attn_visible(p, keys, query[r]);
        double *o = out + (ptrdiff_t)r * p->dv, earlier, den;
        for (int x = 0; x < p->dv; x++) o[x] = 0;
        for (int d = 0; d < p->dk; d++) phi_q[d] = phi(q_i[d]);
        den = earlier = carried_share(c, b, g, q_i, o);
        for (int j = 0; j < visible; j++) {
            const float *v_j = attn_row(&c->v, b, g, j);
            w[j] = 0;
            for (int d = 0; d < p->dk; d++) w[j] += phi_q[d] * phi_k[(ptrdiff_t)j * p->dk + d];
            for (int x = 0; x < p->dv; x++) o[x] += w[j] * v_j[x];
            den += w[j];
        }
        den += params->eps;
        for (int x = 0; x < p->dv; x++) o[x] = den > 0 ? o[x] / den : 0;
        for (int j = 0; weights && j < p->nk; j++)
            weights[(ptrdiff_t)r * p->nk + j] = j < visible ? w[j] / den : 0;
        if (outside) outside[r] = den > 0 ? earlier / den : 0;
    }
    free(w), free(phi_k), free(phi_q);
}

static void cost(const struct attn_problem *p, const void *params, struct attn_cost *cost) {
    double heads = (double)p->batch * p->heads, kv_heads = (double)p->batch * p->kv_heads;
    (void)params;
    cost->flops = 2.0 * p->dk * (p->dv + 1) * (heads * p->nq + kv_heads * p->nk);
    cost->bytes = sizeof(float) * (p->dk + p->dv) * (heads * p->nq + kv_heads * p->nk);
}

const struct attn_variant attn_variant_linear = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "linear",
    .brief = "linear attention, features elu(x) + 1",
    .formula =
        "o_i = phi(q_i)^T S_i / (phi(q_i)^T z_i + eps), S_i = sum_j phi(k_j) v_j^T, z_i = sum_j phi(k_j)",
    .cite = "Katharopoulos, Vyas, Pappas, Fleuret: Transformers are RNNs, 2020",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS,
    .time = {1, "n dk dv"},
    .memory = {0, "batch kv_heads dk dv + threads (dk + dv)"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
