/* point_bench.h -- a point as a sweep has it, in this process: a group, and a variant that has been called on it. */
#ifndef POINT_BENCH_H
#define POINT_BENCH_H

#define _GNU_SOURCE /* memfd_create; so this header comes first */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "group.h"
#include "judge.h"
#include "params.h"
#include "registry.h"
#include "text.h"

struct bench { /* a group, and a variant on it */
    int file;
    struct doc *point;
    struct group group;
    struct attn_call call;
    struct subject subject;
    struct block scratch;
    float *o;
};

struct bench_shape { /* one item, two heads, Gaussian inputs with logits of deviation s */
    int n, d;
    double s;
    int causal;
};

/* Parameters are "key=value" pairs with commas between them, or NULL. */
static inline void open_bench(struct bench *x, const char *variant, struct bench_shape shape,
                              const char *settings) {
    struct attn_error error;
    const struct attn_variant *v = registry_find(variant);
    void *params = params_defaults(v);
    int n = shape.n, d = shape.d;
    char *words = xstrdup(settings ? settings : ""), *rest = words;
    for (char *word; *rest && (word = strsep(&rest, ","));) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        struct doc *given = doc_word(value);
        if (params_set(params, params_find(v, word), given, &error)) fail_msg("%s", error.text);
        doc_free(given);
        if (!rest) break;
    }
    free(words);
    memset(x, 0, sizeof *x);
    x->point = doc_object();
    doc_put_str(x->point, "id", variant);
    doc_put_str(x->point, "variant", variant);
    doc_put(x->point, "params", params_doc(v, params));
    doc_put_num(x->point, "shape.batch", 1);
    doc_put_num(x->point, "shape.heads", 2);
    doc_put_num(x->point, "shape.kv_heads", 2);
    doc_put_num(x->point, "shape.nq", n);
    doc_put_num(x->point, "shape.nk", n);
    doc_put_num(x->point, "shape.dk", d);
    doc_put_num(x->point, "shape.dv", d);
    doc_put_str(x->point, "mask", shape.causal ? "causal" : "none");
    doc_put_num(x->point, "logits.scale", 1 / sqrt(d));
    doc_put_num(x->point, "seed", 3);
    doc_put_num(x->point, "threads", 2);
    doc_put_str(x->point, "isa", "best");
    doc_put_str(x->point, "input.family", "gauss");
    doc_put_num(x->point, "input.s", shape.s);
    x->file = memfd_create("inputs", 0);
    assert_int_equal(group_make(x->file, x->point, 64, &error), 0);
    assert_int_equal(group_open(x->file, &x->group, &error), 0);
    group_call(&x->group, &x->group.problem, &x->call);
    x->o = xmalloc(2 * (size_t)n * (size_t)d * sizeof *x->o);
    x->call.o = (struct attn_output){x->o, 2 * (ptrdiff_t)n * d, (ptrdiff_t)n * d, d};
    assert_int_equal(subject_make(&x->subject, x->point, &x->call, &error), 0);
    assert_int_equal(block_make(&x->scratch, x->subject.need.scratch), 0);
    x->subject.call.scratch = x->scratch.data;
    assert_int_equal(subject_create(&x->subject, &error), 0);
    v->forward(&x->subject.call);
    free(params);
}

static inline void close_bench(struct bench *x) {
    subject_free(&x->subject);
    block_free(&x->scratch);
    munmap(x->group.map, x->group.bytes);
    doc_free(x->point);
    free(x->o);
    close(x->file);
}

#endif
