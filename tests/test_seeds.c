/* test_seeds.c -- what is drawn from the seed is the same on every instruction set and for every number of threads. */
#include "bench.h"

/* The definition reads nothing but inputs, tensors and what create() drew, in double and by one thread: its bits are
   equal where all of these are. */
static double *definition(const struct attn_variant *v, struct trial t, int isa, int threads, size_t *n) {
    struct rig r;
    struct attn_error error;
    void *params = params_defaults(v);
    t.isa = isa, t.threads = threads;
    double *out = NULL;
    if (rig_make(&r, v, &t, params, 11, &error) == 0) {
        out = rig_definition(&r, 0, 1, NULL, NULL);
        *n = rig_elements(&r);
        rig_free(&r);
    }
    free(params);
    return out;
}

static int agrees(const struct attn_variant *v, struct trial t) {
    size_t n = 0, other = 0;
    double *want = definition(v, t, 1, 1, &n); /* 1: the narrowest instruction set */
    if (!want) return 0;
    for (int isa = 1; isa < attn_isa_count(); isa++)
        for (int threads = 1; threads <= 3; threads++) {
            if (!attn_isa_usable(isa)) continue;
            double *got = definition(v, t, isa, threads, &other);
            if (other != n || memcmp(got, want, n * sizeof *got))
                fail_msg("%s draws something else on %s with %d threads", v->name, attn_isa_name(isa),
                         threads);
            free(got);
        }
    free(want);
    return 1;
}

static void test_draws(void **state) {
    const struct trial square = {.batch = 1, .heads = 2, .nq = 300, .nk = 300, .dk = 16, .threads = 1};
    int random = 0;
    (void)state;
    for (size_t i = 0; i < registry_count(); i++) {
        const struct attn_variant *v = registry_at(i);
        struct trial causal = square;
        causal.mask = ATTN_MASK_CAUSAL;
        if (v->caps & ATTN_CAP_NO_OUTPUT) continue;
        if (!agrees(v, square) && !agrees(v, causal)) fail_msg("%s takes neither trial", v->name);
        random += !!(v->caps & ATTN_CAP_RANDOM);
    }
    assert_true(random >= 3); /* or the promise is made by nobody, and this test says nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_draws)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
