/* unscaled.c -- knows one scale only. */
#include "honest.h"

FORWARD_TOLD(p.scale = 1 / sqrtf((float)p.dk);)

BROKEN(unscaled, .forward = forward);
