/*
 * job_probe.c -- everything about one point but its time: does it run, what memory does it touch, how
 * far is it from its definition and from softmax.
 *
 * The first call runs on untouched memory with the peak of resident memory reset just before, so that
 * what create() and forward() touch, declared or not, shows as the difference. The second runs on
 * scratch filled with a pattern and shows how far into it the variant wrote.
 */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "blas.h"
#include "child.h"
#include "judge.h"
#include "memory.h"
#include "stopwatch.h"
#include "subject.h"
#include "text.h"
#include "worker.h"

enum { PATTERN = 0xa5 };

/* First create() and forward(); times and memory go to `d`. */
static int first_call(struct subject *s, struct doc *d, struct attn_error *error) {
    int known = memory_reset_peak() == 0;
    double before = memory_peak();
    int64_t start = stopwatch();
    if (subject_create(s, error)) return -1;
    int64_t ready = stopwatch();
    subject_forward(s);
    int64_t end = stopwatch();
    double grown = memory_peak() - before;
    struct attn_need need = subject_need(s);
    doc_put_num(d, "setup_ns", (double)(ready - start));
    doc_put_num(d, "forward_ns", (double)(end - ready));
    doc_put_num(d, "memory.state_bytes", (double)need.state);
    doc_put_num(d, "memory.scratch_bytes", (double)need.scratch);
    if (known) doc_put_num(d, "memory.hwm_bytes", grown > 0 ? grown : 0);
    else doc_put_str(d, "memory.hwm_bytes", NULL);
    return 0;
}

/* The shorter of the two calls stands for the point: the first pays for pages, either may have been disturbed. */
static void second_call(struct subject *s, struct block *scratch, struct doc *d) {
    block_fill(scratch, PATTERN);
    int64_t start = stopwatch();
    subject_forward(s);
    double ns = (double)(stopwatch() - start);
    if (ns < doc_num(d, "forward_ns", 0)) doc_put_num(d, "forward_ns", ns);
    struct attn_need need = subject_need(s);
    size_t between = need.scratch - s->need.scratch; /* of a layer, which fills it */
    doc_put_num(d, "memory.arena_peak_bytes",
                (double)(need.state + between + block_extent(scratch, PATTERN)));
}

/* What the call had to do, now that the tensors are known. */
static void count_work(const struct subject *s, struct doc *d) {
    struct attn_cost cost = subject_cost(s);
    doc_put_num(d, "cost.flops", cost.flops);
    doc_put_num(d, "cost.bytes", cost.bytes);
    for (const struct subject_part *x = subject_parts; x->name; x++) {
        if (!x->is_there(s)) continue;
        struct attn_need need = x->need(s);
        struct doc *part = doc_object();
        doc_put_num(part, "flops", x->flops(s));
        doc_put_num(part, "state_bytes", (double)need.state);
        doc_put_num(part, "scratch_bytes", (double)need.scratch);
        char *path = format("parts.%s", x->name);
        doc_put(d, path, part);
        free(path);
    }
}

/* What follows the variant's calls is our own time. */
static void announce(const struct doc *point) {
    struct doc *returned = doc_object();
    doc_put_str(returned, "call", doc_str(point, "id", ""));
    child_send(returned);
}

/* -1 and the reason where another seed cannot be had. */
static int judge(const struct subject *s, const struct doc *job, const struct group *g, struct doc *d,
                 struct attn_error *error) {
    int seeds = doc_int(job, "seeds", 1);
    if (s->variant->caps & ATTN_CAP_NO_OUTPUT) return 0;
    judge_output(s, &g->truth, d);
    if (seeds < 2 || !judge_is_random(s)) return 0;
    return judge_seeds(s, doc_get(job, "point"), &g->truth, seeds, announce, d, error);
}

void job_probe(const struct doc *job) {
    const struct doc *point = doc_get(job, "point"), *what = doc_get(job, "what");
    struct doc *d = doc_object();
    struct stage stage;
    struct subject s;
    struct block scratch;
    struct attn_error error = {0};
    memory_no_huge_pages();
    if (stage_open(&stage, &error)) {
        job_fail("oom", error.text);
        return;
    }
    blas_warm(stage.group.problem.threads);
    memory_cap(doc_num(job, "memory_limit", 0x1p40));
    if (stage_subject(&stage, point, &s, &error) || block_make(&scratch, s.need.scratch)) {
        job_fail("oom", *error.text ? error.text : "no memory for the declared scratch");
        return;
    }
    s.call.scratch = scratch.data;
    if (first_call(&s, d, &error)) {
        job_fail("crashed", error.text);
        return;
    }
    announce(point);
    count_work(&s, d);
    doc_put_str(d, "isa", attn_isa_name(attn_isa_resolve(s.problem.isa)));
    if (doc_has_word(what, "memory")) second_call(&s, &scratch, d);
    if (doc_has_word(what, "accuracy") && judge(&s, job, &stage.group, d, &error)) {
        job_fail("crashed", error.text);
        return;
    }
    doc_put_bool(d, "ok", 1);
    child_send(d);
}
