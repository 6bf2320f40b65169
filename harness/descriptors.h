/*
 * descriptors.h -- what the softmax rows of an input are like: how sharp, how sparse, how local, of what rank.
 *
 * A row is one query with the keys that it sees and that no bias hides. All but logit_sd and rank90 are means over the sampled rows that see
 * any key.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include "attn.h"
#include "doc.h"

/* Of one row. */
struct descriptors_row {
    double keys;          /* that it sees; 0: all else is 0 too */
    double squares;       /* sum of squared deviations of the logits from the row's mean */
    double entropy;       /* - sum p ln p, in nats */
    double participation; /* 1 / sum p^2 */
    double top8_mass;     /* weight of the eight largest */
    double window64_mass; /* weight within 64 keys on each side of the query's position */
    double first4_mass;   /* weight of keys 0 to 3 */
    double below_1pct;    /* share of the keys with less than 1 % of the largest weight */
};

struct descriptors {
    double logit_sd; /* deviation of the logits within their rows, all rows together */
    struct descriptors_row mean;
    double
        rank90; /* singular values of one head's weights that hold 90 % of their sum, by lowrank.h; NaN: not known */
};

/* Weights [nk] and lse as attn_softmax_rows() gives them for query i. */
void descriptors_of_row(const struct attn_call *, int b, int h, int i, const double *weights, double lse,
                        struct descriptors_row *);

void descriptors_mean(const struct descriptors_row *, int n, struct descriptors *);

/* As rows have them, input.descriptors; what is not known is left out. */
struct doc *descriptors_doc(const struct descriptors *);

#endif
