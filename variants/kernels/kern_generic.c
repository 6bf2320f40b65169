/* kern_generic.c -- portable C: 4 x 2 accumulators, 2 + 1 operands, of sixteen registers. */
#include <math.h>
#include <string.h>

#include "simd_generic.h"

#include "kern_math.h"

#define KERN kern_generic
#define ISA "generic"
#define MR 4
#define NV 2
#define SOFT_ROWS 4
#include "kern_body.h"
