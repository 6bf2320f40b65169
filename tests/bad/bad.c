/* bad.c -- variants that misbehave, each in one way, to show that a sweep survives and check names it. */
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "attn.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)p, (void)params;
    need->scratch = 4096;
}

/* Softmax attention, plainly; what every variant here claims to be. */
static void honest(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    double *out = malloc((size_t)p->dv * sizeof *out);
    if (!out) abort();
    for (int b = 0; b < p->batch; b++)
        for (int h = 0; h < p->heads; h++)
            for (int i = 0; i < p->nq; i++) {
                attn_softmax_rows(c, b, h, &i, 1, NULL, out, NULL, NULL);
                for (int d = 0; d < p->dv; d++) attn_out_row(&c->o, b, h, i)[d] = (float)out[d];
            }
    free(out);
}

static void crash(const struct attn_call *c) {
    honest(c);
    abort();
}

/* Survives the probe and dies when it is timed. */
static void late(const struct attn_call *c) {
    static int calls;
    honest(c);
    if (++calls > 4) abort();
}

static void hang(const struct attn_call *c) {
    (void)c;
    prctl(PR_SET_NAME, "bad_hang"); /* for tests that wait until it does */
    for (;;) pause();
}

static void garbage(const struct attn_call *c) {
    honest(c);
    c->o.data[0] += 1;
}

/* 64 MiB that it never declared. */
static void greedy(const struct attn_call *c) {
    enum { BYTES = 64 << 20 };
    volatile char *p = malloc(BYTES);
    honest(c);
    for (size_t i = 0; p && i < BYTES; i += 4096) p[i] = 1;
    free((void *)p);
}

static void outside(const struct attn_call *c) {
    honest(c);
    ((volatile char *)c->scratch)[4096] = 1;
}

/* Looks one key ahead of a causal mask. */
static void future(const struct attn_call *c) {
    struct attn_problem p = *c->problem;
    struct attn_call call = *c;
    call.problem = &p;
    if (p.mask != ATTN_MASK_NONE) p.causal_shift++;
    honest(&call);
}

/* Reads scratch that nobody set. */
static void unset(const struct attn_call *c) {
    honest(c);
    c->o.data[0] += (float)((unsigned char *)c->scratch)[7] * 1e-9f;
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *elsewhere, double *out) {
    (void)elsewhere;
    attn_softmax_rows(c, b, h, rows, nrows, weights, out, NULL, NULL);
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)params;
    for (int i = 0; i < p->nq; i++) cost->flops += attn_visible(p, p->nk, i);
    cost->flops *= 2.0 * p->batch * p->heads * (p->dk + p->dv);
}

#define BAD(what)                                                                                     \
    const struct attn_variant attn_variant_bad_##what = {.magic = ATTN_MAGIC,                         \
                                                         .abi = ATTN_ABI,                             \
                                                         .struct_size = sizeof(struct attn_variant),  \
                                                         .name = "bad_" #what,                        \
                                                         .brief = "misbehaves: " #what,               \
                                                         .formula = "softmax",                        \
                                                         .cite = "none",                              \
                                                         .kind = ATTN_EXACT,                          \
                                                         .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | \
                                                                 ATTN_CAP_CROSS,                      \
                                                         .time = {2, "n^2"},                          \
                                                         .memory = {0, "1"},                          \
                                                         .size = size,                                \
                                                         .forward = what,                             \
                                                         .reference = reference,                      \
                                                         .cost = cost}

BAD(crash);
BAD(late);
BAD(hang);
BAD(garbage);
BAD(greedy);
BAD(outside);
BAD(future);
BAD(unset);
