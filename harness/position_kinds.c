/* position_kinds.c -- what a sweep or a command says of positions. */
#include "position_kinds.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "text.h"

enum { STREAM_LEARNED = 48, STREAM_VECTORS, BUCKETS_MAX = 1024, DISTANCE_MAX = 1 << 20 };

/* ---- kinds ------------------------------------------------------------------------------------- */

static const char *const styles[] = {"interleaved", "half", NULL}; /* as attn_rope_style */

static const struct setting no_settings[] = {{0}};

static const struct setting rope[] = {
    {"style", SETTING_WORD, .text = "interleaved",
     .help = "which coordinates turn together: interleaved 2i and 2i + 1, half i and i + dims/2",
     .words = styles},
    {"base", SETTING_REAL, 10000, 1, 1e12, .help = "pair i turns by base^(-2i/dims) a position", .quiet = 1},
    {"dims", SETTING_WHOLE, 0, 0, 4096, .help = "coordinates that turn, the first; 0: all", .quiet = 1},
    {"first", SETTING_WHOLE, 0, 0, 1 << 24, .help = "position of key 0", .quiet = 1},
    {0},
};

static const struct setting t5[] = {
    {"buckets", SETTING_WHOLE, 32, 4, BUCKETS_MAX, .help = "of distances, both sides together"},
    {"max_distance", SETTING_WHOLE, 128, 2, DISTANCE_MAX, .help = "from which on all share a bucket"},
    {"deviation", SETTING_REAL, 1, 0, 100, .help = "of the learned numbers, drawn from the seed", .quiet = 1},
    {0},
};

static const struct setting documents[] = {
    {"count", SETTING_WHOLE, 4, 1, 1 << 20,
     .help = "of documents in the sequence, as nearly equal as can be"},
    {0},
};

static const struct setting shaw[] = {
    {"clip", SETTING_WHOLE, 16, 0, 1024, .help = "of the mechanism", .quiet = 1},
    {0},
};

static const struct kind kinds[] = {
    {"none", "positions do not matter", no_settings},
    {"rope", "rotary embedding: q and k turn by their positions", rope},
    {"alibi", "ALiBi: a bias that falls with distance, steeper in some heads", no_settings},
    {"t5", "T5: a learned bias for each bucket of distances", t5},
    {"documents", "packed documents: a bias of -inf between tokens of different ones", documents},
    {"sinusoidal", "sines and cosines of the position, added to the input of a layer", no_settings},
    {"learned", "a learned vector for each position, added to the input of a layer", no_settings},
    {"shaw", "relative representations: a mechanism, { \"shaw\", clip = K }", shaw},
};

static const struct kind *kind_at(size_t i) { return i < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL; }

const struct kinds position_kinds = {"positions", "kind of positions", "kind", "none", kind_at};

static const char *kind_of(const struct doc *d) { return d ? doc_str(d, "kind", "none") : "none"; }

int positions_are(const struct doc *d, const char *kind) { return !strcmp(kind_of(d), kind); }

char *positions_label(const struct doc *d) {
    const struct kind *k = kinds_find(&position_kinds, kind_of(d));
    struct text t = {0};
    text_add(&t, "%s", kind_of(d));
    if (k) kinds_label(&t, k, d, NULL); /* else a row of another version */
    return t.s;
}

enum attn_bias_kind positions_bias_kind(const struct doc *d) {
    if (positions_are(d, "alibi")) return ATTN_BIAS_ALIBI;
    if (positions_are(d, "documents")) return ATTN_BIAS_DENSE;
    return positions_are(d, "t5") ? ATTN_BIAS_BUCKETED : ATTN_BIAS_NONE;
}

/* ---- what cannot be ----------------------------------------------------------------------------- */

static int refuse(struct attn_error *error, const char *form, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct attn_error *error, const char *form, ...) {
    va_list args;
    va_start(args, form);
    vsnprintf(error->text, sizeof error->text, form, args);
    va_end(args);
    return -1;
}

/* Turned queries and keys say something of distances where they enter by their products alone. */
static int accept_rope(const struct doc *d, const struct attn_problem *p, const struct attn_variant *v,
                       struct attn_error *error) {
    int dims = positions_rope(d, p).dims;
    if (dims % 2) return refuse(error, "rope turns pairs of coordinates: dims = %d is odd", dims);
    if (dims > p->dk) return refuse(error, "rope: dims = %d exceeds dk = %d", dims, p->dk);
    if (v && v->kind == ATTN_DIFFERENT)
        return refuse(error,
                      "%s is no softmax over products q.k: turned q and k do not make it depend on "
                      "distances",
                      v->name);
    return 0;
}

static int accept_t5(const struct doc *d, const struct attn_problem *p, struct attn_error *error) {
    int causal = p->mask != ATTN_MASK_NONE, buckets = doc_int(d, "buckets", 32), unit = causal ? 2 : 4,
        own = buckets / unit, most = doc_int(d, "max_distance", 128);
    if (buckets % unit)
        return refuse(error, "t5: buckets = %d is no multiple of %d, which mask %s takes", buckets, unit,
                      causal ? "causal" : "none");
    if (most > own) return 0;
    return refuse(error, "t5: distances below %d have buckets of their own; max_distance = %d must be larger",
                  own, most);
}

int positions_accept(const struct doc *d, const struct attn_problem *p, const struct attn_variant *v,
                     int has_x, struct attn_error *error) {
    if (positions_are(d, "rope")) return accept_rope(d, p, v, error);
    if (positions_are(d, "t5")) return accept_t5(d, p, error);
    if (!has_x && (positions_are(d, "sinusoidal") || positions_are(d, "learned")))
        return refuse(
            error,
            "%s positions are added to the x of a layer that makes q, k and v; those of an input have none",
            kind_of(d));
    if (positions_are(d, "shaw"))
        return refuse(error,
                      "shaw changes the key and the value of each pair: it is a mechanism, variants = { { "
                      "\"shaw\", clip = %d } }",
                      doc_int(d, "clip", 16));
    return 0;
}

/* ---- biases ------------------------------------------------------------------------------------- */

size_t positions_bias_count(const struct doc *d, const struct attn_problem *p) {
    size_t heads = (size_t)p->heads;
    if (positions_are(d, "alibi")) return heads;
    if (positions_are(d, "documents")) return (size_t)p->nq * (size_t)p->nk;
    return positions_are(d, "t5") ? heads * (2 * (size_t)doc_int(d, "max_distance", 128) + 1) : 0;
}

/* The document of a position; those that no key has belong to the nearest. */
static long document_of(long position, long count, const struct attn_problem *p) {
    long at = position < 0 ? 0 : position < p->nk ? position : p->nk - 1;
    return at * count / p->nk;
}

/* One matrix for all heads of all items. */
static struct attn_bias documents_bias(const struct doc *d, const struct attn_problem *p, float *values) {
    long count = doc_int(d, "count", 4), nk = p->nk, offset = attn_offset(p, p->nk);
#pragma omp parallel for
    for (long i = 0; i < p->nq; i++) {
        long own = document_of(i + offset, count, p);
        for (long j = 0; j < nk; j++) values[i * nk + j] = document_of(j, count, p) == own ? 0 : -INFINITY;
    }
    return (struct attn_bias){.values = values, .query = nk, .key = 1};
}

struct attn_bias positions_bias(const struct doc *d, const struct attn_problem *p, float *values) {
    if (positions_are(d, "alibi")) {
        attn_alibi_slopes(p->heads, values);
        return (struct attn_bias){.values = values};
    }
    if (positions_are(d, "documents")) return documents_bias(d, p, values);
    if (!positions_are(d, "t5")) return (struct attn_bias){0};
    int buckets = doc_int(d, "buckets", 32);
    size_t n = (size_t)buckets * (size_t)p->heads;
    float *learned = xmalloc(n * sizeof *learned), deviation = (float)doc_num(d, "deviation", 1);
    attn_random_normal(p->seed, STREAM_LEARNED, 0, n, learned);
    for (size_t i = 0; i < n; i++) learned[i] *= deviation;
    struct attn_bias bias = attn_t5_bias(learned, p->heads, p->mask != ATTN_MASK_NONE, buckets,
                                         doc_int(d, "max_distance", 128), values);
    free(learned);
    return bias;
}

/* ---- rotary ------------------------------------------------------------------------------------- */

struct attn_rope positions_rope(const struct doc *d, const struct attn_problem *p) {
    int dims = doc_int(d, "dims", 0), half = !strcmp(doc_str(d, "style", *styles), styles[ATTN_ROPE_HALF]);
    return (struct attn_rope){.style = half ? ATTN_ROPE_HALF : ATTN_ROPE_INTERLEAVED,
                              .dims = dims ? dims : p->dk};
}

static int count_pairs(const struct doc *d, const struct attn_problem *p) {
    return positions_rope(d, p).dims / 2;
}

size_t positions_rope_floats(const struct doc *d, const struct attn_problem *p) {
    if (!positions_are(d, "rope")) return 0;
    return 2 * ((size_t)p->nq + (size_t)p->nk) * (size_t)count_pairs(d, p);
}

void positions_rope_fill(const struct doc *d, const struct attn_problem *p, float *tables) {
    const size_t pairs = (size_t)count_pairs(d, p), of_q = (size_t)p->nq * pairs,
                 of_k = (size_t)p->nk * pairs;
    const double base = doc_num(d, "base", 10000);
    int dims = 2 * (int)pairs, first = doc_int(d, "first", 0);
    float *keys = tables + 2 * of_q;
    attn_rope_table(base, dims, first + attn_offset(p, p->nk), p->nq, tables, tables + of_q, p->threads);
    attn_rope_table(base, dims, first, p->nk, keys, keys + of_k, p->threads);
}

/* Packed rows [batch][heads][n] in place. */
static void turn_rows(struct attn_rope r, const struct attn_problem *p, int heads, int n, const float *table,
                      float *x) {
    const ptrdiff_t row = p->dk, head = row * n;
    const struct attn_view from = {x, head * heads, head, row};
    const struct attn_output to = {x, head * heads, head, row};
    r.cosine = table;
    r.sine = table + (size_t)n * (size_t)(r.dims / 2);
    attn_rope_turn(&r, p->batch, heads, n, p->dk, &from, &to, p->threads);
}

void positions_rope_turn(const struct doc *d, const struct attn_problem *p, const float *tables, float *q,
                         float *k) {
    const struct attn_rope r = positions_rope(d, p);
    turn_rows(r, p, p->heads, p->nq, tables, q);
    turn_rows(r, p, p->kv_heads, p->nk, tables + 2 * (size_t)p->nq * (size_t)(r.dims / 2), k);
}

int positions_turn(const struct doc *d, const struct attn_problem *p, float *q, float *k,
                   struct attn_error *error) {
    size_t bytes = positions_rope_floats(d, p) * sizeof(float);
    struct block tables;
    if (bytes == 0) return 0;
    if (block_make(&tables, bytes))
        return refuse(error, "no memory for %s of cosines and sines", show_bytes((double)bytes));
    positions_rope_fill(d, p, (float *)tables.data);
    positions_rope_turn(d, p, (const float *)tables.data, q, k);
    block_free(&tables);
    return 0;
}

void positions_define_turn(const struct doc *d, const struct attn_problem *p, int is_query, int row,
                           double *x) {
    if (!positions_are(d, "rope")) return;
    struct attn_rope r = positions_rope(d, p);
    double position = row + (is_query ? attn_offset(p, p->nk) : 0) + doc_int(d, "first", 0),
           base = doc_num(d, "base", 10000);
    int half = r.dims / 2;
    for (int i = 0; i < half; i++) {
        int a = r.style == ATTN_ROPE_HALF ? i : 2 * i, b = r.style == ATTN_ROPE_HALF ? i + half : 2 * i + 1;
        double angle = position * pow(base, -2.0 * i / r.dims), x_a = x[a];
        x[a] = x_a * cos(angle) - x[b] * sin(angle);
        x[b] = x_a * sin(angle) + x[b] * cos(angle);
    }
}

/* ---- vectors ------------------------------------------------------------------------------------ */

int positions_add(const struct doc *d, const struct attn_problem *p, int n, int width, float *x,
                  struct attn_error *error) {
    int are_sinusoids = positions_are(d, "sinusoidal");
    size_t count = (size_t)n * (size_t)width;
    struct block vectors;
    if (!are_sinusoids && !positions_are(d, "learned")) return 0;
    if (block_make(&vectors, count * sizeof *x))
        return refuse(error, "no memory for %s of positions", show_bytes((double)count * sizeof *x));
    float *v = (float *)vectors.data;
    if (are_sinusoids) attn_sinusoids(width, 0, n, v, p->threads);
    else attn_random_normal(p->seed, STREAM_VECTORS, 0, count, v);
    for (size_t b = 0; b < (size_t)p->batch; b++)
        for (size_t i = 0; i < count; i++) x[b * count + i] += v[i];
    block_free(&vectors);
    return 0;
}
