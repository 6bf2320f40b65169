/*
 * kern_neon.c -- Advanced SIMD of aarch64: 5 x 4 accumulators, 4 + 5 operands, of thirty-two registers.
 *
 * A product takes one operand as an element of a register, so compilers keep an element of every row in a
 * register of its own: a sixth row would not fit. Twenty chains cover four cycles on four pipes. Three
 * vectors of eight rows would also fit, but panels of 16 columns divide tiles and the usual widths of heads.
 */
#include <math.h>
#include <string.h>

#include "simd_neon.h"

#include "kern_math.h"

#define KERN kern_neon
#define ISA "neon"
#define MR 5
#define NV 4
#define SOFT_ROWS 4
/* The instruction overwrites its summand: any other than the chain would be copied at every step. */
#define CHAIN(acc, x, y) v_fma(x, y, acc)
#include "kern_body.h"
