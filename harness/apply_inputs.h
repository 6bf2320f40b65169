/*
 * apply_inputs.h -- the problem and the call that the tensors of a command line make.
 *
 * Whatever does not fit ends the program with exit code 2 and a message that names option and file.
 */
#ifndef APPLY_INPUTS_H
#define APPLY_INPUTS_H

#include "apply_options.h"
#include "apply_positions.h"
#include "tensor_load.h"
#include "tensors.h"

struct apply_inputs {
    struct tensor_load q, k, v, past_k, past_v, bias, tensors[TENSORS_MAX]; /* option NULL: not given */
    struct apply_positions positions;
    struct attn_problem problem;
    int token_major;                    /* q, k and v are [batch, n, heads*d] */
    int past;                           /* keys of the past; problem.nk counts them */
    int *key_lengths;                   /* [batch], or NULL */
    struct block keys, values, allowed; /* past and new ones together; a boolean bias */
    struct attn_view views[TENSORS_MAX];
    struct attn_call call; /* q, k, v, bias, key_lengths and tensors are set after reading */
};

/* Opens every file but those of --tensor, and makes the problem. Reads values of key lengths only. */
void apply_inputs_open(struct apply_inputs *, const struct apply_options *);

/* Reads the values, and the tensors of the variant. */
void apply_inputs_read(struct apply_inputs *, const struct apply_options *, const struct attn_variant *,
                       const void *params);

void apply_inputs_free(struct apply_inputs *);

#endif
