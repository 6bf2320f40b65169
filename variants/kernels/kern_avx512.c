/* kern_avx512.c -- AVX-512: 6 x 4 accumulators, 4 + 1 operands, of thirty-two registers. */
#include <math.h>
#include <string.h>

#include "simd_avx512.h"

#include "kern_math.h"

#define KERN kern_avx512
#define ISA "avx512"
#define MR 6
#define NV 4
#define SOFT_ROWS 8
#include "kern_body.h"
