/*
 * test_layer.c -- the multi-head layer: published vectors, plain loops in double, identities.
 *
 * Vectors: onnxruntime (MIT licence), onnxruntime/test/contrib_ops/attention_op_test.cc at 0064128c, the tests named
 * below: weights packed as [Q|K|V], scale 1 / sqrt(head size), no output projection, which is the identity here.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "accuracy.h"
#include "block.h"
#include "layer.h"
#include "registry.h"
#include "text.h"

enum { WIDTH_MAX = 512 };

/* ---- a layer that has been called ---------------------------------------------------------------- */

struct rig {
    struct attn_problem problem;
    struct attn_layer layer;
    struct attn_call call;
    struct block state, scratch, own_state, own_scratch, y;
};

static struct attn_view rows_of(const float *x, int n, int width) {
    return (struct attn_view){x, (ptrdiff_t)n * width, 0, width};
}

/* Runs the layer around `name`, whose parameters are their defaults, with bias and key lengths out of `with`. */
static void run(struct rig *r, const char *name, const struct attn_layer *layer, const struct attn_call *with,
                const float *x, const float *context) {
    const struct attn_variant *v = registry_find(name);
    struct attn_need in = {.struct_size = sizeof in}, out = in, own = in;
    struct attn_error error;
    void *params = xmalloc(v->params_size + 1);
    assert_true(v->params_size == 0 || !strcmp(name, "full"));
    memset(params, 0, v->params_size + 1);
    memset(r, 0, sizeof *r);
    r->problem = *layer->problem;
    r->layer = *layer;
    r->layer.problem = &r->problem;
    const struct attn_problem *p = &r->problem;
    struct attn_view from = rows_of(x, p->nq, layer->d_model),
                     other = rows_of(context, p->nk, layer->d_context);
    attn_layer_size(&r->layer, &in, &out);
    v->size(p, params, &own);
    size_t bytes = (size_t)p->batch * (size_t)p->nq * (size_t)layer->d_model * sizeof(float);
    assert_int_equal(block_make(&r->state, in.state + out.state) |
                         block_make(&r->scratch, in.scratch + out.scratch) |
                         block_make(&r->own_state, own.state) | block_make(&r->own_scratch, own.scratch) |
                         block_make(&r->y, bytes),
                     0);
    block_fill(&r->state, 0xff); /* NaN: what is not written shows */
    block_fill(&r->scratch, 0xff);
    block_fill(&r->y, 0xff);
    attn_layer_create(&r->layer, r->state.data);
    if (v->create) assert_int_equal(v->create(r->own_state.data, p, params, &error), 0);
    r->call = *with;
    r->call.struct_size = sizeof r->call;
    r->call.problem = p;
    r->call.params = params;
    r->call.state = r->own_state.data;
    r->call.scratch = r->own_scratch.data;
    attn_layer_call(&r->layer, r->scratch.data, &r->call);
    attn_layer_in(&r->layer, r->state.data, &from, &other, &r->call);
    v->forward(&r->call);
    struct attn_output y = {(float *)r->y.data, (ptrdiff_t)p->nq * layer->d_model, 0, layer->d_model};
    attn_layer_out(&r->layer, r->state.data, &r->call, &y);
}

static const float *output_of(const struct rig *r) { return (const float *)r->y.data; }

static void drop(struct rig *r) {
    free((void *)r->call.params);
    block_free(&r->state), block_free(&r->scratch), block_free(&r->own_state), block_free(&r->own_scratch);
    block_free(&r->y);
}

/* ---- published vectors --------------------------------------------------------------------------- */

/* Weight, bias and input that most of the tests share. */
static const float weight[4 * 12] = {
    0.1f, -0.2f, 0.3f, 1.0f, 1.1f, 0.3f, 0.5f, 0.2f, 0.3f, -0.6f, 1.5f,  2.0f, //
    0.5f, 0.1f,  0.4f, 1.6f, 1.0f, 2.0f, 0.4f, 0.8f, 0.9f, 0.1f,  -1.3f, 0.7f, //
    0.3f, 0.2f,  4.0f, 2.2f, 1.6f, 1.1f, 0.7f, 0.2f, 0.4f, 1.0f,  1.2f,  0.5f, //
    0.2f, 0.1f,  0.4f, 1.6f, 2.4f, 3.3f, 2.1f, 4.2f, 8.4f, 0.0f,  2.1f,  3.2f};
static const float bias[12] = {-0.5f, 0.6f, 1.2f, 2.1f, 0.5f, 0.7f, 0.2f, 1.2f, 0.5f, 0.4f, 0.3f, 1.2f};
static const float input[2 * 2 * 4] = {0.8f, -0.5f, 0.0f, 1.f, 0.5f, 0.2f, 0.3f, -0.6f,
                                       0.8f, -0.5f, 0.0f, 1.f, 0.5f, 0.2f, 0.3f, -0.6f};
static const float swapped[2 * 2 * 4] = {0.5f, 0.2f,  0.3f, -0.6f, 0.8f, -0.5f, 0.0f, 1.f,
                                         0.8f, -0.5f, 0.0f, 1.f,   0.5f, 0.2f,  0.3f, -0.6f};

struct vector {
    int batch, dk, dv;
    enum attn_mask mask;
    const float *input, *weight, *bias;
    const float *relative;  /* bias of the logits [heads][2][2] */
    const uint8_t *allowed; /* [batch][2][2] */
    const int *lengths;
    float want[8], want2[8]; /* of the first item, of the second: [2][2 dv] */
};

/* Two tokens, two heads. The published digits are floats of an implementation in float: 1e-4 of values up to 9. */
static void expect_vector(const struct vector *v) {
    static const char *const exact[] = {"full", "flash"};
    float identity[WIDTH_MAX] = {0};
    int width = 2 * v->dv, packed = 4 * v->dk + 2 * v->dv;
    for (int d = 0; d < 4 && d < width; d++) identity[d * 4 + d] = 1;
    for (int e = 0; e < 2; e++) {
        struct attn_problem p = {.struct_size = sizeof p, .batch = v->batch, .heads = 2, .kv_heads = 2};
        p.nq = p.nk = 2, p.dk = v->dk, p.dv = v->dv, p.threads = 1, p.mask = v->mask;
        p.scale = (float)(1 / sqrt(v->dk));
        p.has_key_lengths = v->lengths != NULL;
        p.bias = v->relative ? ATTN_BIAS_DENSE : v->allowed ? ATTN_BIAS_BOOLEAN : ATTN_BIAS_NONE;
        struct attn_layer l = {.struct_size = sizeof l, .problem = &p, .d_model = 4, .d_context = 4};
        l.q = (struct attn_linear){v->weight, packed, v->bias};
        l.k = (struct attn_linear){v->weight + 2 * v->dk, packed, v->bias + 2 * v->dk};
        l.v = (struct attn_linear){v->weight + 4 * v->dk, packed, v->bias + 4 * v->dk};
        l.output = (struct attn_linear){identity, 4, NULL};
        struct attn_call with = {.key_lengths = v->lengths};
        with.bias =
            (struct attn_bias){v->relative, v->allowed, v->relative ? 0 : 4, v->relative ? 4 : 0, 2, 1, 0, 0};
        struct rig r;
        run(&r, exact[e], &l, &with, v->input, NULL);
        for (int b = 0; b < v->batch; b++)
            for (int i = 0; i < 2; i++)
                for (int d = 0; d < width; d++) {
                    const float *want = b ? v->want2 : v->want;
                    assert_float_equal(output_of(&r)[(b * 2 + i) * 4 + d], want[i * width + d], 1e-4);
                }
        drop(&r);
    }
}

#define PLAIN \
    { 3.1495984f, 0.10843669f, 4.25f, 5.65f, 3.9696791f, 0.073143676f, 4.25f, 5.65f }

/* AttentionBatch1, AttentionBatch2, AttentionNoMaskIndex */
static void packed_weights(void **state) {
    (void)state;
    const struct vector v = {2, 2, 2, 0, input, weight, bias, NULL, NULL, NULL, PLAIN, PLAIN};
    expect_vector(&v);
}

/* AttentionMaskPartialSequence, and an item beside it whose keys are all valid */
static void key_lengths(void **state) {
    static const int lengths[] = {1, 2};
    (void)state;
    const struct vector v = {2,
                             2,
                             2,
                             0,
                             input,
                             weight,
                             bias,
                             NULL,
                             NULL,
                             lengths,
                             {8.69f, -0.13f, 4.25f, 5.65f, 8.69f, -0.13f, 4.25f, 5.65f},
                             PLAIN};
    expect_vector(&v);
}

/* AttentionBatch1RelativePositionBias, AttentionBatch2RelativePositionBias */
static void relative_bias(void **state) {
    static const float relative[] = {0.2f, -0.1f, 0.4f, 2.5f, 1.6f, -1.1f, 0.4f, -2.5f};
#define SHIFTED {4.0660143f, 0.068997815f, 4.25f, 5.65f, -1.8799559f, 0.32488856f, 4.25f, 5.65f}
    (void)state;
    const struct vector v = {2, 2, 2, 0, input, weight, bias, relative, NULL, NULL, SHIFTED, SHIFTED};
    expect_vector(&v);
}

/* Attention3DMask, AttentionBatch2AttentionMask: padding on the left of the first item */
static void boolean_mask(void **state) {
    static const uint8_t allowed[] = {0, 1, 0, 1, 1, 1, 1, 1};
    (void)state;
    const struct vector v = {2,
                             2,
                             2,
                             0,
                             swapped,
                             weight,
                             bias,
                             NULL,
                             allowed,
                             NULL,
                             {8.69f, -0.13f, 4.25f, 5.65f, 8.69f, -0.13f, 4.25f, 5.65f},
                             PLAIN};
    expect_vector(&v);
}

/* AttentionBatch1WithQKVAttr1 and 2: values narrower than keys */
static void narrow_values(void **state) {
    static const float weight1[4 * 16] = {
        0.1f, -0.2f, 0.3f, 1.0f, 1.1f, 0.3f, 0.5f,  0.2f, 0.3f, -0.6f, 1.5f, 2.0f, 0.5f, 0.1f, 0.4f, 1.6f,
        1.0f, 2.0f,  0.4f, 0.8f, 0.9f, 0.1f, -1.3f, 0.7f, 0.3f, 0.2f,  4.0f, 2.2f, 1.6f, 1.1f, 0.7f, 0.2f,
        0.4f, 1.0f,  1.2f, 0.5f, 0.2f, 0.1f, 0.4f,  1.6f, 2.4f, 3.3f,  2.1f, 4.2f, 8.4f, 0.0f, 2.1f, 3.2f,
        0.3f, 0.2f,  4.0f, 2.2f, 2.4f, 3.3f, 2.1f,  4.2f, 0.5f, 0.1f,  0.4f, 1.6f, 0.4f, 0.8f, 0.9f, 0.1f};
    static const float bias1[16] = {-0.5f, 0.6f, 1.2f, 2.1f, 0.5f, 0.7f, 0.2f, 1.2f,
                                    0.5f,  0.4f, 0.3f, 1.2f, 0.5f, 0.7f, 0.2f, 1.2f};
    static const float input2[] = {-0.031707365f, 0.053643607f,   0.057394292f, -0.019800574f,
                                   0.075466447f,  -0.0034214978f, 0.012995008f, -0.019587509f};
    (void)state;
    const struct vector v1 = {
        1,
        3,
        2,
        0,
        input,
        weight1,
        bias1,
        NULL,
        NULL,
        NULL,
        {3.1967618f, 0.51903456f, 0.6305134f, 2.9394615f, 0.6533218f, 1.0009495f, 0.74175024f, 2.8231702f},
        {0}};
    const struct vector v2 = {1,
                              3,
                              1,
                              0,
                              input2,
                              weight1,
                              bias1,
                              NULL,
                              NULL,
                              NULL,
                              {0.64932525f, 0.7939072f, 0.64932847f, 0.79375863f},
                              {0}};
    expect_vector(&v1);
    expect_vector(&v2);
}

/* AttentionUnidirectional */
static void causal(void **state) {
    static const float x[] = {0.091099896f, -0.018294459f,  -0.36594841f, 0.28410032f,
                              -0.12125026f, -0.0066160089f, 0.38809127f,  -0.22455512f};
    static const float w[] = {
        -0.26592362f,   0.027896751f,  0.072805166f,  0.05095168f,  0.020417947f, -0.047518414f,
        0.04381553f,    0.0060153534f, -0.114969574f, -0.17733477f, 0.30928606f,  0.0056484127f, //
        0.08960388f,    -0.27270448f,  0.14847396f,   -0.17960812f, 0.01788955f,  0.09993877f,
        0.039435137f,   -0.024844f,    -0.12958767f,  0.22043331f,  0.17204843f,  0.22024006f, //
        0.05936845f,    0.17100939f,   -0.39674523f,  -0.15914507f, 0.14461797f,  -0.20505407f,
        0.12749597f,    0.321397f,     0.13995846f,   -0.10619818f, 0.045285575f, 0.045598604f, //
        -0.0071525453f, 0.109454446f,  -0.15825303f,  -0.2646342f,  0.092085086f, 0.07014948f,
        -0.19062495f,   -0.24360456f,  -0.09368397f,  0.07878212f,  0.2973635f,   0.11210034f};
    static const float b[] = {-0.054097984f, -0.0644474f,  0.031128775f, -0.082882226f,
                              0.07840359f,   0.03914358f,  -0.45591456f, -0.11876056f,
                              0.3670335f,    0.028461361f, -0.08913631f, 0.28048715f};
    (void)state;
    for (int m = 1; m < 3; m++) {
        const struct vector v = {1,
                                 2,
                                 2,
                                 (enum attn_mask)m,
                                 x,
                                 w,
                                 b,
                                 NULL,
                                 NULL,
                                 NULL,
                                 {0.28109729f, 0.069518551f, 0.0038009658f, 0.29213354f, 0.3692801f,
                                  0.029495837f, -0.084964074f, 0.28169215f},
                                 {0}};
        expect_vector(&v);
    }
}

/* ---- plain loops in double ----------------------------------------------------------------------- */

struct shape {
    int batch, heads, kv_heads, nq, nk, dk, dv, d_model, d_context, is_cross, has_bias;
    enum attn_mask mask;
    int threads, isa;
};

struct made { /* a layer of seeded values, and what it reads */
    struct attn_problem problem;
    struct attn_layer layer;
    float *x, *context, *weights[4], *biases[4];
};

static float *draw(uint64_t stream, size_t n, double deviation) {
    float *x = xmalloc(n * sizeof *x);
    attn_random_normal(11, stream, 0, n, x);
    for (size_t i = 0; i < n; i++) x[i] *= (float)deviation;
    return x;
}

static void make_layer(struct made *m, const struct shape *s) {
    int in[] = {s->d_model, s->d_context, s->d_context, s->heads * s->dv};
    int out[] = {s->heads * s->dk, s->kv_heads * s->dk, s->kv_heads * s->dv, s->d_model};
    struct attn_linear linear[4];
    memset(m, 0, sizeof *m);
    m->problem =
        (struct attn_problem){.struct_size = sizeof m->problem, .batch = s->batch, .heads = s->heads};
    m->problem.kv_heads = s->kv_heads, m->problem.nq = s->nq, m->problem.nk = s->nk, m->problem.dk = s->dk;
    m->problem.dv = s->dv, m->problem.mask = s->mask, m->problem.threads = s->threads,
    m->problem.isa = s->isa;
    m->problem.scale = (float)(1 / sqrt(s->dk));
    for (int w = 0; w < 4; w++) {
        m->weights[w] = draw(20 + (uint64_t)w, (size_t)(in[w] * out[w]), 1 / sqrt(in[w]));
        m->biases[w] = s->has_bias ? draw(30 + (uint64_t)w, (size_t)out[w], 0.5) : NULL;
        linear[w] = (struct attn_linear){m->weights[w], out[w], m->biases[w]};
    }
    m->layer =
        (struct attn_layer){.struct_size = sizeof m->layer, .problem = &m->problem, .d_model = s->d_model};
    m->layer.d_context = s->d_context, m->layer.is_cross = s->is_cross;
    m->layer.q = linear[0], m->layer.k = linear[1], m->layer.v = linear[2], m->layer.output = linear[3];
    m->x = draw(1, (size_t)(s->batch * s->nq * s->d_model), 1);
    m->context = draw(2, (size_t)(s->batch * s->nk * s->d_context), 1);
}

static void drop_layer(struct made *m) {
    for (int w = 0; w < 4; w++) free(m->weights[w]), free(m->biases[w]);
    free(m->x), free(m->context);
}

/* y[n][out] = x[n][in] w[in][out] + b */
static double *plain(int n, int in, int out, const double *x, const float *w, const float *b) {
    double *y = xmalloc((size_t)(n * out) * sizeof *y);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < out; j++) {
            y[i * out + j] = b ? (double)b[j] : 0;
            for (int d = 0; d < in; d++) y[i * out + j] += x[i * in + d] * (double)w[d * out + j];
        }
    return y;
}

static double *widened(const float *x, size_t n) {
    double *y = xmalloc(n * sizeof *y);
    for (size_t i = 0; i < n; i++) y[i] = (double)x[i];
    return y;
}

/* All of the layer in double, softmax attention in it, from the formula alone: y [batch][nq][d_model]. */
static double *plain_layer(const struct made *m, const struct shape *s) {
    int nq = s->batch * s->nq, nk = s->batch * s->nk, group = s->heads / s->kv_heads;
    double *x = widened(m->x, (size_t)(nq * s->d_model)),
           *c = widened(m->context, (size_t)(nk * s->d_context)), *from = s->is_cross ? c : x,
           *p = xmalloc((size_t)s->nk * sizeof *p);
    double *q = plain(nq, s->d_model, s->heads * s->dk, x, m->weights[0], m->biases[0]),
           *k = plain(nk, s->d_context, s->kv_heads * s->dk, from, m->weights[1], m->biases[1]),
           *v = plain(nk, s->d_context, s->kv_heads * s->dv, from, m->weights[2], m->biases[2]),
           *o = xmalloc((size_t)(nq * s->heads * s->dv) * sizeof *o);
    for (int t = 0; t < nq * s->heads; t++) {
        int i = t / s->heads, h = t % s->heads, kv = h / group, b = i / s->nq;
        int visible = s->mask == ATTN_MASK_NONE ? s->nk : i % s->nq + s->nk - s->nq + 1;
        double sum = 0;
        for (int j = 0; j < visible; j++) {
            double logit = 0;
            for (int d = 0; d < s->dk; d++)
                logit +=
                    q[(i * s->heads + h) * s->dk + d] * k[((b * s->nk + j) * s->kv_heads + kv) * s->dk + d];
            sum += p[j] = exp(logit / sqrt(s->dk));
        }
        for (int d = 0; d < s->dv; d++) {
            o[t * s->dv + d] = 0;
            for (int j = 0; j < visible; j++)
                o[t * s->dv + d] += p[j] / sum * v[((b * s->nk + j) * s->kv_heads + kv) * s->dv + d];
        }
    }
    double *y = plain(nq, s->heads * s->dv, s->d_model, o, m->weights[3], m->biases[3]);
    free(x), free(c), free(p), free(q), free(k), free(v), free(o);
    return y;
}

static const struct shape shapes[] = {
    /* b, h, hk, nq, nk, dk, dv, D, Dc, cross, bias, mask, threads, isa */
    {1, 2, 2, 7, 7, 64, 64, 128, 128, 0, 1, ATTN_MASK_NONE, 2, 0},
    {2, 3, 3, 101, 101, 20, 20, 60, 60, 0, 0, ATTN_MASK_CAUSAL, 3, 0}, /* more than a block of rows */
    {2, 4, 2, 9, 23, 16, 16, 64, 40, 1, 1, ATTN_MASK_NONE, 2, 0},      /* another width of the context */
    {1, 4, 1, 13, 13, 12, 70, 33, 33, 0, 1, ATTN_MASK_CAUSAL, 2, 0},   /* nothing fills a panel */
    {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, ATTN_MASK_NONE, 1, 0},
    {2, 2, 2, 5, 17, 8, 8, 300, 300, 1, 0, ATTN_MASK_CAUSAL, 2, 0}, /* sums in two parts */
};

/* Sums of d_model and softmax of logits near 1: 2e-6 is what exact operators are held to, and what sums of so few terms
   stay within; both projections add to it. */
static const double LAYER_BOUND = 4e-6;

static void against_plain_loops(void **state) {
    (void)state;
    for (size_t x = 0; x < sizeof shapes / sizeof *shapes; x++)
        for (int isa = 0; isa < attn_isa_count(); isa++) {
            struct shape s = shapes[x];
            struct made m;
            struct rig r;
            if (!attn_isa_usable(isa)) continue;
            s.isa = isa;
            make_layer(&m, &s);
            run(&r, "flash", &m.layer, &(struct attn_call){0}, m.x, s.is_cross ? m.context : NULL);
            double *want = plain_layer(&m, &s);
            struct distance d =
                accuracy_distance(output_of(&r), want, (size_t)(s.batch * s.nq), (size_t)s.d_model);
            if (!(d.rel_fro <= LAYER_BOUND))
                fail_msg("shape %zu, isa %d: %.3g from plain loops", x, isa, d.rel_fro);
            free(want);
            drop(&r);
            drop_layer(&m);
        }
}

/* A bias that is left out, a head that reads its neighbour's columns, K and V exchanged: each is far beyond the bound. */
static void faults_show(void **state) {
    (void)state;
    for (int fault = 0; fault < 3; fault++) {
        struct shape s = shapes[0];
        struct made m;
        struct rig r;
        make_layer(&m, &s);
        double *want = plain_layer(&m, &s);
        if (fault == 0) m.layer.output.bias = NULL;
        if (fault == 1) m.layer.k.weight = m.weights[1] + 1, m.layer.k.row = s.heads * s.dk - 1;
        if (fault == 2) m.layer.k = m.layer.v;
        run(&r, "flash", &m.layer, &(struct attn_call){0}, m.x, NULL);
        struct distance d =
            accuracy_distance(output_of(&r), want, (size_t)(s.batch * s.nq), (size_t)s.d_model);
        assert_true(d.rel_fro > 1e-2);
        free(want);
        drop(&r);
        drop_layer(&m);
    }
}

/* The definition of rows, and of its largest partial sums, against the same loops. */
static void definition(void **state) {
    (void)state;
    for (size_t x = 0; x < sizeof shapes / sizeof *shapes; x++) {
        const struct shape *s = &shapes[x];
        const int counts[] = {s->heads, s->kv_heads, s->kv_heads}, widths[] = {s->dk, s->dk, s->dv};
        struct made m;
        make_layer(&m, s);
        for (int w = 0; w < 3; w++) {
            const float *from = w && s->is_cross ? m.context : m.x;
            int n = w ? s->nk : s->nq, in = w ? s->d_context : s->d_model, out = counts[w] * widths[w];
            double *wide = widened(from, (size_t)(s->batch * n * in));
            double *want = plain(s->batch * n, in, out, wide, m.weights[w], m.biases[w]), got[WIDTH_MAX],
                   most[WIDTH_MAX];
            struct attn_view view = rows_of(from, n, in);
            for (int t = 0; t < s->batch * n * counts[w]; t++) {
                int i = t / counts[w], h = t % counts[w];
                attn_layer_define_in(&m.layer, (enum attn_projection)w, &view, i / n, h, i % n, got, most);
                for (int d = 0; d < widths[w]; d++) {
                    assert_float_equal(got[d], want[i * out + h * widths[w] + d], 1e-13);
                    assert_true(most[d] >= fabs(got[d]));
                }
            }
            free(wide), free(want);
        }
        double *o = widened(m.x, 1), got[WIDTH_MAX];
        int depth = s->heads * s->dv;
        o = xrealloc(o, (size_t)depth * sizeof *o);
        for (int d = 0; d < depth; d++) o[d] = sin(d);
        double *want = plain(1, depth, s->d_model, o, m.weights[3], m.biases[3]);
        attn_layer_define_out(&m.layer, o, got, NULL);
        for (int d = 0; d < s->d_model; d++) assert_float_equal(got[d], want[d], 1e-13);
        free(o), free(want);
        drop_layer(&m);
    }
}

/* 3, 7, 0.5: what cancels was larger on the way. */
static void largest_partial_sum(void **state) {
    static const float w[] = {1, 1, 1}, x[] = {3, 4, -6.5f};
    struct attn_problem p = {.heads = 1, .kv_heads = 1, .dk = 1, .dv = 1, .batch = 1, .nq = 1, .nk = 1};
    struct attn_layer l = {.problem = &p, .d_model = 3, .d_context = 3, .q = {w, 1, NULL}};
    struct attn_view view = rows_of(x, 1, 3);
    double out, most;
    (void)state;
    attn_layer_define_in(&l, ATTN_PROJECTION_Q, &view, 0, 0, 0, &out, &most);
    assert_float_equal(out, 0.5, 0);
    assert_float_equal(most, 7, 0);
}

/* ---- identities ---------------------------------------------------------------------------------- */

static void same_bits(void **state) {
    (void)state;
    for (size_t x = 0; x < sizeof shapes / sizeof *shapes; x++) {
        struct shape s = shapes[x];
        struct made m;
        struct rig one, three;
        make_layer(&m, &s);
        m.problem.threads = 1;
        run(&one, "flash", &m.layer, &(struct attn_call){0}, m.x, m.context);
        m.problem.threads = 3;
        run(&three, "flash", &m.layer, &(struct attn_call){0}, m.x, m.context);
        assert_memory_equal(one.y.data, three.y.data, (size_t)(s.batch * s.nq * s.d_model) * sizeof(float));
        drop(&one), drop(&three);
        drop_layer(&m);
    }
}

/* Cross-attention to oneself is self-attention: packed or apart, the sums are the same. */
static void cross_to_itself(void **state) {
    (void)state;
    struct shape s = shapes[1];
    struct made m;
    struct rig self, cross;
    make_layer(&m, &s);
    run(&self, "flash", &m.layer, &(struct attn_call){0}, m.x, NULL);
    m.layer.is_cross = 1;
    run(&cross, "flash", &m.layer, &(struct attn_call){0}, m.x, m.x);
    assert_memory_equal(self.y.data, cross.y.data, (size_t)(s.batch * s.nq * s.d_model) * sizeof(float));
    drop(&self), drop(&cross);
    drop_layer(&m);
}

/* With identities for weights the layer is the operator on the columns of x. */
static void identity_weights(void **state) {
    (void)state;
    const struct shape s = {2, 3, 3, 19, 19, 8, 8, 24, 24, 0, 0, ATTN_MASK_CAUSAL, 2, 0};
    struct made m;
    struct rig r;
    make_layer(&m, &s);
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < 24 * 24; i++) m.weights[w][i] = i % 25 == 0;
    run(&r, "flash", &m.layer, &(struct attn_call){0}, m.x, NULL);
    for (int b = 0; b < 2; b++)
        for (int h = 0; h < 3; h++)
            for (int i = 0; i < 19; i++)
                for (int d = 0; d < 8; d++) {
                    float x = m.x[(b * 19 + i) * 24 + h * 8 + d];
                    assert_true(attn_row(&r.call.q, b, h, i)[d] == x && attn_row(&r.call.v, b, h, i)[d] == x);
                    assert_true(attn_out_row(&r.call.o, b, h, i)[d] ==
                                output_of(&r)[(b * 19 + i) * 24 + h * 8 + d]);
                }
    drop(&r);
    drop_layer(&m);
}

static void operations(void **state) {
    const struct shape s = {2, 4, 2, 9, 23, 16, 8, 64, 40, 1, 1, ATTN_MASK_NONE, 2, 0};
    struct made m;
    (void)state;
    make_layer(&m, &s);
    assert_float_equal(attn_layer_in_flops(&m.layer), 2 * 2 * (9 * 64 * 4 * 16 + 23 * 40 * 2 * (16 + 8)), 0);
    assert_float_equal(attn_layer_out_flops(&m.layer), 2 * 2 * 9 * 4 * 8 * 64, 0);
    drop_layer(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_weights),      cmocka_unit_test(key_lengths),
        cmocka_unit_test(relative_bias),       cmocka_unit_test(boolean_mask),
        cmocka_unit_test(narrow_values),       cmocka_unit_test(causal),
        cmocka_unit_test(against_plain_loops), cmocka_unit_test(faults_show),
        cmocka_unit_test(definition),          cmocka_unit_test(largest_partial_sum),
        cmocka_unit_test(same_bits),           cmocka_unit_test(cross_to_itself),
        cmocka_unit_test(identity_weights),    cmocka_unit_test(operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
