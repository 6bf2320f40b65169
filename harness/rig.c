/* rig.c -- a variant on a test bench. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "problem.h"

enum { GAP = 3, STREAM_BIAS = 40, BUCKETS = 9 };

/* ---- inputs ------------------------------------------------------------------------------------ */

/* A view of n rows of d elements for each head: packed, or with heads innermost and gaps between rows. */
static struct attn_output lay_out(float *data, int heads, int n, int d, int strided) {
    ptrdiff_t row = strided ? (ptrdiff_t)heads * (d + GAP) : d;
    if (strided) return (struct attn_output){data, row * n, d + GAP, row};
    return (struct attn_output){data, (ptrdiff_t)heads * n * d, (ptrdiff_t)n * d, d};
}

static size_t room(int batch, int heads, int n, int d, int strided) {
    return (size_t)batch * (size_t)heads * (size_t)n * (size_t)(d + (strided ? GAP : 0)) * sizeof(float);
}

/* Normal values around `mean`; gaps are NaN, so that reading one shows. */
static struct attn_view fill(struct block *b, const struct trial *t, int heads, int n, int d, uint64_t seed,
                             uint64_t stream, float mean) {
    if (block_make(b, room(t->batch, heads, n, d, t->strided))) die(EXIT_USAGE, "no memory for a test");
    block_fill(b, 0xff);
    struct attn_output o = lay_out((float *)b->data, heads, n, d, t->strided);
    for (int i = 0; i < t->batch; i++)
        for (int h = 0; h < heads; h++)
            for (int j = 0; j < n; j++) {
                float *row = attn_out_row(&o, i, h, j);
                attn_random_normal(seed, stream,
                                   (((uint64_t)i * 64 + (uint64_t)h) * 65536 + (uint64_t)j) * 1024, (size_t)d,
                                   row);
                for (int x = 0; x < d; x++) row[x] += mean;
            }
    return (struct attn_view){o.data, o.batch, o.head, o.row};
}

/* Row nq / 2 masks every key, key nk / 3 is masked in every row, one in seven elsewhere. */
static int bias_masks(int i, int j, const struct trial *t, uint64_t seed) {
    if (i == t->nq / 2 || j == t->nk / 3) return 1;
    return attn_random_index(seed, STREAM_BIAS, (uint64_t)i * 65536 + (uint64_t)j, 7) == 0;
}

static void fill_dense(struct rig *r, uint64_t seed) {
    const struct trial *t = &r->trial;
    size_t n = (size_t)t->heads * (size_t)t->nq * (size_t)t->nk;
    int boolean = t->bias == ATTN_BIAS_BOOLEAN;
    if (block_make(&r->bias, n * (boolean ? 1 : sizeof(float)))) die(EXIT_USAGE, "no memory for a test");
    if (!boolean) attn_random_normal(seed, STREAM_BIAS + 1, 0, n, (float *)r->bias.data);
    for (size_t x = 0; x < n; x++) {
        int j = (int)(x % (size_t)t->nk), i = (int)(x / (size_t)t->nk % (size_t)t->nq),
            masked = bias_masks(i, j, t, seed);
        if (boolean) r->bias.data[x] = (char)!masked;
        else if (masked) ((float *)r->bias.data)[x] = -INFINITY;
    }
    r->inputs.bias = (struct attn_bias){.head = (ptrdiff_t)t->nq * t->nk, .query = t->nk, .key = 1};
    if (boolean) r->inputs.bias.allowed = (const uint8_t *)r->bias.data;
    else r->inputs.bias.values = (const float *)r->bias.data;
}

static void bring_to_length_one(const struct rig *r) {
    const struct trial *t = &r->trial;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->kv_heads; h++)
            for (int j = 0; j < t->nk; j++) {
                float *k = rig_row(&r->inputs.k, b, h, j), sum = 0;
                for (int d = 0; d < t->dk; d++) sum += k[d] * k[d];
                for (int d = 0; d < t->dk; d++) k[d] /= sqrtf(sum);
            }
}

static void fill_bias(struct rig *r, uint64_t seed) {
    const struct trial *t = &r->trial;
    size_t n = (size_t)t->heads * (t->bias == ATTN_BIAS_BUCKETED ? BUCKETS : 1);
    if (t->bias == ATTN_BIAS_NONE) return;
    if (t->bias == ATTN_BIAS_DENSE || t->bias == ATTN_BIAS_BOOLEAN) {
        fill_dense(r, seed);
        return;
    }
    if (block_make(&r->bias, n * sizeof(float))) die(EXIT_USAGE, "no memory for a test");
    attn_random_normal(seed, STREAM_BIAS + 2, 0, n, (float *)r->bias.data);
    for (size_t x = 0; x < n && t->bias == ATTN_BIAS_ALIBI; x++)
        ((float *)r->bias.data)[x] = ldexpf(1, -(int)x - 1);
    r->inputs.bias = (struct attn_bias){
        .values = (const float *)r->bias.data, .head = BUCKETS, .first = -BUCKETS / 2, .count = BUCKETS};
}

static void set_problem(struct rig *r, uint64_t seed) {
    struct trial *t = &r->trial;
    if (!t->kv_heads) t->kv_heads = t->heads;
    if (!t->dv) t->dv = t->dk;
    r->problem = (struct attn_problem){.struct_size = sizeof r->problem,
                                       .batch = t->batch,
                                       .heads = t->heads,
                                       .kv_heads = t->kv_heads,
                                       .nq = t->nq,
                                       .nk = t->nk,
                                       .dk = t->dk,
                                       .dv = t->dv,
                                       .scale = (t->scale > 0 ? t->scale : 1) / sqrtf((float)t->dk),
                                       .softcap = t->softcap,
                                       .mask = t->mask,
                                       .causal_shift = t->shift,
                                       .bias = t->bias,
                                       .has_key_lengths = t->lengths,
                                       .threads = t->threads,
                                       .isa = t->isa,
                                       .seed = seed};
    for (int b = 0; b < RIG_BATCH; b++) r->key_lengths[b] = b == 0 ? t->nk : b == 1 ? (t->nk + 1) / 2 : 0;
}

int rig_make(struct rig *r, const struct attn_variant *v, const struct trial *t, const void *params,
             uint64_t seed, struct attn_error *error) {
    *r = (struct rig){.trial = *t};
    set_problem(r, seed);
    t = &r->trial;
    if (problem_accept(v, &r->problem, params, error)) return -1;
    r->inputs = (struct attn_call){.struct_size = sizeof r->inputs, .problem = &r->problem};
    r->inputs.q = fill(&r->q, t, t->heads, t->nq, t->dk, seed, 1, 0);
    r->inputs.k = fill(&r->k, t, t->kv_heads, t->nk, t->dk, seed, 2, 0);
    r->inputs.v = fill(&r->v, t, t->kv_heads, t->nk, t->dv, seed, 3, 0.5f);
    if (v->caps & ATTN_CAP_UNIT_KEYS) bring_to_length_one(r);
    if (block_make(&r->o, room(t->batch, t->heads, t->nq, t->dv, t->strided)) ||
        block_make(&r->lse, (size_t)t->batch * (size_t)t->heads * (size_t)t->nq * sizeof(float)))
        die(EXIT_USAGE, "no memory for a test");
    r->inputs.o = lay_out((float *)r->o.data, t->heads, t->nq, t->dv, t->strided);
    r->inputs.key_lengths = t->lengths ? r->key_lengths : NULL;
    if (v->caps & ATTN_CAP_LSE) r->inputs.lse = (float *)r->lse.data;
    fill_bias(r, seed);
    if (subject_build(&r->subject, v, &r->problem, params, &r->inputs, error) ||
        block_make(&r->scratch, r->subject.need.scratch) || subject_create(&r->subject, error))
        return -1;
    r->subject.call.scratch = r->scratch.data;
    return 0;
}

void rig_free(struct rig *r) {
    if (r->subject.variant) subject_free(&r->subject);
    struct block *all[] = {&r->q, &r->k, &r->v, &r->o, &r->bias, &r->scratch, &r->lse};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) block_free(all[i]);
}

/* ---- running ----------------------------------------------------------------------------------- */

void rig_run(struct rig *r, unsigned char pattern) {
    struct block *inputs[] = {&r->q, &r->k, &r->v, &r->bias, &r->subject.state};
    block_fill(&r->scratch, pattern);
    block_fill(&r->o, pattern);
    block_fill(&r->lse, pattern);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) block_read_only(inputs[i]);
    r->subject.variant->forward(&r->subject.call);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) block_writable(inputs[i]);
}

size_t rig_elements(const struct rig *r) {
    return (size_t)r->trial.batch * (size_t)r->trial.heads * (size_t)r->trial.nq * (size_t)r->trial.dv;
}

float *rig_output(const struct rig *r) { return rig_output_rows(r, 0, 1); }

size_t rig_rows(const struct rig *r, int first, int step) {
    int each = first < r->trial.nq ? (r->trial.nq - first + step - 1) / step : 0;
    return (size_t)r->trial.batch * (size_t)r->trial.heads * (size_t)each;
}

float *rig_output_rows(const struct rig *r, int first, int step) {
    const struct trial *t = &r->trial;
    size_t dv = (size_t)t->dv;
    float *all = xmalloc(rig_rows(r, first, step) * dv * sizeof *all), *to = all;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->heads; h++)
            for (int i = first; i < t->nq; i += step, to += dv)
                memcpy(to, attn_out_row(&r->inputs.o, b, h, i), dv * sizeof *to);
    return all;
}

double *rig_definition(struct rig *r, int first, int step, double *weights, double *outside) {
    const struct trial *t = &r->trial;
    int *rows = xmalloc((size_t)t->nq * sizeof *rows), n = 0;
    for (int i = first; i < t->nq; i += step) rows[n++] = i;
    size_t head = (size_t)n * (size_t)t->dv;
    double *all = xmalloc(head * (size_t)t->batch * (size_t)t->heads * sizeof *all), *to = all;
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->heads; h++, to += head) {
            r->subject.variant->reference(&r->subject.call, b, h, rows, n, weights, outside, to);
            if (weights) weights += (size_t)n * (size_t)t->nk;
            if (outside) outside += n;
        }
    free(rows);
    return all;
}

double rig_max_logit(struct rig *r) {
    const struct trial *t = &r->trial;
    double most = 0, *out = xmalloc((size_t)t->dv * sizeof *out);
    for (int b = 0; b < t->batch; b++)
        for (int h = 0; h < t->heads; h++)
            for (int i = 0; i < t->nq; i++)
                attn_softmax_rows(&r->subject.call, b, h, &i, 1, NULL, out, NULL, &most);
    free(out);
    return most;
}

int rig_gaps_intact(const struct rig *r, unsigned char pattern) {
    const struct trial *t = &r->trial;
    if (!block_slack_intact(&r->o) || !block_slack_intact(&r->scratch) || !block_slack_intact(&r->lse))
        return 0;
    for (int b = 0; t->strided && b < t->batch; b++)
        for (int i = 0; i < t->nq; i++)
            for (int h = 0; h < t->heads; h++)
                for (size_t x = 0; x < GAP * sizeof(float); x++)
                    if (((unsigned char *)(attn_out_row(&r->inputs.o, b, h, i) + t->dv))[x] != pattern)
                        return 0;
    return 1;
}

static void spoil(const struct attn_view *x, int b, int from_head, int heads, int from, int n, int d) {
    for (int h = from_head; h < heads; h++)
        for (int j = from; j < n; j++) {
            float *row = rig_row(x, b, h, j);
            for (int e = 0; e < d; e++) row[e] = NAN;
        }
}

void rig_spoil_keys(struct rig *r, int b, int from) {
    const struct trial *t = &r->trial;
    for (int item = 0; item < t->batch; item++) {
        if (b >= 0 && item != b) continue;
        spoil(&r->inputs.k, item, 0, t->kv_heads, from, t->nk, t->dk);
        spoil(&r->inputs.v, item, 0, t->kv_heads, from, t->nk, t->dv);
    }
}

void rig_spoil_heads(struct rig *r) {
    const struct trial *t = &r->trial;
    for (int item = 0; item < t->batch; item++) {
        spoil(&r->inputs.q, item, t->heads / t->kv_heads, t->heads, 0, t->nq, t->dk);
        spoil(&r->inputs.k, item, 1, t->kv_heads, 0, t->nk, t->dk);
        spoil(&r->inputs.v, item, 1, t->kv_heads, 0, t->nk, t->dv);
    }
}

const struct block *rig_block_at(const struct rig *r, const char *address, const char **name) {
    const struct {
        const struct block *block;
        const char *name;
    } all[] = {{&r->q, "q"},
               {&r->k, "k"},
               {&r->v, "v"},
               {&r->o, "the output"},
               {&r->lse, "lse"},
               {&r->bias, "the bias"},
               {&r->scratch, "scratch"},
               {&r->subject.state, "state"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *name = all[i].name;
        if (address >= all[i].block->map && address < all[i].block->map + all[i].block->map_bytes)
            return all[i].block;
    }
    for (size_t i = 0; i < tensors_count(r->subject.variant); i++) {
        const struct block *b = &r->subject.data[i];
        *name = r->subject.variant->tensors[i].name;
        if (b->map && address >= b->map && address < b->map + b->map_bytes) return b;
    }
    return NULL;
}
