/*
 * null.c -- does nothing: its time is the overhead of the harness.
 */
#include "attn.h"

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    (void)p, (void)params, (void)need;
}

static void forward(const struct attn_call *c) { (void)c; }

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    (void)c, (void)b, (void)h, (void)rows, (void)nrows, (void)weights, (void)outside, (void)out;
}

static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    (void)views;
    (void)p, (void)params, (void)cost;
}

const struct attn_variant attn_variant_null = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "null",
    .brief = "does nothing: the overhead of the harness",
    .formula = "nothing is written",
    .cite = "none",
    .kind = ATTN_CONTROL,
    .caps = ATTN_CAP_NO_MASK | ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_CROSS | ATTN_CAP_KEY_LENGTHS |
            ATTN_CAP_BIAS | ATTN_CAP_SOFTCAP | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | ATTN_CAP_SAME_BITS |
            ATTN_CAP_SAME_BITS_ISA | ATTN_CAP_NO_OUTPUT,
    .time = {0, "1"},
    .memory = {0, "1"},
    .family = "control",
    .size = size,
    .forward = forward,
    .reference = reference,
    .cost = cost,
};
