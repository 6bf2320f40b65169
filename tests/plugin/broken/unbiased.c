/* unbiased.c -- ignores one kind of bias. */
#include "honest.h"

FORWARD_TOLD(if (p.bias == ATTN_BIAS_ALIBI) p.bias = ATTN_BIAS_NONE;)

BROKEN(unbiased, .forward = forward);
