/*
 * rotation.h -- inputs that no cache holds: as many copies of queries, keys, values and output as exceed the last cache
 * twice, one after another.
 *
 * Learned weights, state and scratch stay where they are: a model calls its layers one after another, and what a layer
 * finds cold are the activations. A tensor that is an alias of an input moves with it.
 */
#ifndef ROTATION_H
#define ROTATION_H

#include "subject.h"

struct rotation {
    struct block block;
    size_t stride; /* bytes from one copy to the next */
    int copies;
};

struct rotating { /* the calls of one subject */
    struct subject *subject;
    const struct rotation *rotation;
    struct {
        const float **data;
        size_t offset; /* in a copy */
    } views[3 + TENSORS_MAX];
    size_t output;
    int nviews, at;
};

double rotation_bytes(double inputs_and_output); /* that the copies take */

/* Copies of what `call` is to work on; -1: no memory. */
int rotation_make(struct rotation *, const struct attn_call *call);
void rotation_free(struct rotation *);

/* The subject was made on the call that the rotation was made of. */
void rotating_begin(struct rotating *, const struct rotation *, const struct attn_call *call,
                    struct subject *);
void rotating_next(struct rotating *); /* the subject stands on the next copy */

#endif
