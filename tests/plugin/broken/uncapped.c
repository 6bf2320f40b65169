/* uncapped.c -- ignores the softcap. */
#include "honest.h"

FORWARD_TOLD(p.softcap = 0;)

BROKEN(uncapped, .forward = forward);
