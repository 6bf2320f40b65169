/* check_memory.c -- memory that was never declared, at once or later, and what is declared of growth. */
#include <math.h>
#include <stdlib.h>

#include "blas.h"
#include "check_parts.h"
#include "memory.h"
#include "problem.h"
#include "registry.h"
#include "sanitized.h"
#include "watch.h"

/* Stacks, code and the first use of libraries take pages too; see also row.c. */
static const double SLACK_RESIDENT = 6 << 20;
static const size_t SLACK_HANDLES = 64 << 10; /* what create() may keep elsewhere: plans and handles */
enum { CYCLES = 16, LEAST_LEAK = 16, CALLS = 32 };

/* The first call of this process on untouched memory: pages beyond the declared ones are someone's secret. */
static void expect_declared(const struct trial *t, const void *params) {
    struct rig r;
    double before, after;
    blas_warm(t->threads);
    memory_no_huge_pages();
    if (check_set_up(&r, t, params)) return;
    block_fill(&r.o, 0);
    block_fill(&r.lse, 0);
    int known = memory_reset_peak() == 0;
    before = memory_peak();
    r.subject.variant->forward(&r.subject.call);
    after = memory_peak();
    double declared = (double)(r.subject.need.state + r.subject.need.scratch);
    expect(SANITIZED || !known || after - before <= declared + SLACK_RESIDENT, "undeclared_memory",
           "the first call takes %s of memory; declared are %s", show_bytes(after - before),
           show_bytes(declared));
    check_tear_down(&r);
}

/* Memory that is touched later, or more of it in every call. */
void check_calls(const struct trial *t, const void *params) {
    struct rig r;
    if (check_set_up(&r, t, params)) return;
    rig_run(&r, PATTERN_A);
    int known = memory_reset_peak() == 0;
    double before = memory_peak();
    for (int i = 1; i < CALLS; i++) r.subject.variant->forward(&r.subject.call);
    double grown = memory_peak() - before;
    expect(SANITIZED || !known || grown <= SLACK_RESIDENT, "undeclared_memory",
           "%d calls after the first take %s of memory more", CALLS - 1, show_bytes(grown));
    check_tear_down(&r);
}

static void create(struct subject *s) {
    struct attn_error error;
    if (subject_create(s, &error)) die(EXIT_USAGE, "create() failed the second time: %s", error.text);
}

static void destroy(struct subject *s) {
    if (s->variant->destroy) s->variant->destroy(s->state.data);
    s->created = 0;
}

static void expect_given_back(const struct trial *t, const void *params) {
    struct rig r;
    struct subject *s = &r.subject;
    if (!checked->variant->create || check_set_up(&r, t, params)) return;
    destroy(s);
    size_t before = watch_in_use(), kept;
    create(s);
    kept = watch_in_use() - before;
    expect(watch_in_use() <= before + SLACK_HANDLES, "undeclared_memory",
           "create() keeps %s beyond the state that size() declares; at most %s may lie elsewhere",
           show_bytes((double)kept), show_bytes((double)SLACK_HANDLES));
    destroy(s);
    before = watch_in_use(); /* what free() holds back for the next is taken up by now */
    for (int i = 0; i < CYCLES; i++) {
        create(s);
        destroy(s);
    }
    size_t after = watch_in_use();
    expect(after < before + (size_t)CYCLES * LEAST_LEAK, "leaks",
           "%d times create() and destroy() lose %zu bytes", CYCLES, after - before);
    create(s); /* for the end of the rig */
    check_tear_down(&r);
}

void check_memory(const struct trial *t, const void *params) {
    expect_declared(t, params);
    if (watch_works()) expect_given_back(t, params);
}

/* The exponent of a quantity at lengths n, 4n, 16n, constants taken out; 0 where it does not grow. */
static double exponent(const double x[3]) {
    double early = x[1] - x[0], late = x[2] - x[1];
    if (late <= 1e-3 * x[2]) return 0;
    return early > 0 ? log(late / early) / log(4) : (double)INFINITY;
}

void check_growth(const struct trial *t, const void *params) {
    const struct attn_variant *v = checked->variant;
    struct attn_growths declared = registry_growth(v, params, t->mask);
    double work[3], bytes[3];
    for (int i = 0; i < 3; i++) {
        int n = t->nk << 2 * i;
        struct attn_need need = {.struct_size = sizeof need};
        struct attn_cost cost = {.struct_size = sizeof cost};
        struct attn_error error;
        struct attn_problem p = {.struct_size = sizeof p,
                                 .batch = t->batch,
                                 .heads = t->heads,
                                 .kv_heads = t->kv_heads ? t->kv_heads : t->heads,
                                 .nq = n,
                                 .nk = n,
                                 .dk = t->dk,
                                 .dv = t->dv ? t->dv : t->dk,
                                 .scale = 1 / sqrtf((float)t->dk),
                                 .mask = t->mask,
                                 .threads = t->threads,
                                 .seed = 1};
        if (problem_accept(v, &p, params, &error)) return;
        v->size(&p, params, &need);
        v->cost(&p, params, NULL, &cost);
        work[i] = cost.flops + cost.bytes;
        bytes[i] = (double)need.state + (double)need.scratch;
    }
    expect(fabs(exponent(work) - declared.time.exponent) <= 0.1, "growth_of_time",
           "time is declared to grow as n^%.3g; cost() grows as n^%.3g from n = %d to %d",
           declared.time.exponent, exponent(work), t->nk, t->nk << 4);
    expect(fabs(exponent(bytes) - declared.memory.exponent) <= 0.05, "growth_of_memory",
           "memory is declared to grow as n^%.3g; size() grows as n^%.3g from n = %d to %d",
           declared.memory.exponent, exponent(bytes), t->nk, t->nk << 4);
}
