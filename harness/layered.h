/*
 * layered.h -- the layer of a point: its sizes, what it reads and its weights.
 *
 * A point has `layer` {label, d_model, d_context, cross, bias, transposed, tensors{}} where its operator is measured within
 * the multi-head layer of layer.h. Its x and context are independent standard normal values. Weights are normal with
 * variance 1 / rows, so that what they make of such rows is standard normal again; Wq and Wk, of input `gauss` with its s,
 * have sqrt(s) times that deviation, so that logits have deviation s. Biases have deviation 0.1. All of it follows from the
 * seed, or comes from the files in `tensors`, by the names wq, wk, wv, wo, bq, bk, bv, bo, x and context: weights as
 * [in, out], with `transposed` as [out, in]; x and the context as [batch, n, width] or [n, width], of which the first n
 * rows are taken.
 *
 * Every other input stands in for q, k and v: the operator reads it as if the projections had made it. These run on x as
 * ever, and what they make is read by nobody.
 */
#ifndef LAYERED_H
#define LAYERED_H

#include "doc.h"
#include "layer.h"

struct layered {
    struct attn_layer layer; /* its problem is that of whoever holds it */
    int has_bias, is_transposed;
    int stands_in;               /* the input for q, k and v */
    struct attn_view x, context; /* of self-attention the context is x */
    struct attn_view q, k, v;    /* what the projections make, where the input stands in for it */
    struct attn_output y;
};

enum { LAYERED_WEIGHTS = 4, LAYERED_X = 8, LAYERED_CONTEXT, LAYERED_TENSORS };
extern const char *const layered_names[LAYERED_TENSORS]; /* wq wk wv wo bq bk bv bo x context */

/* Does it stand in for q, k and v of a layer? */
int layered_stands_in(const struct doc *input);

/* The sizes; 0 where the point has no layer, and all is zero. */
int layered_sizes(const struct doc *point, const struct attn_problem *, struct layered *);

/* Bytes of x, context, weights and biases, which lie one after the other, each on a cache line, and where they are once
   they begin at `base`. Of y nothing is set. */
size_t layered_bytes(const struct layered *);
void layered_place(struct layered *, char *base);

/* Bytes of x and the context alone, and of y. */
double layered_input_bytes(const struct layered *);
double layered_output_bytes(const struct layered *);

/* Fills them as the point says. -1 and the reason where a file cannot be had. */
int layered_fill(const struct doc *point, struct layered *, struct attn_error *);

/* Is there such a tensor in the layer? */
int layered_has(const struct layered *, int tensor);

/* Is the file of a tensor that it has readable, of its shape, and finite? -1 and the reason. 1 and the reason where all that
   is wrong is that x or the context has too few rows. */
int layered_check(const struct layered *, int tensor, const char *source, struct attn_error *);

#endif
