/* foresees.c -- says that a transform lets later keys reach earlier rows by rounding, and looks one key ahead. */
#include "honest.h"

FORWARD_TOLD(if (p.mask != ATTN_MASK_NONE) p.causal_shift++;)

BROKEN(foresees, .caps = HONEST_CAPS | ATTN_CAP_TRANSFORM, .forward = forward);
