/*
 * linformer.c -- attention over `rank` mixtures of the keys.
 *
 *   o_i = sum_p softmax_p(scale q_i . (E K)_p) (F V)_p        E, F [rank][nk]
 *
 * Source: Wang, Li, Khabsa, Fang, Ma, "Linformer: self-attention with linear complexity", 2020, equation 7.
 * Sharing, as the paper names it: "headwise" E and F for all heads, "key_value" one matrix for both. Its layerwise
 * sharing is key_value with one file for every layer. "none" is equation 7 as it stands, E_h and F_h of each head; query
 * heads of a group have one, since they share its mixtures.
 *   projection = gaussian    E and F from the tensors e and f, deviation 1 / sqrt(rank), as in the paper's proof and before
 *                            training; trained matrices can stand in their places
 *   projection = mean_pool   means over rank even stretches of keys
 *   projection = conv        weighted sums over the stretches: a convolution whose kernel and stride are nk / rank, one
 *                            weight of kernel_e and kernel_f for each place in a stretch, the same in every column
 * The last two are among the paper's general projections, which leave open whether a convolution mixes columns. Its maximum
 * over stretches is not offered: it is no mixture of keys.
 * Departures: none. Keys beyond the key length are zero rows, before E. Stretches are those of pool.h; one that has no
 * valid key is no mixture and gets no weight. So with mean_pool and a rank of nk or more every key is a stretch of its own,
 * and this is softmax attention, on padded items too.
 *
 * There is no causal form: row p of E K mixes all positions, so every query would see the future.
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kern.h"
#include "parts.h"
#include "pool.h"
#include "tiles.h"

enum projection { GAUSSIAN, MEAN_POOL, CONV };
enum sharing { HEADWISE, KEY_VALUE, NONE };

struct params {
    int rank, projection, sharing;
};

static const char *const projections[] = {"gaussian", "mean_pool", "conv", NULL};
static const char *const sharings[] = {"headwise", "key_value", "none", NULL};
static const struct attn_param table[] = {
    {"rank", ATTN_INT, offsetof(struct params, rank), 256, 1, 1 << 20, NULL,
     "mixtures of keys that a query attends to; means and kernels: at most nk"},
    {"projection", ATTN_CHOICE, offsetof(struct params, projection), GAUSSIAN, 0, 0, projections,
     "E and F: the tensors e and f, means over even stretches, or a kernel moved over them"},
    {"sharing", ATTN_CHOICE, offsetof(struct params, sharing), HEADWISE, 0, 0, sharings,
     "headwise: e for keys, f for values, of all heads; key_value: that of e for both; none: each head its "
     "own"},
    {0},
};

enum { E, F, KERNELS, APART = 4 }; /* F after E; those of a head are APART from those of all */
static const struct attn_tensor tensors[] = {
    {"e", ATTN_WEIGHT, "rank nk if projection=gaussian and sharing!=none", NULL, 1, "rank",
     "projection of the keys, shared by all heads"},
    {"f", ATTN_WEIGHT, "rank nk if projection=gaussian and sharing=headwise", NULL, 1, "rank",
     "projection of the values, shared by all heads"},
    {"kernel_e", ATTN_WEIGHT, "nk/rank if projection=conv and sharing!=none", NULL, 1, "nk/rank",
     "weights of a stretch of keys"},
    {"kernel_f", ATTN_WEIGHT, "nk/rank if projection=conv and sharing=headwise", NULL, 1, "nk/rank",
     "weights of a stretch of values"},
    {"e_heads", ATTN_WEIGHT, "hk rank nk if projection=gaussian and sharing=none", NULL, 1, "rank",
     "projection of the keys of each head"},
    {"f_heads", ATTN_WEIGHT, "hk rank nk if projection=gaussian and sharing=none", NULL, 1, "rank",
     "projection of the values of each head"},
    {"kernel_e_heads", ATTN_WEIGHT, "hk nk/rank if projection=conv and sharing=none", NULL, 1, "nk/rank",
     "weights of a stretch of keys of each head"},
    {"kernel_f_heads", ATTN_WEIGHT, "hk nk/rank if projection=conv and sharing=none", NULL, 1, "nk/rank",
     "weights of a stretch of values of each head"},
    {0},
};

static const struct params *of(const void *params) { return params; }

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)params;
    if (p->mask == ATTN_MASK_NONE) return 0;
    snprintf(error->text, sizeof error->text,
             "linformer has no causal form: each row of E K mixes all positions, so every query would see "
             "the future");
    return -1;
}

/* Mixtures of nk keys: no more stretches than there are keys. */
static int mixture_count(const struct attn_problem *p, const void *params) {
    return of(params)->projection == GAUSSIAN ? of(params)->rank : min_int(of(params)->rank, p->nk);
}

/* The problem that the tiles see: mixtures for keys. Stretches of padding alone come last and are beyond the length. */
static struct attn_problem mixed_problem(const struct attn_problem *p, const void *params) {
    struct attn_problem inner = *p;
    inner.nk = mixture_count(p, params);
    inner.has_key_lengths = p->has_key_lengths && of(params)->projection != GAUSSIAN;
    return inner;
}

enum {
    PIECE = 256,
    BLOCK = 64
}; /* keys of one partial sum; rows of E or F that a thread takes, or a few more */

/* Scratch: E K [batch][kv_heads][m][dk], F V [..][m][dv] of m mixtures, how many of them item b has [batch], a partial sum
   for each thread, then the tiles'. */
static size_t mixtures(const struct attn_problem *p, const void *params, int d) {
    return floats((size_t)p->batch * (size_t)p->kv_heads * (size_t)mixture_count(p, params) * (size_t)d);
}

static size_t counts_bytes(const struct attn_problem *p, const void *params) {
    return mixed_problem(p, params).has_key_lengths ? aligned((size_t)p->batch * sizeof(int)) : 0;
}

/* Rows of a block, even and whole tiles of the kernel. */
static int block_rows(const struct attn_problem *p, const void *params) {
    int m = mixture_count(p, params), mr = kern_find(p->isa)->mr;
    return ceil_div(ceil_div(m, ceil_div(m, BLOCK)), mr) * mr;
}

static size_t piece_bytes(const struct attn_problem *p, const void *params) {
    return floats((size_t)block_rows(p, params) * (size_t)max_int(p->dk, p->dv));
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    struct attn_problem inner = mixed_problem(p, params);
    need->scratch = mixtures(p, params, p->dk) + mixtures(p, params, p->dv) + counts_bytes(p, params) +
                    (size_t)p->threads * piece_bytes(p, params) + tiles_scratch(&inner, 1);
}

/* Which tensor says how keys (E) or values (F) are mixed. */
static int matrix_of(const void *params, int which) {
    int first = of(params)->projection == CONV ? KERNELS : E;
    if (of(params)->sharing == NONE) first += APART;
    return of(params)->sharing == KEY_VALUE ? first : first + which;
}

/* y[rows][d] = e[rows][nk] x[nk][d] over the valid keys, in sums of PIECE terms. */
static void mix_learned(const struct kern *kern, int rows, const float *e, ptrdiff_t nk, int valid, int d,
                        const float *x, ptrdiff_t ldx, float *piece, float *y) {
    memset(y, 0, (size_t)rows * (size_t)d * sizeof *y);
    for (int j = 0; j < valid; j += PIECE) {
        kern->mul(rows, d, min_int(PIECE, valid - j), 1.0f, e + j, nk, 1, x + j * ldx, ldx, kern->nr, 0,
                  piece, d);
        kern->blend(rows * d, 1.0f, piece, y);
    }
}

/* Rows first .. first + rows - 1 of E K or F V of one head. */
static void mix_block(const struct attn_call *c, const struct kern *kern, int which, int head, int first,
                      int rows, float *piece, float *y) {
    const struct attn_problem *p = c->problem;
    const struct attn_view *x = which == E ? &c->k : &c->v,
                           *matrix = &c->tensors[matrix_of(c->params, which)];
    int b = head / p->kv_heads, g = head % p->kv_heads, valid = attn_keys(c, b),
        m = mixture_count(p, c->params), d = which == E ? p->dk : p->dv;
    const float *from = attn_row(x, b, g, 0);
    y += ((ptrdiff_t)head * m + first) * d;
    switch (of(c->params)->projection) {
    case GAUSSIAN:
        mix_learned(kern, rows, attn_row(matrix, 0, g, first), matrix->row, valid, d, from, x->row, piece, y);
        break;
    case MEAN_POOL: pool_means(kern, p->nk, valid, m, first, first + rows, d, from, x->row, piece, y); break;
    case CONV:
        pool_sums(kern, p->nk, valid, m, first, first + rows, d, attn_row(matrix, 0, g, 0), from, x->row,
                  piece, y);
        break;
    }
}

static void mix(const struct attn_call *c, const struct kern *kern, char *pieces, float *ek, float *fv) {
    const struct attn_problem *p = c->problem;
    int m = mixture_count(p, c->params), most = block_rows(p, c->params), blocks = ceil_div(m, most);
    size_t piece_size = piece_bytes(p, c->params);
#pragma omp parallel for schedule(dynamic) num_threads(p->threads)
    for (int t = 0; t < 2 * p->batch * p->kv_heads * blocks; t++) {
        int which = t % 2 ? F : E, first = t / 2 % blocks * most;
        float *piece = (float *)(pieces + (size_t)omp_get_thread_num() * piece_size);
        mix_block(c, kern, which, t / 2 / blocks, first, min_int(most, m - first), piece,
                  which == E ? ek : fv);
    }
}

/* counts[b] = stretches of item b that have a valid key. */
static void count_stretches(const struct attn_call *c, int m, int *counts) {
    for (int b = 0; b < c->problem->batch; b++)
        for (counts[b] = m; counts[b] > 0 && pool_begin(c->problem->nk, m, counts[b] - 1) >= attn_keys(c, b);)
            counts[b]--;
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct kern *kern = kern_find(p->isa);
    struct attn_problem inner = mixed_problem(p, c->params);
    struct attn_call call = *c;
    ptrdiff_t m = inner.nk;
    char *at = c->scratch;
    float *ek = cut(&at, mixtures(p, c->params, p->dk)), *fv = cut(&at, mixtures(p, c->params, p->dv));
    int *counts = cut(&at, counts_bytes(p, c->params));
    char *pieces = cut(&at, (size_t)p->threads * piece_bytes(p, c->params));
    mix(c, kern, pieces, ek, fv);
    call.problem = &inner;
    call.key_lengths = inner.has_key_lengths ? counts : NULL;
    if (inner.has_key_lengths) count_stretches(c, inner.nk, counts);
    call.k = (struct attn_view){ek, p->kv_heads * m * p->dk, m * p->dk, p->dk};
    call.v = (struct attn_view){fv, p->kv_heads * m * p->dv, m * p->dv, p->dv};
    call.scratch = at;
    tiles_window(&call, PATTERN_OPEN, PATTERN_OPEN);
}

struct place { /* of a key: its stretch, where it stands in it, and how long that is */
    int stretch, at, length;
};

/* The last nk % rank stretches have one key more than the others, which have none where rank > nk. */
static struct place place(int nk, int rank, int j) {
    int length = nk / rank, others = rank - nk % rank, rest = j - others * length;
    if (rest < 0) return (struct place){j / length, j % length, length};
    return (struct place){others + rest / (length + 1), rest % (length + 1), length + 1};
}

/* Entry (row, j) of E or F of key head g. */
static double entry(const struct attn_call *c, int which, int g, int row, int j) {
    const struct params *x = of(c->params);
    const struct attn_view *all = c->tensors + (x->sharing == NONE ? APART : 0);
    int f = which == F && x->sharing != KEY_VALUE;
    if (x->projection == GAUSSIAN) return attn_row(&all[f ? F : E], 0, g, row)[j];
    struct place key = place(c->problem->nk, x->rank, j);
    if (key.stretch != row) return 0;
    return x->projection == CONV ? attn_row(&all[f ? KERNELS + 1 : KERNELS], 0, g, 0)[key.at]
                                 : 1.0 / key.length;
}

static double *mixed(const struct attn_call *c, int which, const struct attn_view *x, int b, int g, int d) {
    int rank = of(c->params)->rank;
    double *y = calloc((size_t)rank * (size_t)d, sizeof *y);
    if (!y) abort();
    for (int row = 0; row < rank; row++)
        for (int j = 0; j < attn_keys(c, b); j++) {
            double e = entry(c, which, g, row, j);
            for (int z = 0; e != 0 && z < d; z++) y[(ptrdiff_t)row * d + z] += e * attn_row(x, b, g, j)[z];
        }
    return y;
}

/* Is row m of E a mixture of keys that are there? */
static int is_mixture(const struct attn_call *c, int b, int m) {
    int j = 0, keys = attn_keys(c, b);
    if (of(c->params)->projection == GAUSSIAN) return 1;
    while (j < keys && place(c->problem->nk, of(c->params)->rank, j).stretch != m) j++;
    return j < keys;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int rank = of(c->params)->rank, g = attn_kv_head(p, h);
    double *ek = mixed(c, E, &c->k, b, g, p->dk), *s = malloc((size_t)rank * sizeof *s);
    double *fv = mixed(c, F, &c->v, b, g, p->dv);
    char *there = malloc((size_t)rank);
    (void)outside;
    if (!s || !there) abort();
    for (int m = 0; m < rank; m++) there[m] = (char)is_mixture(c, b, m);
    for (int r = 0; r < nrows; r++) {
        double top = -INFINITY, l = 0, *o = out + (ptrdiff_t)r * p->dv;
        for (int m = 0; m < rank; m++) {
            s[m] = there[m] ? 0 : -(double)INFINITY;
            for (int d = 0; there[m] && d < p->dk; d++)
                s[m] += p->scale * (double)attn_row(&c->q, b, h, rows[r])[d] * ek[(ptrdiff_t)m * p->dk + d];
            top = fmax(top, s[m]);
        }
        for (int m = 0; m < rank; m++) l += s[m] = there[m] ? exp(s[m] - top) : 0;
        if (l == 0) l = 1; /* no key: zeros */
        for (int x = 0; x < p->dv; x++) {
            o[x] = 0;
            for (int m = 0; m < rank; m++) o[x] += s[m] / l * fv[(ptrdiff_t)m * p->dv + x];
        }
        for (int j = 0; weights && j < p->nk; j++) { /* what the mixtures of values give each key: signed */
            double *w = weights + (ptrdiff_t)r * p->nk + j;
            *w = 0;
            for (int m = 0; j < attn_keys(c, b) && m < rank; m++) *w += s[m] / l * entry(c, F, g, m, j);
        }
    }
    free(ek), free(fv), free(s), free(there);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    double rank = mixture_count(p, params), heads = (double)p->batch * p->heads,
           kv_heads = (double)p->batch * p->kv_heads;
    static const double each[] = {[MEAN_POOL] = 1, [CONV] = 2};
    double mixing = of(params)->projection == GAUSSIAN
                        ? 2 * rank
                        : each[of(params)->projection]; /* of each element of K and V */
    double matrices =
        (of(params)->sharing == KEY_VALUE ? 1 : 2) * (of(params)->sharing == NONE ? p->kv_heads : 1.0);
    parts_softmax_cost(p, 0, cost);
    cost->rank = rank;
    cost->flops = heads * p->nq * rank * 2.0 * (p->dk + p->dv) + kv_heads * p->nk * (p->dk + p->dv) * mixing;
    if (of(params)->projection == GAUSSIAN) cost->bytes += sizeof(float) * rank * p->nk * matrices;
    if (of(params)->projection == CONV) cost->bytes += sizeof(float) * ceil(p->nk / rank) * matrices;
}

const struct attn_variant attn_variant_linformer = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "linformer",
    .brief = "attention over a fixed number of mixtures of the keys",
    .formula = "o_i = sum_p softmax_p(scale q_i.(E K)_p) (F V)_p",
    .cite = "Wang, Li, Khabsa, Fang, Ma: Linformer, 2020",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_GROUPED |
            ATTN_CAP_WIDE_VALUES | ATTN_CAP_WEIGHTS | ATTN_CAP_RANDOM | ATTN_CAP_SAME_BITS,
    .time = {1, "n rank (dk + dv)"},
    .memory = {0, "batch kv_heads rank (dk + dv)"},
    .family = "low-rank",
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .check = check,
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
