/* apply_judge.h -- how far the output of `attnbench apply` is from its definition and from softmax, on sampled rows. */
#ifndef APPLY_JUDGE_H
#define APPLY_JUDGE_H

#include "apply_options.h"
#include "subject.h"

/* After forward(): tells on stdout, in words or as one JSON document. Nothing where no rows are asked for. -1 where the
   output is further from its own definition than a correct one may be, after a message. */
int apply_judge(const struct apply_options *, const struct subject *);

#endif
