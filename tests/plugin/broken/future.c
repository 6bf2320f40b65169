/* future.c -- looks one key ahead of a causal mask. */
#include "honest.h"

FORWARD_TOLD(if (p.mask != ATTN_MASK_NONE) p.causal_shift++;)

BROKEN(future, .forward = forward);
