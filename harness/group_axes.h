/*
 * group_axes.h -- the axes of a sweep that all its variants share: sizes, layer, mask, logits, input, positions, seed and
 * threads. Each of
 * their combinations is a group.
 */
#ifndef GROUP_AXES_H
#define GROUP_AXES_H

#include "attn.h"
#include "axis.h"

enum axis_id {
    BATCH,
    HEADS,
    KV_HEADS,
    DK,
    DV,
    NQ,
    NK,
    MASK,
    SHIFT,
    SCALE,
    SOFTCAP,
    INPUT,
    POSITIONS,
    SEED,
    THREADS,
    D_MODEL,   /* of a layer; 0: there is none */
    D_CONTEXT, /* 0: that of x */
    AXES
};

struct group_axes {
    struct doc *axes[AXES]; /* the values of each, or functions of n */
    struct odometer odometer;
    const struct doc
        *layer;   /* the sweep's, or NULL: heads and their sizes then come from it, and nk from its context */
    int is_cross; /* it has one */
    const char *config;
    double count; /* of combinations */
};

/* From the sweep, after complaints where it is wrong; `config` is the file that paths are relative to. */
void group_axes_read(struct group_axes *, struct reader *, const struct doc *sweep, const char *config);
void group_axes_free(struct group_axes *);

/* The present combination: its problem, or -1 where it is none, after a complaint; its input; its positions. */
int group_axes_problem(const struct group_axes *, struct reader *, struct attn_problem *);
const struct doc *group_axes_input(const struct group_axes *);
const struct doc *group_axes_positions(const struct group_axes *);

/* {label, d_model, d_context, cross, bias, tensors{}} of the layer around the present problem; NULL: there is none. */
struct doc *group_axes_layer(const struct group_axes *, struct reader *, const struct attn_problem *);
int group_axes_next(struct group_axes *); /* 0 after the last */

/* The instruction sets that the sweep, or the environment, asks for. */
struct doc *group_axes_isas(struct reader *, const struct doc *sweep);

#endif
