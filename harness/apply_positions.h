/*
 * apply_positions.h -- `attnbench apply --positions`: queries and keys turned by where they stand, biases by distance.
 *
 * Key j stands at j, the past counted, and query i at i + attn_offset(), unless --position-ids says where the rows of q
 * and k stand. The past is taken as a cache holds it: turned already. Whatever does not fit ends the program with exit
 * code 2 and a message that names option and file.
 */
#ifndef APPLY_POSITIONS_H
#define APPLY_POSITIONS_H

#include "apply_options.h"
#include "attn.h"
#include "position_kinds.h"
#include "tensor_load.h"

struct apply_positions {
    const struct doc *kind;
    struct tensor_load ids, cosine, sine, slopes; /* option NULL: not given */
    const float *cosines, *sines;                 /* of the files, once read */
    struct block tables, bias;                    /* of one tensor's rows; values of the bias */
    struct block q, k; /* turned, in the layout of their files; no bytes: they are not */
};

/* Opens the files and sets the bias of the problem, whose keys include `past` ones. */
void apply_positions_open(struct apply_positions *, const struct apply_options *, struct attn_problem *,
                          int past);

/* What the variant, or the problem, says to it. */
void apply_positions_verify(const struct apply_positions *, const struct attn_problem *,
                            const struct attn_variant *);

/* Lets q and the new rows of k stand turned, with the strides they have. */
void apply_positions_turn(struct apply_positions *, const struct attn_problem *, const int *key_lengths,
                          int past, struct attn_view *q, struct attn_view *k);

/* The bias, where that is what the positions are. */
void apply_positions_bias(struct apply_positions *, const struct attn_problem *, struct attn_bias *);

void apply_positions_free(struct apply_positions *);

#endif
