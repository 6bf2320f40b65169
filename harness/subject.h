/*
 * subject.h -- a variant with its problem, parameters, tensors and memory: ready to be called, by itself or within a layer.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "attn.h"
#include "block.h"
#include "doc.h"
#include "layered.h"
#include "position_kinds.h"
#include "tensors.h"

struct subject {
    const struct attn_variant *variant;
    struct attn_problem problem;
    void *params;
    struct attn_need need;
    struct block state, data[TENSORS_MAX];
    struct attn_view tensors[TENSORS_MAX];
    const struct doc *sources; /* {name: source} as tensor_source.h has it, or NULL */
    struct attn_call call;     /* q, k, v, scratch and o are the caller's to set */
    int created;
    int is_layered; /* then the call's o is between the projections, and so are q, k and v unless the input stands in */
    struct layered layered;
    struct attn_need layer_in, layer_out;
    /* Of a layer: the call on what its projections make, whatever the operator reads. */
    struct attn_call made;
    struct block packed; /* state of the layer */
    /* Those that turn q and k between the projections and the operator; NULL: none do. */
    const struct doc *positions;
    struct block tables; /* theirs */
};

/* What a call of a layer does one after the other, where it is there. */
struct subject_part {
    const char *name;
    int (*is_there)(const struct subject *);
    void (*run)(void *subject);
    double (*flops)(const struct subject *);
    struct attn_need (*need)(const struct subject *);
};
extern const struct subject_part subject_parts[]; /* ends with a NULL name */

/* From a planned point, on `inputs`. A tensor is that of inputs->tensors where it has data, or comes from the source
   that the point names; else weights are generated, aliases follow the inputs, carried state starts empty. -1 and the
   reason: refused, or no memory. */
int subject_make(struct subject *, const struct doc *point, const struct attn_call *inputs,
                 struct attn_error *);

/* The same from its parts; params are copied. */
int subject_build(struct subject *, const struct attn_variant *, const struct attn_problem *,
                  const void *params, const struct attn_call *inputs, struct attn_error *);

/* Puts the layer around the operator: the call then begins at x and ends at y. q, k, v and o of the call are the layer's,
   as attn_layer_call() cuts them; where the input stands in for q, k and v, those are in the layer's own q, k and v, and the
   call's are the input. Of the point its positions count. -1 and the reason: no memory. */
int subject_wrap(struct subject *, const struct doc *point, const struct layered *, struct attn_error *);

/* Bytes of state and scratch, those of the layer among them; `scratch` of that is the operator's own, in need. */
struct attn_need subject_need(const struct subject *);

/* Useful operations and compulsory traffic, now that the tensors are known. */
struct attn_cost subject_cost(const struct subject *);

/* Runs create() on the state, and packs the weights of the layer. */
int subject_create(struct subject *, struct attn_error *);

/* The whole call. */
void subject_forward(void *subject);

void subject_free(struct subject *);

#endif
