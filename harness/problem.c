/* problem.c -- a planned point as an attn_problem, and what a variant says to it. */
#include "problem.h"

#include <stdio.h>
#include <string.h>

#include "position_kinds.h"

static const char *const masks[] = {"none", "causal", "causal_top_left"};

const char *problem_mask_name(enum attn_mask mask) { return masks[mask]; }

int problem_mask_find(const char *name) {
    for (int m = 0; m < 3; m++)
        if (!strcmp(masks[m], name)) return m;
    return -1;
}

void problem_from_point(const struct doc *point, struct attn_problem *p) {
    *p = (struct attn_problem){.struct_size = sizeof *p};
    p->batch = doc_int(point, "shape.batch", 1);
    p->heads = doc_int(point, "shape.heads", 1);
    p->kv_heads = doc_int(point, "shape.kv_heads", p->heads);
    p->nq = doc_int(point, "shape.nq", 1);
    p->nk = doc_int(point, "shape.nk", 1);
    p->dk = doc_int(point, "shape.dk", 1);
    p->dv = doc_int(point, "shape.dv", p->dk);
    p->mask = (enum attn_mask)problem_mask_find(doc_str(point, "mask", "none"));
    p->scale = (float)doc_num(point, "logits.scale", 1 / sqrt((double)p->dk));
    p->softcap = (float)doc_num(point, "logits.softcap", 0);
    p->causal_shift = doc_int(point, "logits.shift", 0);
    p->bias = positions_bias_kind(doc_get(point, "positions"));
    p->threads = doc_int(point, "threads", 1);
    p->seed = (uint64_t)doc_num(point, "seed", 1);
    for (int i = 0; i < attn_isa_count(); i++)
        if (!strcmp(attn_isa_name(i), doc_str(point, "isa", "best"))) p->isa = i;
}

/* Controls know no logits; only what hides keys from them would have to be heeded. */
static int heeds_bias(const struct attn_variant *v, enum attn_bias_kind bias) {
    if (bias == ATTN_BIAS_ALIBI || bias == ATTN_BIAS_BUCKETED) return v->kind != ATTN_CONTROL;
    return bias != ATTN_BIAS_NONE;
}

int problem_accept(const struct attn_variant *v, const struct attn_problem *p, const void *params,
                   struct attn_error *error) {
    const struct {
        int asked;
        unsigned cap;
        const char *what;
    } needs[] = {
        {p->mask == ATTN_MASK_NONE, ATTN_CAP_NO_MASK, "has no form without a causal mask"},
        {p->mask != ATTN_MASK_NONE, ATTN_CAP_CAUSAL, "has no causal form"},
        {p->causal_shift != 0, ATTN_CAP_SHIFT, "does not take a shifted diagonal"},
        {p->nq != p->nk, ATTN_CAP_CROSS, "needs as many queries as keys"},
        {p->has_key_lengths, ATTN_CAP_KEY_LENGTHS, "does not take key lengths"},
        {heeds_bias(v, p->bias), ATTN_CAP_BIAS, "does not take a bias"},
        {p->softcap != 0, ATTN_CAP_SOFTCAP, "does not take a softcap"},
        {p->heads != p->kv_heads, ATTN_CAP_GROUPED, "does not take grouped heads (kv_heads < heads)"},
        {p->dv != p->dk, ATTN_CAP_WIDE_VALUES, "needs dv = dk"},
    };
    if (v->check && v->check(p, params, error)) return -1; /* first: it knows the better reason */
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (needs[i].asked && !(v->caps & needs[i].cap)) {
            snprintf(error->text, sizeof error->text, "%s %s", v->name, needs[i].what);
            return -1;
        }
    return 0;
}

struct attn_view problem_packed(const float *x, int heads, int n, int d) {
    return (struct attn_view){x, (ptrdiff_t)heads * n * d, (ptrdiff_t)n * d, d};
}

double problem_input_bytes(const struct attn_problem *p) {
    double q = (double)p->batch * p->heads * p->nq * p->dk;
    double kv = (double)p->batch * p->kv_heads * p->nk * (p->dk + p->dv);
    return sizeof(float) * (q + kv);
}

double problem_output_bytes(const struct attn_problem *p) {
    return sizeof(float) * (double)p->batch * p->heads * p->nq * p->dv;
}
