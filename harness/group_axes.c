/* group_axes.c -- the axes of a sweep that all its variants share. */
#include "group_axes.h"

#include <math.h>
#include <stdlib.h>

#include "isa.h"
#include "machine.h"
#include "position_kinds.h"
#include "problem.h"
#include "section_layer.h"
#include "sections.h"
#include "text.h"

static double at(const struct group_axes *a, struct reader *r, enum axis_id axis, const char *key, double n,
                 double min, double max, int whole) {
    return axis_value(r, doc_at(a->axes[axis], a->odometer.at[axis]), key, n, whole, min, max);
}

/* Head sizes of a layer follow from its width unless they are given. */
static int head_size(const struct group_axes *a, struct reader *r, double heads, double n) {
    double width = at(a, r, D_MODEL, "d_model", n, 1, PROBLEM_WIDTH_MAX, 1);
    if (isnan(width)) return -1;
    if (fmod(width, heads) == 0) return (int)(width / heads);
    complain(r, "heads", 1, "layer: heads = %.0f does not divide d_model = %.0f; give dk", heads, width);
    return -1;
}

int group_axes_problem(const struct group_axes *a, struct reader *r, struct attn_problem *x) {
    const double most = PROBLEM_LENGTH_MAX;
    double n = at(a, r, a->is_cross ? NQ : NK, "n", 0, 1, most, 1), numbers[AXES];
    numbers[BATCH] = at(a, r, BATCH, "batch", n, 1, most, 1);
    numbers[HEADS] = at(a, r, HEADS, "heads", n, 1, most, 1);
    numbers[KV_HEADS] = at(a, r, KV_HEADS, "kv_heads", n, 0, most, 1);
    numbers[DK] = at(a, r, DK, "dk", n, 1, PROBLEM_WIDTH_MAX, 1);
    numbers[DV] = at(a, r, DV, "dv", n, 0, PROBLEM_WIDTH_MAX, 1);
    numbers[NQ] = at(a, r, NQ, "nq", n, 0, most, 1);
    numbers[NK] = at(a, r, NK, "n", n, 1, most, 1);
    numbers[SHIFT] = at(a, r, SHIFT, "causal_shift", n, -most, most, 1);
    numbers[SCALE] = at(a, r, SCALE, "scale", n, 0, 1e6, 0);
    numbers[SOFTCAP] = at(a, r, SOFTCAP, "softcap", n, 0, 1e6, 0);
    numbers[SEED] = at(a, r, SEED, "seed", n, 0, PROBLEM_SEED_MAX, 1);
    numbers[THREADS] = at(a, r, THREADS, "threads", n, 1, 1024, 1);
    numbers[MASK] = problem_mask_find(doc_as_str(doc_at(a->axes[MASK], a->odometer.at[MASK])));
    numbers[INPUT] = numbers[POSITIONS] = numbers[D_MODEL] = numbers[D_CONTEXT] = 0;
    for (int i = 0; i < AXES; i++)
        if (isnan(numbers[i])) return -1;
    if (numbers[DK] == 0 && (numbers[DK] = head_size(a, r, numbers[HEADS], n)) < 1) return -1;
    *x = (struct attn_problem){.struct_size = sizeof *x};
    x->batch = (int)numbers[BATCH];
    x->heads = (int)numbers[HEADS];
    x->kv_heads = numbers[KV_HEADS] > 0 ? (int)numbers[KV_HEADS] : x->heads;
    x->dk = (int)numbers[DK];
    x->dv = numbers[DV] > 0 ? (int)numbers[DV] : x->dk;
    x->nk = (int)numbers[NK];
    x->nq = numbers[NQ] > 0 ? (int)numbers[NQ] : x->nk;
    x->mask = (enum attn_mask)numbers[MASK];
    x->causal_shift = (int)numbers[SHIFT];
    x->scale = numbers[SCALE] > 0 ? (float)numbers[SCALE] : (float)(1 / sqrt(numbers[DK]));
    x->softcap = (float)numbers[SOFTCAP];
    x->bias = positions_bias_kind(group_axes_positions(a));
    x->seed = (uint64_t)numbers[SEED];
    x->threads = (int)numbers[THREADS];
    if (numbers[BATCH] * numbers[HEADS] > most) {
        complain(r, "batch", 1, "batch * heads = %.0f; at most %.0f", numbers[BATCH] * numbers[HEADS], most);
        return -1;
    }
    if (x->heads % x->kv_heads == 0) return 0;
    complain(r, "kv_heads", 1, "kv_heads = %d does not divide heads = %d", x->kv_heads, x->heads);
    return -1;
}

struct doc *group_axes_layer(const struct group_axes *a, struct reader *r, const struct attn_problem *p) {
    if (!a->layer) return NULL;
    struct doc *layer = doc_object();
    double n = p->nq, width = at(a, r, D_MODEL, "d_model", n, 1, PROBLEM_WIDTH_MAX, 1),
           context = at(a, r, D_CONTEXT, "d_model", n, 0, PROBLEM_WIDTH_MAX, 1);
    doc_put_num(layer, "d_model", width);
    doc_put_num(layer, "d_context", context > 0 ? context : width);
    doc_put_bool(layer, "cross", a->is_cross);
    doc_put_bool(layer, "bias", !doc_get(a->layer, "bias") || doc_flag(a->layer, "bias"));
    section_layer_finish(r, a->layer, p, a->config, layer);
    return layer;
}

/* The length axes: n sets both; nq and nk may stand apart. */
static void read_lengths(struct reader *r, const struct doc *shape, double most, struct doc **axes) {
    int has_n = doc_get(shape, "n") != NULL, has_nk = doc_get(shape, "nk") != NULL;
    if (!has_n && !has_nk) complain(r, "shape", 1, "shape: n is missing; for example n = pow2(9, 12)");
    if (has_n && has_nk) complain(r, "nk", 1, "shape: give n, or nq and nk, not both");
    axes[NK] = axis_numbers(r, shape, has_nk ? "nk" : "n", 512, 1, 1, most);
    axes[NQ] = axis_numbers(r, shape, "nq", 0, 1, 0, most);
    for (size_t i = 0; i < doc_len(axes[NK]); i++)
        if (config_is_function(doc_at(axes[NK], i)))
            complain(r, "n", 1, "shape: n itself cannot be a function of n");
}

/* The sizes of heads, from `shape` or from the layer; a dk of 0 is what the layer's width leaves. */
static void read_heads(struct group_axes *a, struct reader *r, const struct doc *from, double dk) {
    const double most = PROBLEM_LENGTH_MAX;
    a->axes[HEADS] = axis_numbers(r, from, "heads", 8, 1, 1, most);
    a->axes[KV_HEADS] = axis_numbers(r, from, "kv_heads", 0, 1, 1, most);
    a->axes[DK] = axis_numbers(r, from, "dk", dk, 1, 1, PROBLEM_WIDTH_MAX);
    a->axes[DV] = axis_numbers(r, from, "dv", 0, 1, 1, PROBLEM_WIDTH_MAX);
}

static void read_shape(struct group_axes *a, struct reader *r, const struct doc *shape) {
    static const char *const keys[] = {"batch", "heads", "kv_heads", "dk", "dv", "n", "nq", "nk"};
    axis_known_keys(r, "shape", shape, keys, 8);
    a->axes[BATCH] = axis_numbers(r, shape, "batch", 1, 1, 1, PROBLEM_LENGTH_MAX);
    read_heads(a, r, shape, 64);
    read_lengths(r, shape, PROBLEM_LENGTH_MAX, a->axes);
    a->axes[D_MODEL] = doc_array(), doc_add(a->axes[D_MODEL], doc_number(0));
    a->axes[D_CONTEXT] = doc_copy(a->axes[D_MODEL]);
}

/* Of a layer `shape` has the batch and the length of x; the layer has the rest. */
static void read_layer(struct group_axes *a, struct reader *r, const struct doc *shape,
                       const struct doc *layer) {
    static const char *const keys[] = {"batch", "n"}, *const context_keys[] = {"n", "d_model"};
    struct doc *empty = doc_object();
    const struct doc *context = sections_table(r, layer, "context", empty);
    axis_known_keys(r, "shape of x (heads and their sizes stand in layer)", shape, keys, 2);
    axis_known_keys(r, "layer: context", context, context_keys, 2);
    a->layer = layer;
    a->is_cross = context != empty;
    a->axes[BATCH] = axis_numbers(r, shape, "batch", 1, 1, 1, PROBLEM_LENGTH_MAX);
    read_heads(a, r, layer, 0);
    read_lengths(r, shape, PROBLEM_LENGTH_MAX, a->axes);
    a->axes[D_MODEL] = axis_numbers(r, layer, "d_model", 512, 1, 1, PROBLEM_WIDTH_MAX);
    a->axes[D_CONTEXT] = axis_numbers(r, context, "d_model", 0, 1, 1, PROBLEM_WIDTH_MAX);
    if (!doc_get(layer, "d_model"))
        complain(r, "layer", 1, "layer: d_model is missing; for example d_model = 768");
    if (a->is_cross) {
        if (!doc_get(context, "n"))
            complain(r, "context", 1, "layer: context: n is missing; for example n = 1500");
        doc_free(a->axes[NQ]);
        a->axes[NQ] = a->axes[NK]; /* the length of x; keys are the context's */
        a->axes[NK] = axis_numbers(r, context, "n", 512, 1, 1, PROBLEM_LENGTH_MAX);
    }
    doc_free(empty);
}

void group_axes_read(struct group_axes *a, struct reader *r, const struct doc *sweep, const char *config) {
    static const char *const masks[] = {"none", "causal", "causal_top_left"};
    const double most = PROBLEM_LENGTH_MAX;
    struct doc *empty = doc_object();
    const struct doc *shape = sections_table(r, sweep, "shape", empty), *layer = section_layer(r, sweep);
    a->layer = NULL;
    a->config = config;
    a->is_cross = 0;
    if (layer) read_layer(a, r, shape, layer);
    else read_shape(a, r, shape);
    a->axes[MASK] = axis_words(r, sweep, "mask", "none", masks, 3);
    a->axes[SHIFT] = axis_numbers(r, sweep, "causal_shift", 0, 1, -most, most);
    a->axes[SCALE] = axis_numbers(r, sweep, "scale", 0, 0, PROBLEM_SCALE_MIN, PROBLEM_SCALE_MAX);
    a->axes[SOFTCAP] = axis_numbers(r, sweep, "softcap", 0, 0, 0, PROBLEM_SOFTCAP_MAX);
    a->axes[INPUT] = sections_inputs(r, sweep, config);
    if (layer) section_layer_inputs(r, a->axes[INPUT]);
    a->axes[POSITIONS] = kinds_axis(r, &position_kinds, sweep);
    a->axes[SEED] = axis_numbers(r, sweep, "seed", 1, 1, 0, PROBLEM_SEED_MAX);
    a->axes[THREADS] = axis_numbers(r, sweep, "threads", machine_cores(), 1, 1, PROBLEM_THREADS_MAX);
    doc_free(empty);
    a->count = 1;
    for (int i = 0; i < AXES; i++) a->count *= (double)doc_len(a->axes[i]);
    odometer_start(&a->odometer, a->axes, AXES);
}

const struct doc *group_axes_input(const struct group_axes *a) {
    return doc_at(a->axes[INPUT], a->odometer.at[INPUT]);
}

const struct doc *group_axes_positions(const struct group_axes *a) {
    return doc_at(a->axes[POSITIONS], a->odometer.at[POSITIONS]);
}

int group_axes_next(struct group_axes *a) { return odometer_next(&a->odometer); }

void group_axes_free(struct group_axes *a) {
    for (int i = 0; i < AXES; i++) doc_free(a->axes[i]);
}

struct doc *group_axes_isas(struct reader *r, const struct doc *sweep) {
    const char *names[ISA_MAX];
    char *reason;
    int forced = isa_forced(&reason);
    if (forced && !doc_get(sweep, "isa")) {
        struct doc *isa = doc_array();
        if (forced > 0) doc_add(isa, doc_string(attn_isa_name(forced)));
        else text_add(r->errors, "%s\n", reason), free(reason);
        return isa;
    }
    return axis_words(r, sweep, "isa", "best", names, isa_names(names));
}
