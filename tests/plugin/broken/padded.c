/* padded.c -- ignores key lengths. */
#include "honest.h"

FORWARD_TOLD(call.key_lengths = NULL;)

BROKEN(padded, .forward = forward);
