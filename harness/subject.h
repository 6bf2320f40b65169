/* subject.h -- a variant with its problem, parameters, tensors and memory: ready to be called. */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "attn.h"
#include "block.h"
#include "doc.h"
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
};

/* From a planned point, on `inputs`. A tensor is that of inputs->tensors where it has data, or comes from the source
   that the point names; else weights are generated, aliases follow the inputs, carried state starts empty. -1 and the
   reason: refused, or no memory. */
int subject_make(struct subject *, const struct doc *point, const struct attn_call *inputs,
                 struct attn_error *);

/* The same from its parts; params are copied. */
int subject_build(struct subject *, const struct attn_variant *, const struct attn_problem *,
                  const void *params, const struct attn_call *inputs, struct attn_error *);

/* Runs create() on the state. */
int subject_create(struct subject *, struct attn_error *);

void subject_free(struct subject *);

#endif
