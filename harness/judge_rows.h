/*
 * judge_rows.h -- the rows that are judged: those of the operator's output, or, of a layer, of y.
 *
 * A layer is held to its definition step by step, each on the floats that it was given, so that an operator which chooses
 * (by size, by hash) chooses from the same numbers: queries, keys and values against the projection in
 * double, turned where positions are rotary; y against
 * the operator's own definition on the layer's q, k and v, and the projection of that in double.
 */
#ifndef JUDGE_ROWS_H
#define JUDGE_ROWS_H

#include "doc.h"
#include "subject.h"
#include "truth.h"

struct judge_rows {
    size_t rows, width;
    float *got;                   /* [rows][width], of the subject's last call */
    const double *softmax, *mean; /* the truth's */
    int of_layer;
    int heads, each; /* of an item; rows of each */
};

struct judge_rows judge_rows_make(const struct subject *, const struct truth *);
void judge_rows_free(struct judge_rows *);

/* The query that a row belongs to; of a layer, that of its first head. */
const struct sample *judge_rows_sample(const struct judge_rows *, const struct truth *, size_t row);

/*
 * The rows that the definition gives, where `heads` [nrows][dv] is what the operator's own gives; the caller frees them.
 * `bound`, on the operator's error, becomes that of the rows. Behind a projection in float it is
 *
 *   bound |o| |Wo| / (sqrt(heads dv) |y|)  +  2 * 2^-24 sqrt(heads dv) |largest partial sum| / |y|
 *
 * in Frobenius norms: an error of o that knows nothing of Wo grows as a random vector does, and o itself may shrink more;
 * and floats round, as layer.h says of `largest`, with a factor of 2 for luck.
 */
double *judge_rows_define(const struct subject *, const struct truth *, const double *heads, double *bound);

/* accuracy.projections{rel_fro, bound, within}: q, k and v of the sampled rows together against double. The bound is the
   second term above, for the sums of the projections in. */
void judge_rows_projections(const struct subject *, const struct truth *, struct doc *);

#endif
