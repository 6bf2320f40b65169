/* kern_avx2.c -- AVX2 with FMA: 6 x 2 accumulators, 2 + 1 operands, of sixteen registers. */
#include <math.h>
#include <string.h>

#include "simd_avx2.h"

#include "kern_math.h"

#define KERN kern_avx2
#define ISA "avx2"
#define MR 6
#define NV 2
#define SOFT_ROWS 4
#include "kern_body.h"
