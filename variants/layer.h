/*
 * layer.h -- the multi-head layer around an operator: projections to queries, keys and values, and back.
 *
 *   y = concat_h(Attn(x Wq_h + bq_h, c Wk_h + bk_h, c Wv_h + bv_h)) Wo + bo
 *
 * Source: Vaswani et al.: Attention is all you need, 2017, section 3.2.2. c is x itself (self-attention), or another
 * sequence (cross-attention). The operator is any attn_variant, called between attn_layer_in() and attn_layer_out() on the
 * views that attn_layer_call() cuts from scratch; grouped heads and dv != dk are the problem's. As with variants, the
 * caller owns every byte, and what is timed neither fails nor allocates.
 *
 * Shapes: x [batch][nq][d_model], c [batch][nk][d_context], y [batch][nq][d_model]; views and outputs of them have no
 * head stride. Columns h dk .. (h + 1) dk - 1 of Wq belong to head h, and so on; rows h dv .. of Wo take its output.
 */
#ifndef LAYER_H
#define LAYER_H

#include "attn.h"

struct attn_linear {     /* y = x W + b */
    const float *weight; /* [in][out] */
    ptrdiff_t row; /* elements between its rows: projections packed side by side, [Q|K|V], are one matrix */
    const float *bias; /* [out]; NULL: none */
};

struct attn_layer {
    size_t struct_size;
    const struct attn_problem *problem; /* of the operator */
    int d_model, d_context;
    int is_cross; /* keys and values come from a context; else from x, and nq = nk, d_context = d_model */
    struct attn_linear q;      /* [d_model][heads dk] */
    struct attn_linear k, v;   /* [d_context][kv_heads dk], [d_context][kv_heads dv] */
    struct attn_linear output; /* [heads dv][d_model] */
};

/* Bytes of state, the weights in the order of the kernels, and of scratch: q, k and v of the way in, o of the way out. The
   state of the layer is that of both, one after the other; so is its scratch. */
void attn_layer_size(const struct attn_layer *, struct attn_need *in, struct attn_need *out);

/* Fills the state; afterwards weights, but not biases, may go. */
void attn_layer_create(const struct attn_layer *, void *state);

/* q, k, v and o of the call become the layer's, head-major: [batch][heads][n][d]. */
void attn_layer_call(const struct attn_layer *, void *scratch, struct attn_call *);

/* q, k and v of the call from x and the context, which is not read unless the layer is_cross: then K and V are one
   pass over it, else Q, K and V are one pass over x. The same bits for every number of threads. */
void attn_layer_in(const struct attn_layer *, const void *state, const struct attn_view *x,
                   const struct attn_view *context, const struct attn_call *);

/* y from o of the call. */
void attn_layer_out(const struct attn_layer *, const void *state, const struct attn_call *,
                    const struct attn_output *y);

/* Useful operations of the two; a multiply-add is 2. */
double attn_layer_in_flops(const struct attn_layer *);
double attn_layer_out_flops(const struct attn_layer *);

/* ---- the definition, in double ------------------------------------------------------------------- */

enum attn_projection { ATTN_PROJECTION_Q, ATTN_PROJECTION_K, ATTN_PROJECTION_V };

/*
 * Row i of head h of a projection, out [dk], of V [dv]; x is what it reads, for K and V the context. And a row of y from
 * the outputs of all heads, o [heads][dv], out [d_model]. Sums run as the paper writes them. `largest`, unless NULL, of
 * as many elements as `out`, is the largest magnitude of a partial sum on the way to each: a float sum of m terms in that
 * order rounds m times, by at most 2^-24 of the partial sum, and where these errors are independent they add up to about
 * 2^-24 sqrt(m) largest.
 */
void attn_layer_define_in(const struct attn_layer *, enum attn_projection, const struct attn_view *x, int b,
                          int h, int i, double *out, double *largest);
void attn_layer_define_out(const struct attn_layer *, const double *o, double *out, double *largest);

#endif
