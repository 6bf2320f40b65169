/* unshifted.c -- ignores the shift of the diagonal. */
#include "honest.h"

FORWARD_TOLD(p.causal_shift = 0;)

BROKEN(unshifted, .forward = forward);
