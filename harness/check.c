/*
 * check.c -- the contract test.
 *
 * Every variant runs over the same trials: shapes that are no multiple of anything, every mask and shift,
 * key lengths down to none, every bias, strides with gaps, grouped heads. Each trial is held to the
 * definition in double; then come the promises that are about two runs: the same bits with another
 * content of scratch, another number of threads, NaN where nothing may be read, other heads and items.
 */
#include "check_parts.h"

#include <fenv.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "params.h"
#include "test_case.h"
#include "watch.h"

enum { SEED = 20, BROKEN_MAX = 512, RECYCLED = 256 << 20 };

const struct check *checked;
const struct rig *checked_rig;
unsigned checked_rows;

static const struct check_group groups[] = {
    {"memory", check_memory},   {"calls", check_calls},         {"growth", check_growth},
    {"run", check_run},         {"threads", check_threads},     {"items", check_items},
    {"heads", check_heads},     {"future", check_future},       {"padding", check_padding},
    {"masked", check_masked},   {"grouped", check_grouped},     {"carry", check_carry},
    {"ignored", check_ignored}, {"reference", check_reference}, {"order", check_order},
    {"path", check_path},
};
enum { GROUPS = sizeof groups / sizeof *groups };

static struct {
    struct trial trial; /* of the case under way */
    const char *group;
    const void *params;
    struct {
        const char *promise;
        unsigned features;
    } broken[BROKEN_MAX];
    size_t nbroken;
    long checks, cases, runs;
} now;

/* ---- what groups use --------------------------------------------------------------------------- */

static struct doc *case_under_way(void) {
    return case_doc(now.group, &now.trial, params_changed(checked->variant, now.params));
}

void expect(int holds, const char *promise, const char *form, ...) {
    unsigned features = trial_features(&now.trial);
    char detail[300];
    va_list args;
    now.checks++;
    if (holds) return;
    for (size_t i = 0; i < now.nbroken; i++)
        if (!strcmp(now.broken[i].promise, promise) && now.broken[i].features == features) return;
    if (now.nbroken == BROKEN_MAX) return;
    now.broken[now.nbroken].promise = promise;
    now.broken[now.nbroken++].features = features;
    va_start(args, form);
    vsnprintf(detail, sizeof detail, form, args);
    va_end(args);
    checked->fail(promise, detail, case_under_way());
}

int check_set_up(struct rig *r, const struct trial *t, const void *params) {
    struct attn_error error;
    checked_rig = r;
    if (rig_make(r, checked->variant, t, params, SEED, &error) == 0) return 0;
    check_tear_down(r);
    return -1;
}

void check_tear_down(struct rig *r) {
    checked_rig = NULL;
    rig_free(r);
}

static int denormals_live(void) {
    volatile float tiny = 1e-40f;
    volatile float half = tiny * 0.5f;
    return half > 0;
}

void check_call(struct rig *r, unsigned char pattern) {
    checked_rig = r;
    watch_start();
    rig_run(r, pattern);
    size_t bytes = watch_stop();
    expect(bytes == 0, "allocates", "forward() asks for memory, %zu bytes", bytes);
    expect(rig_gaps_intact(r, pattern), "writes_outside", "something beside the output was written");
    expect(
        fegetround() == FE_TONEAREST && denormals_live(), "float_environment",
        "the rounding mode or the treatment of denormals is another now (-ffast-math does that when a shared "
        "object is linked)");
}

float *check_output(struct rig *r, const struct trial *t, const void *params) {
    if (check_set_up(r, t, params)) return NULL;
    check_call(r, PATTERN_A);
    return rig_output(r);
}

int check_same_bits(const float *x, const float *y, size_t n) { return memcmp(x, y, n * sizeof *x) == 0; }
int check_judged(void) { return !(checked->variant->caps & ATTN_CAP_NO_OUTPUT); }

/* ---- the cases --------------------------------------------------------------------------------- */

static const struct check_group *group_find(const char *name) {
    for (int i = 0; i < GROUPS; i++)
        if (!strcmp(groups[i].name, name)) return &groups[i];
    return NULL;
}

static void attempt(const char *group, const struct trial *t, const void *params) {
    now.cases++;
    if (!strcmp(group, "run") && now.runs++ % checked->every) return;
    if (now.cases % checked->sample) return;
    now.trial = *t;
    if (t->isa == ATTN_ISA_BEST) now.trial.isa = checked->isa;
    now.group = group;
    now.params = params;
    checked_rows = (unsigned)now.cases;
    checked->begin(case_under_way());
    group_find(group)->run(&now.trial, params);
}

static const struct trial shapes[] = {
    {.batch = 1, .heads = 1, .nq = 1, .nk = 1, .dk = 1},
    {.batch = 1, .heads = 2, .nq = 7, .nk = 7, .dk = 5},
    {.batch = 3, .heads = 2, .nq = 33, .nk = 33, .dk = 16},
    {.batch = 3, .heads = 4, .kv_heads = 2, .nq = 37, .nk = 37, .dk = 24, .dv = 40},
    {.batch = 1, .heads = 6, .kv_heads = 1, .nq = 1, .nk = 300, .dk = 17},
    {.batch = 1, .heads = 2, .nq = 19, .nk = 301, .dk = 8, .dv = 65},
    {.batch = 1, .heads = 1, .nq = 301, .nk = 19, .dk = 33},
    {.batch = 1, .heads = 3, .nq = 259, .nk = 259, .dk = 64},
    {.batch = 1, .heads = 1, .nq = 523, .nk = 523, .dk = 3, .dv = 2},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

enum { FEATURES = 11 };

/* Feature number `extra` of a trial; odd ones are strided. */
static void add_feature(struct trial *t, int extra) {
    t->strided = extra % 2;
    t->lengths = extra == 2 || extra == 8 || extra == 9;
    if (extra == 3 || extra == 8) t->softcap = 2;
    if (extra >= 4 && extra <= 7) t->bias = (enum attn_bias_kind)(extra - 3);
    if (extra == 8) t->bias = ATTN_BIAS_DENSE;
    if (extra == 9) t->bias = ATTN_BIAS_ALIBI;
    if (extra == 10) t->scale = 2.5f;
}

/* Every mask and shift, and every feature, over every shape; far shifts in plain forms only. */
static void over_features(const void *params) {
    static const int shifts[] = {0, -3, 5, -400};
    for (int s = 0; s < SHAPES; s++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL_TOP_LEFT; mask++)
            for (int shift = 0; shift < (mask ? 4 : 1); shift++)
                for (int extra = 0; extra < (shift > 1 ? 3 : FEATURES); extra++) {
                    struct trial t = shapes[s];
                    t.mask = (enum attn_mask)mask;
                    t.shift = shifts[shift];
                    t.threads = 1 + (s + extra) % 3;
                    add_feature(&t, extra);
                    attempt("run", &t, params);
                }
}

/* A sample of the same, for every further value of a parameter. */
static void over_some_features(const void *params) {
    static const int some[] = {2, 3, 5, 7};
    for (int s = 0; s < 4; s++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++)
            for (int extra = s % 2; extra < FEATURES; extra += 4) {
                struct trial t = shapes[some[s]];
                t.mask = (enum attn_mask)mask;
                t.shift = mask && extra % 3 == 1 ? -2 : 0;
                t.threads = 1 + (s + extra) % 3;
                add_feature(&t, extra);
                attempt("run", &t, params);
            }
}

/* The groups that compare calls, on grouped heads with wide values and on plain ones. */
static void over_pairs(const void *params) {
    const struct trial plain = {
        .batch = 3, .heads = 4, .kv_heads = 2, .nq = 131, .nk = 131, .dk = 20, .dv = 36, .threads = 1};
    const struct trial simple = {.batch = 3, .heads = 2, .nq = 131, .nk = 131, .dk = 20, .threads = 1};
    for (int which = 0; which < 2; which++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL_TOP_LEFT; mask++) {
            struct trial t = which ? simple : plain;
            t.mask = (enum attn_mask)mask;
            attempt("threads", &t, params);
            if (!check_judged()) continue;
            if (!which) attempt("grouped", &t, params);
            attempt("items", &t, params);
            attempt("heads", &t, params);
            if (mask) attempt("future", &t, params);
            if (mask) attempt("carry", &t, params);
            t.lengths = 1;
            attempt("padding", &t, params);
            t.lengths = 0;
            for (int bias = ATTN_BIAS_DENSE; bias <= ATTN_BIAS_BOOLEAN; bias++) {
                t.bias = (enum attn_bias_kind)bias;
                attempt("masked", &t, params);
            }
        }
}

/* Small trials for what is asked of the definition, and for what must not be ignored. */
static void over_definitions(const void *params) {
    for (int grouped = 0; grouped < 2; grouped++)
        for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL_TOP_LEFT; mask++)
            for (int extra = 0; extra < FEATURES; extra++) {
                struct trial t = {.batch = 2, .heads = 4, .nq = 40, .nk = 40, .dk = 12, .threads = 1};
                if (grouped) t.kv_heads = 2, t.dv = 7;
                t.mask = (enum attn_mask)mask;
                add_feature(&t, extra);
                attempt("reference", &t, params);
                attempt("order", &t, params);
            }
    for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
        struct trial t = {.batch = 2, .heads = 2, .nq = 131, .nk = 131, .dk = 12, .threads = 1};
        t.mask = (enum attn_mask)mask;
        attempt("ignored", &t, params);
    }
}

static void growth(const void *params) {
    struct trial t = {.batch = 1, .heads = 2, .nq = 4096, .nk = 4096, .dk = 16, .threads = 2};
    if (!(checked->variant->caps & ATTN_CAP_NO_MASK)) t.mask = ATTN_MASK_CAUSAL;
    attempt("growth", &t, params);
    t.nq = t.nk = 512;
    t.dk = 4;
    for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
        t.mask = (enum attn_mask)mask;
        if (checked->variant->kind != ATTN_CONTROL) attempt("path", &t, params);
    }
}

static void all_cases(const void *params) {
    struct trial large = {.batch = 1, .heads = 2, .nq = 1024, .nk = 1024, .dk = 32, .threads = 2};
    if (!(checked->variant->caps & ATTN_CAP_NO_MASK)) large.mask = ATTN_MASK_CAUSAL;
    attempt("memory", &large, params); /* first, while nothing of it has been touched */
    large.nq = large.nk = 64;
    attempt("calls", &large, params);
    block_recycle(RECYCLED); /* the rest asks for no fresh pages */
    growth(params);
    over_pairs(params);
    over_definitions(params);
    over_features(params);
}

/* The runs, and a carried state, with further values of parameters; nothing where they are refused. */
static void with_params(const void *params) {
    struct trial t = {.batch = 2, .heads = 4, .kv_heads = 2, .nq = 131, .nk = 131, .dk = 20, .dv = 36};
    struct trial small = {.batch = 2, .heads = 4, .kv_heads = 2, .nq = 40, .nk = 40, .dk = 12, .threads = 1};
    over_some_features(params);
    for (int mask = ATTN_MASK_NONE; mask <= ATTN_MASK_CAUSAL; mask++) {
        small.mask = (enum attn_mask)mask;
        attempt("reference", &small, params);
    }
    t.mask = ATTN_MASK_CAUSAL;
    t.threads = 2;
    attempt("carry", &t, params);
}

/* Every pair of choices that both differ from their defaults: some choices need another beside them. */
static void over_pairs_of_choices(void) {
    const struct attn_variant *v = checked->variant;
    struct attn_error error;
    for (const struct attn_param *p = v->params; p && p->name; p++)
        for (const struct attn_param *q = p + 1; p->type == ATTN_CHOICE && q->name; q++)
            for (int i = 0; p->choices[i]; i++)
                for (int j = 0; q->type == ATTN_CHOICE && q->choices[j]; j++) {
                    if (i == (int)p->preset || j == (int)q->preset) continue;
                    void *params = params_defaults(v);
                    struct doc *first = doc_string(p->choices[i]), *second = doc_string(q->choices[j]);
                    if (!params_set(params, p, first, &error) && !params_set(params, q, second, &error))
                        with_params(params);
                    doc_free(first), doc_free(second);
                    free(params);
                }
}

/* The smallest, some middle and every other value of each parameter, one at a time, on the runs. */
static void over_params(void) {
    const struct attn_variant *v = checked->variant;
    for (const struct attn_param *p = v->params; p && p->name; p++) {
        double values[8] = {p->min, p->min + 1, p->min + 4, fmin(p->max, 77)};
        int n = p->type == ATTN_INT ? 4 : p->type == ATTN_REAL ? 2 : 0;
        if (p->type == ATTN_REAL)
            values[1] = p->max < 1 ? p->max : 0.5 * (p->min + (p->max < 2 ? p->max : 2));
        for (; p->type == ATTN_CHOICE && p->choices[n] && n < 8; n++) values[n] = n;
        for (int i = 0; i < n; i++) {
            void *params = params_defaults(v);
            struct doc *value = p->type == ATTN_CHOICE ? doc_string(p->choices[i]) : doc_number(values[i]);
            struct attn_error error;
            if (values[i] != p->preset && !params_set(params, p, value, &error)) {
                with_params(params);
                if (v->growth && (p->type == ATTN_CHOICE || values[i] == 0))
                    growth(params); /* 0: without it */
            }
            doc_free(value);
            free(params);
        }
    }
}

static void open_check(const struct check *c) {
    memset(&now, 0, sizeof now);
    checked = c;
    check_catch_faults();
}

long check_variant(const struct check *c) {
    void *params = params_defaults(c->variant);
    open_check(c);
    all_cases(params);
    over_params();
    over_pairs_of_choices();
    free(params);
    return now.checks;
}

/* ---- one case ---------------------------------------------------------------------------------- */

static int set_params(void *params, const struct doc *given, struct attn_error *error) {
    for (size_t i = 0; i < doc_len(given); i++) {
        const char *key = doc_key(given, i);
        const struct attn_param *p = params_find(checked->variant, key);
        if (p && !params_set(params, p, doc_get(given, key), error)) continue;
        if (!p) {
            char *help = params_suggest(checked->variant, key);
            snprintf(error->text, sizeof error->text, "neither a trial nor %s knows '%s'; %s",
                     checked->variant->name, key, help);
            free(help);
        }
        return -1;
    }
    return 0;
}

static int unknown_group(const char *name, struct attn_error *error) {
    const char *names[GROUPS];
    for (int i = 0; i < GROUPS; i++) names[i] = groups[i].name;
    char *help = suggestion(name, names, GROUPS);
    snprintf(error->text, sizeof error->text, "no group of checks '%s'; %s", name, help);
    free(help);
    return -1;
}

long check_case(const struct check *c, const struct doc *test_case, struct attn_error *error) {
    const struct check_group *group = group_find(doc_str(test_case, "group", ""));
    struct trial t;
    open_check(c);
    if (!group) return unknown_group(doc_str(test_case, "group", ""), error);
    if (trial_from_doc(doc_get(test_case, "trial"), &t, error)) return -1;
    void *params = params_defaults(c->variant);
    int failed = set_params(params, doc_get(test_case, "params"), error);
    if (!failed) attempt(group->name, &t, params);
    free(params);
    return failed ? -1 : now.checks;
}
