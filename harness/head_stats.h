/*
 * head_stats.h -- what a head attends to, out of its attention rows.
 *
 * Means are over the rows that have any weight. Where a weight is negative, entropy has no meaning and is NaN.
 */
#ifndef HEAD_STATS_H
#define HEAD_STATS_H

#include "doc.h"

enum { HEAD_TOP = 5, HEAD_FIRST = 4, HEAD_WINDOW = 64 };

struct head_stats {
    double entropy;              /* - sum w ln w, in nats */
    double self, previous, next; /* mean weight of the key at the query's position, before it, behind it */
    double first, window;    /* of the first HEAD_FIRST keys, of keys within HEAD_WINDOW of the position */
    double elsewhere;        /* of what is none of the keys */
    double negative;         /* sum of -w where w < 0 */
    double rank90;           /* singular values that hold 90 % of their sum; NaN above 1024 rows or keys */
    int ntop, top[HEAD_TOP]; /* positions that get the most weight, most first */
    double top_weight[HEAD_TOP]; /* the mean weight of each */
};

/* Of weights [nq][nk], the position of query 0, and outside [nq], or NULL where nothing lies elsewhere. */
void head_stats(const double *weights, const double *outside, int nq, int nk, int offset,
                struct head_stats *);

struct doc *head_stats_doc(const struct head_stats *);

#endif
