/* head_rows.h -- the attention rows of one head, all of them: those of a mechanism and of exact softmax attention. */
#ifndef HEAD_ROWS_H
#define HEAD_ROWS_H

#include "subject.h"

struct head_rows {
    int nq, nk;
    int offset;            /* the position of query 0 */
    double *softmax, *own; /* [nq][nk] */
    double *outside;       /* [nq]: weight of `own` that lies on none of the caller's keys */
};

/* By the definitions in double, on the problem's threads. The variant has ATTN_CAP_WEIGHTS. */
void head_rows_make(const struct subject *, int b, int h, struct head_rows *);
void head_rows_free(struct head_rows *);

#endif
