/*
 * target.h -- the rows that the distance of an output is measured from.
 *
 * They are those of softmax attention, of softmax attention whose keys are the queries, or none at all, as the variant
 * declares (attn.h, enum attn_target).
 */
#ifndef TARGET_H
#define TARGET_H

#include "subject.h"
#include "truth.h"

struct target {
    /* Rows of the target, as attn_softmax_rows() has them; NULL: there is none. */
    void (*rows)(const struct attn_call *, int b, int h, const int *rows, int nrows, double *weights,
                 double *out, double *lse, double *max_logit);
    const char *name;   /* "softmax", "shared-QK softmax", "none" */
    struct truth truth; /* with the rows of the target in place of softmax */
    double *own, *own_layer;
};

/* The truth stays the caller's, and has to outlive the target. */
struct target target_make(const struct subject *, const struct truth *);
void target_free(struct target *);

#endif
