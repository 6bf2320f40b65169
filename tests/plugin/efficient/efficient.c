/*
 * efficient.c -- efficient attention: the keys are summed up before any query is asked.
 *
 *   E(Q, K, V) = rho_q(Q) (rho_k(K)^T V)
 *
 * The product in brackets, a context of dk x dv numbers, takes the place of n x n scores.
 *   normalisation = softmax   rho_q: softmax over the features of each query;
 *                             rho_k: softmax over the positions, in each feature of the keys by itself
 *   normalisation = scaling   rho_q(Q) = Q / sqrt(n), rho_k(K) = K / sqrt(n), n the number of valid keys
 * Softmax makes every row of weights, rho_q(q_i) . rho_k(k_j), sum to one. problem.scale is not used: neither
 * form has a factor for it. There is no causal form: rho_k divides by what the last key adds, and a bias or
 * a softcap would need the scores.
 * Source: Shen, Zhang, Zhao, Yi, Li, "Efficient Attention: Attention with Linear Complexities", WACV 2021,
 * equations 3 and 4.
 * Departures: where nq != nk, n counts keys in both roots. The maximum of a column is subtracted first.
 *
 * The sum over keys is cut into PARTS parts whatever the number of threads, and the parts are added in order:
 * the same bits for every number of threads.
 */
#include <omp.h>
#include <stdlib.h>

#include "attn.h"

enum { PARTS = 8, TILE = 32 }; /* parts of the keys of a head; rows of keys or queries normalised at once */

enum normalisation { SOFTMAX, SCALING };

struct params {
    int normalisation;
};

static const char *const normalisations[] = {"softmax", "scaling", NULL};
static const struct attn_param table[] = {
    {"normalisation", ATTN_CHOICE, offsetof(struct params, normalisation), SOFTMAX, 0, 0, normalisations,
     "softmax over features of q and positions of k, or both divided by sqrt(n)"},
    {0},
};

static int is_softmax(const struct attn_call *c) {
    return ((const struct params *)c->params)->normalisation == SOFTMAX;
}

static int min_int(int a, int b) { return a < b ? a : b; }

/* ---- layout of scratch: PARTS parts for each head of keys, then a tile for each thread ------------ */

struct part {
    float *top, *sum, *context; /* of each column of K the maximum [dk] and sum [dk]; [dk][dv] */
};

static size_t floats(size_t n) {
    return (n * sizeof(float) + ATTN_ALIGN - 1) / ATTN_ALIGN * ATTN_ALIGN / sizeof(float);
}

static size_t part_floats(const struct attn_problem *p) {
    return 2 * floats((size_t)p->dk) + floats((size_t)p->dk * (size_t)p->dv);
}

static size_t tile_floats(const struct attn_problem *p) { return floats(TILE * (size_t)p->dk); }

static size_t parts_count(const struct attn_problem *p) {
    return (size_t)p->batch * (size_t)p->kv_heads * PARTS;
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)params;
    need->scratch = (parts_count(p) * part_floats(p) + (size_t)p->threads * tile_floats(p)) * sizeof(float);
}

static struct part part_at(const struct attn_call *c, size_t index) {
    const struct attn_problem *p = c->problem;
    float *top = (float *)c->scratch + index * part_floats(p), *sum = top + floats((size_t)p->dk);
    return (struct part){top, sum, sum + floats((size_t)p->dk)};
}

static float *own_tile(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    return (float *)c->scratch + parts_count(p) * part_floats(p) +
           (size_t)omp_get_thread_num() * tile_floats(p);
}

/* ---- out[i] += sum_j a_ij y[j], rows of `width` numbers: the loop that takes the time ------------- */

struct factors { /* a_ij = at[i * row + j * column] */
    const float *at;
    ptrdiff_t row, column;
};

static void add_one(int width, float a, const float *y, float *restrict out) {
    for (int x = 0; x < width; x++) out[x] += a * y[x];
}

/* Two rows of out and four of y at once: eight multiply-adds for eight loads and stores. */
static void add_block(int width, const struct factors *f, int i, int j, const float *y0, ptrdiff_t row,
                      float *restrict out0, float *restrict out1) {
    const float *a = f->at + i * f->row + j * f->column, *b = a + f->row;
    const float *y1 = y0 + row, *y2 = y1 + row, *y3 = y2 + row;
    float a0 = a[0], a1 = a[f->column], a2 = a[2 * f->column], a3 = a[3 * f->column];
    float b0 = b[0], b1 = b[f->column], b2 = b[2 * f->column], b3 = b[3 * f->column];
    for (int x = 0; x < width; x++) {
        out0[x] += a0 * y0[x] + a1 * y1[x] + a2 * y2[x] + a3 * y3[x];
        out1[x] += b0 * y0[x] + b1 * y1[x] + b2 * y2[x] + b3 * y3[x];
    }
}

static void add_products(int m, int n, int width, struct factors f, const float *y, ptrdiff_t y_row,
                         float *out, ptrdiff_t out_row) {
    int pairs = m / 2 * 2, fours = n / 4 * 4;
    for (int i = 0; i < pairs; i += 2)
        for (int j = 0; j < fours; j += 4)
            add_block(width, &f, i, j, y + j * y_row, y_row, out + i * out_row, out + (i + 1) * out_row);
    for (int i = 0; i < m; i++)
        for (int j = i < pairs ? fours : 0; j < n; j++)
            add_one(width, f.at[i * f.row + j * f.column], y + j * y_row, out + i * out_row);
}

/* ---- 1. each part sums its own keys --------------------------------------------------------------- */

/* Keys from .. to - 1 of batch item b are those of a part; a part may be empty. */
static int part_begin(const struct attn_call *c, int b, int part) {
    int keys = attn_keys(c, b), each = (keys + PARTS * TILE - 1) / (PARTS * TILE) * TILE;
    return min_int(keys, part * each);
}

static void column_tops(const struct attn_call *c, int b, int g, int from, int to, float *restrict top) {
    int dk = c->problem->dk;
    for (int d = 0; d < dk; d++) top[d] = is_softmax(c) ? -INFINITY : 0;
    for (int j = from; is_softmax(c) && j < to; j++) {
        const float *k_j = attn_row(&c->k, b, g, j);
        for (int d = 0; d < dk; d++) top[d] = k_j[d] > top[d] ? k_j[d] : top[d];
    }
}

/* The tile [rows][dk] of rho_k, not yet divided by the sums of the columns, which grow. */
static void key_tile(const struct attn_call *c, int b, int g, int from, int rows, const struct part *part,
                     float *restrict tile) {
    int dk = c->problem->dk;
    for (int j = 0; j < rows; j++) {
        const float *k_j = attn_row(&c->k, b, g, from + j);
        for (int d = 0; d < dk; d++) tile[j * dk + d] = k_j[d] - part->top[d];
    }
    if (!is_softmax(c)) return;
    attn_exp(c->problem->isa, (size_t)rows * (size_t)dk, tile, tile);
    for (int j = 0; j < rows; j++) add_one(dk, 1, tile + j * dk, part->sum);
}

static void sum_part(const struct attn_call *c, size_t index) {
    const struct attn_problem *p = c->problem;
    int head = (int)(index / PARTS), b = head / p->kv_heads, g = head % p->kv_heads;
    int from = part_begin(c, b, (int)(index % PARTS)), to = part_begin(c, b, (int)(index % PARTS) + 1);
    struct part part = part_at(c, index);
    float *tile = own_tile(c);
    if (from == to) return;
    for (int d = 0; d < p->dk; d++) part.sum[d] = 0;
    for (ptrdiff_t x = 0; x < (ptrdiff_t)p->dk * p->dv; x++) part.context[x] = 0;
    column_tops(c, b, g, from, to, part.top);
    for (int j = from; j < to; j += TILE) {
        int rows = min_int(TILE, to - j);
        key_tile(c, b, g, j, rows, &part, tile);
        add_products(p->dk, rows, p->dv, (struct factors){tile, 1, p->dk}, attn_row(&c->v, b, g, j), c->v.row,
                     part.context, p->dv);
    }
}

/* ---- 2. the parts of a head are added, in order, into the first ------------------------------------ */

/* Row d of the context: its parts, each as if it had subtracted the maximum of them all, over their sum. */
static void join_row(const struct attn_call *c, size_t first, int parts, int keys, int d) {
    struct part part = part_at(c, first);
    float *row = part.context + (ptrdiff_t)d * c->problem->dv, top = part.top[d], sum = 0;
    int dv = c->problem->dv;
    for (int t = 1; t < parts; t++) top = fmaxf(top, part_at(c, first + (size_t)t).top[d]);
    for (int t = 0; t < parts; t++) {
        struct part next = part_at(c, first + (size_t)t);
        float factor = expf(next.top[d] - top);
        sum += factor * next.sum[d];
        if (t == 0)
            for (int x = 0; x < dv; x++) row[x] *= factor;
        else add_one(dv, factor, next.context + (ptrdiff_t)d * dv, row);
    }
    sum = is_softmax(c) ? 1 / sum : 1 / (float)keys;
    for (int x = 0; x < dv; x++) row[x] *= sum;
}

static void join_parts(const struct attn_call *c, int head) {
    int b = head / c->problem->kv_heads, keys = attn_keys(c, b), parts = 0;
    while (parts < PARTS && part_begin(c, b, parts) < keys) parts++;
    for (int d = 0; parts && d < c->problem->dk; d++) join_row(c, (size_t)head * PARTS, parts, keys, d);
}

/* ---- 3. the queries -------------------------------------------------------------------------------- */

static void softmax_row(int isa, int n, float *x) {
    float top = -INFINITY, sum = 0;
    for (int d = 0; d < n; d++) top = x[d] > top ? x[d] : top;
    for (int d = 0; d < n; d++) x[d] -= top;
    attn_exp(isa, (size_t)n, x, x);
    for (int d = 0; d < n; d++) sum += x[d];
    sum = 1 / sum;
    for (int d = 0; d < n; d++) x[d] *= sum;
}

/* Queries i0 .. i0 + rows - 1 of head h: zeros where no key is valid. */
static void answer(const struct attn_call *c, int b, int h, int i0, int rows) {
    const struct attn_problem *p = c->problem;
    struct part whole = part_at(c, ((size_t)b * (size_t)p->kv_heads + (size_t)attn_kv_head(p, h)) * PARTS);
    float *tile = own_tile(c);
    for (int i = 0; i < rows; i++) {
        const float *q_i = attn_row(&c->q, b, h, i0 + i);
        float *o_i = attn_out_row(&c->o, b, h, i0 + i);
        for (int x = 0; x < p->dv; x++) o_i[x] = 0;
        for (int d = 0; d < p->dk; d++) tile[i * p->dk + d] = q_i[d];
        if (is_softmax(c)) softmax_row(p->isa, p->dk, tile + i * p->dk);
    }
    if (attn_keys(c, b) == 0) return;
    add_products(rows, p->dk, p->dv, (struct factors){tile, p->dk, 1}, whole.context, p->dv,
                 attn_out_row(&c->o, b, h, i0), c->o.row);
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    long parts = (long)parts_count(p), tiles = (p->nq + TILE - 1) / TILE;
#pragma omp parallel num_threads(p->threads)
    {
#pragma omp for schedule(dynamic)
        for (long part = 0; part < parts; part++) sum_part(c, (size_t)part);
#pragma omp for schedule(dynamic)
        for (int head = 0; head < p->batch * p->kv_heads; head++) join_parts(c, head);
#pragma omp for schedule(dynamic)
        for (long t = 0; t < p->batch * p->heads * tiles; t++) {
            int head = (int)(t / tiles), i0 = (int)(t % tiles) * TILE;
            answer(c, head / p->heads, head % p->heads, i0, min_int(TILE, p->nq - i0));
        }
    }
}

/* ---- the definition -------------------------------------------------------------------------------- */

/* x[0], x[step], ... of n numbers: exp of each over the sum of all; or each over sqrt(keys). */
static void rho(const struct attn_call *c, int keys, int n, int step, double *x) {
    double top = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) top = fmax(top, x[(ptrdiff_t)i * step]);
    for (int i = 0; i < n; i++) sum += exp(x[(ptrdiff_t)i * step] - top);
    for (int i = 0; i < n; i++) {
        double *at = x + (ptrdiff_t)i * step;
        *at = is_softmax(c) ? exp(*at - top) / sum : *at / sqrt((double)keys);
    }
}

/* As the paper writes it: rho_k [keys][dk], the context [dk][dv], then the queries. */
static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int keys = attn_keys(c, b), g = attn_kv_head(p, h), dk = p->dk, dv = p->dv;
    double *k = calloc((size_t)keys * (size_t)dk + 1, sizeof *k), *q = calloc((size_t)dk, sizeof *q);
    double *context = calloc((size_t)dk * (size_t)dv, sizeof *context);
    (void)outside;
    if (!k || !q || !context) abort();
    for (int j = 0; j < keys; j++)
        for (int d = 0; d < dk; d++) k[(ptrdiff_t)j * dk + d] = (double)attn_row(&c->k, b, g, j)[d];
    for (int d = 0; d < dk; d++) rho(c, keys, keys, dk, k + d);
    for (int j = 0; j < keys; j++)
        for (int d = 0; d < dk; d++)
            for (int x = 0; x < dv; x++)
                context[(ptrdiff_t)d * dv + x] +=
                    k[(ptrdiff_t)j * dk + d] * (double)attn_row(&c->v, b, g, j)[x];
    for (int r = 0; r < nrows; r++) {
        double *o = out + (ptrdiff_t)r * dv, *w = weights ? weights + (ptrdiff_t)r * p->nk : NULL;
        for (int d = 0; d < dk; d++) q[d] = (double)attn_row(&c->q, b, h, rows[r])[d];
        rho(c, keys, dk, 1, q);
        for (int x = 0; x < dv; x++) o[x] = 0;
        for (int d = 0; keys && d < dk; d++)
            for (int x = 0; x < dv; x++) o[x] += q[d] * context[(ptrdiff_t)d * dv + x];
        for (int j = 0; w && j < p->nk; j++) w[j] = 0;
        for (int j = 0; w && j < keys; j++)
            for (int d = 0; d < dk; d++) w[j] += q[d] * k[(ptrdiff_t)j * dk + d];
    }
    free(k), free(q), free(context);
}

/* Both products; the exponentials are of lower order. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *tensors,
                 struct attn_cost *cost) {
    double heads = (double)p->batch * p->heads, kv_heads = (double)p->batch * p->kv_heads;
    (void)params, (void)tensors;
    cost->flops = 2.0 * p->dk * p->dv * (kv_heads * p->nk + heads * p->nq);
    cost->bytes = sizeof(float) * (p->dk + p->dv) * (heads * p->nq + kv_heads * p->nk);
}

const struct attn_variant attn_variant_efficient = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "efficient",
    .brief = "efficient attention: keys are summed into a context, then queries are asked",
    .formula =
        "E(Q, K, V) = rho_q(Q) (rho_k(K)^T V); softmax over the features of q, over the positions of k",
    .cite = "Shen, Zhang, Zhao, Yi, Li: Efficient Attention, 2021",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_GROUPED |
            ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS,
    .time = {1, "n dk dv"},
    .memory = {0, "batch kv_heads dk dv + threads dk"},
    .family = "kernel",
    .params = table,
    .params_size = sizeof(struct params),
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};

ATTN_PLUGIN(&attn_variant_efficient);
