/*
 * memory.c -- Memorizing Transformer: local causal attention, and the k best keys of an external memory.
 *
 * With x^ = x / |x|, logits are s_h q^_i . k^_j, sharp cosines, for keys of the context as for keys m of the memory.
 * T_i are the k keys of the memory that have the largest, the first of equal ones; it has no mask and no bias.
 *
 *   c_i = softmax over the context, j <= i within the window        m_i = softmax over T_i
 *   gate    o_i = g_h m_i + (1 - g_h) c_i     g_h = sigmoid(b_h)
 *   joint   o_i = one softmax over T_i and the context
 *
 * Source: Wu, Rabe, Hutchins, Szegedy, "Memorizing Transformers", ICLR 2022, section 3.2: gate. joint is the released
 * program of lucidrains, where s_h = exp(a_h), a_h from ln 20 on. problem.scale is not used: s_h stands in its place.
 * Departures: the look-up is exact, by all cosines; the paper's is approximate. What is written into the memory, the
 * context after it has been attended to, first in, first out, is the model's business. The context is a window that
 * slides; the paper cuts the sequence into segments of 512, with those before in a cache. Both forms have the factor
 * s_h; the paper leaves open what stands before the cosines.
 *
 * The context goes through tiles.c, the memory through select.c; the two outputs are merged by the gate, or by the
 * sums of their softmax.
 */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "select.h"
#include "softmax.h"
#include "tiles.h"

enum combine { GATE, JOINT };
enum gates { RAW, FINAL };

struct params {
    int combine, k, memory, window, gates;
    double sharpness;
};

static const char *const combines[] = {"gate", "joint", NULL};
static const char *const gate_kinds[] = {"raw", "final", NULL};
static const struct attn_param table[] = {
    {"combine", ATTN_CHOICE, offsetof(struct params, combine), GATE, 0, 0, combines,
     "gate: each part has a softmax of its own; joint: one for both"},
    {"k", ATTN_INT, offsetof(struct params, k), 32, 1, 1 << 20, NULL,
     "keys of the memory that a query attends to"},
    {"memory", ATTN_INT, offsetof(struct params, memory), 1536, 1, 1 << 24, NULL,
     "M, keys in the memory (paper 1536 to 262144)"},
    {"window", ATTN_INT, offsetof(struct params, window), 511, 0, 1 << 30, NULL,
     "keys of the context before the query, besides its own"},
    {"sharpness", ATTN_REAL, offsetof(struct params, sharpness), 20, 0, 1e4, NULL,
     "factor of the cosines, which exp(sharpen) multiplies"},
    {"gates", ATTN_CHOICE, offsetof(struct params, gates), RAW, 0, 0, gate_kinds,
     "the tensor gate holds b, of which g is the sigmoid, or g itself"},
    {0},
};

enum { MEMORY_K, MEMORY_V, GATES, SHARPEN };
static const struct attn_tensor tensors[] = {
    {"memory_k", ATTN_INPUT, "b hk memory dk", NULL, 1, NULL, "keys in the memory"},
    {"memory_v", ATTN_INPUT, "b hk memory dv", NULL, 1, NULL, "their values"},
    {"gate", ATTN_WEIGHT, "h if combine=gate", NULL, 1, NULL, "b or g, the share of the memory"},
    {"sharpen", ATTN_WEIGHT, "h", NULL, 0, NULL,
     "log of a factor of the cosines of each head; without a file 0"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static double sharpness(const struct attn_call *c, int h) {
    return of(c->params)->sharpness * exp((double)attn_row(&c->tensors[SHARPEN], 0, h, 0)[0]);
}

static double gate(const struct attn_call *c, int h) {
    double b = (double)attn_row(&c->tensors[GATES], 0, h, 0)[0];
    return of(c->params)->gates == FINAL ? b : 1 / (1 + exp(-b));
}

static int most(const void *params) { return min_int(of(params)->k, of(params)->memory); }

/* ---- scratch: q and k of length 1, the sums of the context, a share of a row for each thread -------- */

static size_t queries_bytes(const struct attn_problem *p) {
    return floats((size_t)p->batch * (size_t)p->heads * (size_t)p->nq * (size_t)p->dk);
}
static size_t keys_bytes(const struct attn_problem *p) {
    return floats((size_t)p->batch * (size_t)p->kv_heads * (size_t)p->nk * (size_t)p->dk);
}
static size_t sums_bytes(const struct attn_problem *p) {
    return floats((size_t)p->batch * (size_t)p->heads * (size_t)p->nq);
}
static size_t shares_bytes(const struct attn_problem *p) {
    return (size_t)p->threads * floats((size_t)p->dv);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    size_t tiles = tiles_scratch(p, 1), select = select_scratch(p, of(params)->memory, most(params));
    need->scratch = queries_bytes(p) + keys_bytes(p) + sums_bytes(p) + shares_bytes(p) +
                    (tiles > select ? tiles : select);
}

/* ---- forward ------------------------------------------------------------------------------------- */

/* y = factor x / |x|, a zero vector as it is. */
static void lengthen(const struct kern *kern, int d, float factor, const float *x, float *y) {
    float length = sqrtf(kern->dot(d, x, x));
    memcpy(y, x, (size_t)d * sizeof *y);
    kern->scale(d, length > 0 ? factor / length : 0, y);
}

/* All rows of x [batch][heads][n][d], packed; queries get the sharpness of their head as length. */
static struct attn_view unit_rows(const struct attn_call *c, const struct attn_view *x, int heads, int n,
                                  int is_query, float *to) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    int d = p->dk, rows = p->batch * heads * n;
#pragma omp parallel for schedule(static) num_threads(p->threads)
    for (int t = 0; t < rows; t++) {
        int b = t / n / heads, h = t / n % heads;
        float factor = is_query ? (float)sharpness(c, h) : 1;
        lengthen(kern, d, factor, attn_row(x, b, h, t % n), to + (ptrdiff_t)t * d);
    }
    return (struct attn_view){to, (ptrdiff_t)heads * n * d, (ptrdiff_t)n * d, d};
}

struct context {
    const float *lse; /* of the context [batch][heads][nq] */
    float *share;     /* of the memory in a row [threads][dv] */
};

static int all(const struct attn_call *c, int b, int i) {
    (void)b, (void)i;
    return of(c->params)->memory;
}

/* q . m^, as the definition has it: the factor that is common to a row moves no choice. */
static double exact(const struct attn_call *c, int b, int h, int i, int j) {
    const struct attn_problem *p = c->problem;
    const float *q = attn_row(&c->q, b, h, i), *m = attn_row(&c->tensors[MEMORY_K], b, attn_kv_head(p, h), j);
    double x = 0, square = 0;
    for (int d = 0; d < p->dk; d++) x += (double)q[d] * m[d], square += (double)m[d] * m[d];
    return square > 0 ? x / sqrt(square) : 0;
}

/* The row holds the output of the context; the memory joins. */
static void chosen(const struct select *x, const struct kern *kern, int b, int h, int i, int n,
                   const int *index, float *score) {
    const struct attn_call *c = x->call;
    const struct attn_problem *p = c->problem;
    const struct context *context = x->context;
    const struct attn_view *values = &c->tensors[MEMORY_V];
    float *o = attn_out_row(&c->o, b, h, i),
          *share = context->share + (size_t)omp_get_thread_num() * floats((size_t)p->dv) / sizeof *share;
    float top, sum = select_soften(kern, n, score, &top);
    double of_memory;
    if (of(c->params)->combine == GATE) of_memory = gate(c, h);
    else {
        double local = (double)context->lse[((ptrdiff_t)b * p->heads + h) * p->nq + i];
        of_memory = 1 / (1 + exp(local - ((double)top + log((double)sum))));
    }
    kern->scale(n, (float)(of_memory / (double)sum), score);
    kern->gather(n, index, score, p->dv, attn_row(values, b, attn_kv_head(p, h), 0), values->row, share);
    kern->blend(p->dv, (float)(1 - of_memory), share, o);
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    struct attn_problem inner = *p;
    struct attn_call call = *c;
    char *at = c->scratch;
    float *q = cut(&at, queries_bytes(p)), *k = cut(&at, keys_bytes(p)), *lse = cut(&at, sums_bytes(p));
    struct context context = {lse, cut(&at, shares_bytes(p))};
    inner.scale = 1;
    call.problem = &inner;
    call.scratch = at;
    call.lse = lse;
    call.q = unit_rows(c, &c->q, p->heads, p->nq, 1, q);
    call.k = unit_rows(c, &c->k, p->kv_heads, p->nk, 0, k);
    tiles_window(&call, of(c->params)->window, 0);
    const struct select select = {.call = c,
                                  .q = call.q,
                                  .k = c->tensors[MEMORY_K],
                                  .keys = of(c->params)->memory,
                                  .most = most(c->params),
                                  .scale = 1,
                                  .unit_keys = 1,
                                  .visible = all,
                                  .exact = exact,
                                  .chosen = chosen,
                                  .context = &context};
    select_forward(&select, at);
}

/* ---- definition ---------------------------------------------------------------------------------- */

/* x . y / |y|, 0 where y is. */
static double along(const float *x, const float *y, int dk) {
    double xy = 0, yy = 0;
    for (int d = 0; d < dk; d++) xy += (double)x[d] * y[d], yy += (double)y[d] * y[d];
    return yy > 0 ? xy / sqrt(yy) : 0;
}

static double length(const float *x, int dk) {
    double xx = 0;
    for (int d = 0; d < dk; d++) xx += (double)x[d] * x[d];
    return sqrt(xx);
}

static double local_logit(const struct attn_call *c, int b, int h, int i, int j, void *context) {
    const struct attn_problem *p = c->problem;
    const float *q = attn_row(&c->q, b, h, i), *k = attn_row(&c->k, b, attn_kv_head(p, h), j);
    double size = length(q, p->dk);
    (void)context;
    return size > 0 ? sharpness(c, h) * along(q, k, p->dk) / size : 0;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    const struct softmax_rule rule = {.left = of(c->params)->window, .right = 0, .score = local_logit};
    const struct attn_view *m = &c->tensors[MEMORY_K], *v = &c->tensors[MEMORY_V];
    int count = of(c->params)->memory, g = attn_kv_head(p, h);
    double *s = malloc((size_t)count * sizeof *s);
    int *key = malloc((size_t)count * sizeof *key);
    if (!s || !key) abort();
    for (int r = 0; r < nrows; r++, out += p->dv) {
        const float *q = attn_row(&c->q, b, h, rows[r]);
        double *own = weights ? weights + (ptrdiff_t)r * p->nk : NULL, local, share;
        double size = length(q, p->dk), sharp = size > 0 ? sharpness(c, h) / size : 0;
        double top = -(double)INFINITY, l = 0;
        for (int j = 0; j < count; j++) s[j] = along(q, attn_row(m, b, g, j), p->dk);
        int n = softmax_largest(count, s, most(c->params), key);
        for (int e = 0; e < n; e++) top = fmax(top, s[key[e]]);
        for (int e = 0; e < n; e++) l += exp(sharp * (s[key[e]] - top));
        softmax_rows(c, &rule, b, h, &rows[r], 1, own, out, &local, NULL);
        if (of(c->params)->combine == GATE) share = gate(c, h);
        else share = 1 / (1 + exp(local - sharp * top - log(l)));
        for (int d = 0; d < p->dv; d++) out[d] *= 1 - share;
        for (int j = 0; own && j < p->nk; j++) own[j] *= 1 - share;
        for (int e = 0; e < n; e++) {
            double w = share * exp(sharp * (s[key[e]] - top)) / l;
            for (int d = 0; d < p->dv; d++) out[d] += w * attn_row(v, b, g, key[e])[d];
        }
        if (outside) outside[r] = share;
    }
    free(s), free(key);
}

/* The context, a cosine for every key of the memory, a weight for the chosen ones. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    double rows = (double)p->batch * p->heads * p->nq, kv_heads = (double)p->batch * p->kv_heads;
    (void)views;
    parts_softmax_cost(p, parts_pairs(p, of(params)->window, 0), cost);
    cost->search = rows * 2.0 * (of(params)->memory - most(params)) * p->dk;
    cost->flops += cost->search + rows * 2.0 * most(params) * (p->dk + p->dv);
    cost->bytes += sizeof(float) * kv_heads * of(params)->memory * (p->dk + p->dv);
}

static void growth(const void *params, enum attn_mask mask, struct attn_growths *g) {
    (void)mask;
    if (of(params)->window == 0) g->path = (struct attn_growth){NAN, "none"};
}

const struct attn_variant attn_variant_memory = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "memory",
    .brief = "Memorizing Transformer: local attention, and the k best keys of an external memory",
    .formula =
        "o_i = g m_i + (1 - g) c_i: softmax over k keys of the memory, over the context; or one for both",
    .cite = "Wu, Rabe, Hutchins, Szegedy: Memorizing Transformers, 2022",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_BIAS |
            ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS,
    .time = {1, "n (memory dk + (window + k) (dk + dv))"},
    .memory = {1, "batch heads n dk + threads k"},
    .family = "content-based",
    .path = {1, "n / window"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .growth = growth,
};
