/* bench.h -- rigs for tests of single mechanisms: made from parameters in text, and held against `full`. */
#ifndef BENCH_H
#define BENCH_H

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
#include "params.h"
#include "registry.h"
#include "rig.h"

/* A rig of one small head whose parameters are "key=number" or "key=choice" pairs, ended by NULL. */
static inline void make(struct rig *r, const char *name, const struct trial *t, ...) {
    const struct attn_variant *v = registry_find(name);
    void *params = params_defaults(v);
    struct attn_error error;
    va_list args;
    va_start(args, t);
    for (const char *pair; (pair = va_arg(args, const char *));) {
        char key[32];
        const char *value = strchr(pair, '=') + 1;
        snprintf(key, sizeof key, "%.*s", (int)(value - 1 - pair), pair);
        struct doc *d = doc_word(value);
        if (params_set(params, params_find(v, key), d, &error)) fail_msg("%s", error.text);
        doc_free(d);
    }
    va_end(args);
    if (rig_make(r, v, t, params, 5, &error)) fail_msg("%s: %s", name, error.text);
    free(params);
}

static inline void shrink(struct block *b, float factor) {
    for (size_t i = 0; i < b->bytes / sizeof(float); i++) ((float *)b->data)[i] *= factor;
}

/* Against `full` on the same inputs, q and k of both made smaller. */
static inline void expect_full(struct rig *r, const struct trial *t, float factor, double bound) {
    struct rig full;
    make(&full, "full", t, NULL);
    shrink(&r->q, factor), shrink(&r->k, factor), shrink(&full.q, factor), shrink(&full.k, factor);
    rig_run(r, 0x11);
    rig_run(&full, 0x11);
    float *a = rig_output(r), *b = rig_output(&full);
    double *want = malloc(rig_elements(r) * sizeof *want);
    for (size_t i = 0; i < rig_elements(r); i++) want[i] = (double)b[i];
    double error = accuracy_distance(a, want, rig_elements(r) / (size_t)t->dk, (size_t)t->dk).rel_fro;
    if (error > bound)
        fail_msg("%s differs from full by %.3g, bound %.3g", r->subject.variant->name, error, bound);
    free(a), free(b), free(want);
    rig_free(&full);
}

#endif
