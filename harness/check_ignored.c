/* check_ignored.c -- two calls that differ in what must matter: what a variant promises, it may not ignore. */
#include <stdlib.h>

#include "check_parts.h"

static int all_zero(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0) return 0;
    return 1;
}

/* With the other trial the output must not be `base`. */
static void expect_moved(const float *base, const struct trial *other, const void *params,
                         const char *promise, const char *what) {
    struct rig x;
    float *got = check_output(&x, other, params);
    if (!got) return;
    expect(!check_same_bits(base, got, rig_elements(&x)), promise, "the output is the same %s", what);
    free(got);
    check_tear_down(&x);
}

static void expect_all_moved(const struct trial *t, const float *base, const void *params) {
    struct trial other = *t;
    if (checked->variant->kind != ATTN_DIFFERENT) {
        other.scale = 4 * (t->scale > 0 ? t->scale : 1);
        expect_moved(base, &other, params, "scale", "with four times the scale");
    }
    other = *t;
    other.softcap = t->softcap > 0 ? 0 : 0.25f;
    expect_moved(base, &other, params, "softcap", "with a softcap of 0.25 and without");
    other = *t;
    other.shift = t->shift - 1;
    if (t->mask != ATTN_MASK_NONE)
        expect_moved(base, &other, params, "shift", "with the causal diagonal shifted by one");
    other = *t;
    other.mask = t->mask == ATTN_MASK_NONE ? ATTN_MASK_CAUSAL : ATTN_MASK_NONE;
    other.shift = 0;
    if (t->nq > 1) expect_moved(base, &other, params, "mask", "with a causal mask and without");
    other = *t;
    other.lengths = !t->lengths;
    if (t->batch > 1) expect_moved(base, &other, params, "key_lengths", "with key lengths and without");
    for (int bias = ATTN_BIAS_DENSE; bias <= ATTN_BIAS_BUCKETED; bias++) {
        other = *t;
        other.bias = (enum attn_bias_kind)bias;
        if (t->bias == ATTN_BIAS_NONE) expect_moved(base, &other, params, "bias", "with a bias and without");
    }
}

void check_ignored(const struct trial *t, const void *params) {
    struct rig r;
    if (checked->variant->kind == ATTN_CONTROL || t->nk < 2) return;
    float *base = check_output(&r, t, params);
    if (!base) return;
    if (!all_zero(base, rig_elements(&r)))
        expect_all_moved(t, base, params); /* nothing in it, nothing to move */
    free(base);
    check_tear_down(&r);
}
