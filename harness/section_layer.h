/*
 * section_layer.h -- the table `layer` of a sweep: the multi-head layer around every operator.
 *
 *   layer = { d_model = 768, heads = 12, kv_heads = 12, dk = 64, dv = 64, bias = true,
 *             context = { n = 1500, d_model = 512 }, transposed = false,
 *             tensors = { x = "x.npy", wq = "wq.npy", wo = "layer.safetensors:wo" } }
 *
 * Numbers are axes, read by group_axes.h; what is wrong is complained about, and what is returned can be used all the same.
 */
#ifndef SECTION_LAYER_H
#define SECTION_LAYER_H

#include "attn.h"
#include "axis.h"

/* The table, or NULL where the sweep has none. */
const struct doc *section_layer(struct reader *, const struct doc *sweep);

/* What a layer cannot have: a mean of the values that it makes itself, calls whose inputs no cache holds. */
void section_layer_inputs(struct reader *, const struct doc *inputs);
void section_layer_measure(struct reader *, const struct doc *measure);

/* Completes {d_model, d_context, cross, bias} of a point: transposed; tensors {name: file}, which are named relative to the
   config, readable and of the shape that this problem needs; label, "layer,d_model=768", for ids and titles; and refused,
   the reason, where x or the context has too few rows. */
void section_layer_finish(struct reader *, const struct doc *layer, const struct attn_problem *,
                          const char *config, struct doc *point_layer);

#endif
