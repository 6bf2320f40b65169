/* splits.h -- softmax attention of a hundred queries or so over many keys: keys are cut too where heads are few. */
#ifndef SPLITS_H
#define SPLITS_H

#include "attn.h"

/* Bytes of scratch, constant in nk beyond some thousands. */
size_t splits_scratch(const struct attn_problem *);

/* forward() over all valid keys, without mask, bias and lse. */
void splits_attend(const struct attn_call *);

#endif
