/*
 * kern_test.h -- what the tests of the kernels share: cases with a name, arrays that end at an unreadable page.
 *
 * The program needs the C library alone, so that it can be linked statically for another CPU and run under
 * an emulator.
 */
#ifndef KERN_TEST_H
#define KERN_TEST_H

#include "kernels/kern.h"

/* One operation on floats errs by this part of its result, or where the result is denormal by TINY. */
#define UNIT 0x1p-24
#define TINY 0x1p-149

/* Relative errors of exp and tanh over all floats: the worst that a hundred million of them show is 1.4 and
   2.4 UNIT, fused or not. exp rounds its polynomial and its power of two; tanh doubles, at 0.625, what the
   subtraction from 1 leaves. */
#define EXP_ERROR (2 * UNIT)
#define TANH_ERROR (3 * UNIT)
/* exp inside soften(): 1.6 UNIT from the polynomial, the rest for rounding it. */
#define SOFT_EXP_ERROR (3 * UNIT)
/* One tanh of additive_exp(), absolute: both exponentials and the reciprocal count half, a third and 2e-7. */
#define RECIPROCAL_ERROR 4e-7
#define EXP_ZERO 1.7e-38 /* exp(-87): where exp is below this, the kernels may give 0 */

/* Names the case under way: what wrong() prints, and a signal that ends the program. */
void at(const char *form, ...) __attribute__((format(printf, 1, 2)));
void wrong(const char *form, ...) __attribute__((format(printf, 1, 2)));
void hold(const char *what, int index, double got, double want, double bound); /* or wrong() */

extern char case_name[160];
extern int case_failures; /* of the test under way */

/* Floats that end at an unreadable page, or `slack` NaNs before it; what the array held before is gone. */
enum array { A, B, C, D, ARRAYS };
enum { ROOM = 1 << 14 };
extern size_t slack;
float *room(enum array, size_t n);
float *draw(enum array, size_t n, double size); /* evenly from -size to size, the same in every run */

/* The last tail of panels that a loop over columns goes to. */
static inline int widest(const struct kern *kern) { return 2 * kern->nr + 3; }

extern unsigned sweep_step; /* of the bits of a float, where all floats are gone over */

void test_mul(const struct kern *);
void test_mul_nan(const struct kern *);
void test_recur(const struct kern *);
void test_pack(const struct kern *);
void test_dots(const struct kern *);
void test_additive(const struct kern *);
void test_additive_exp(const struct kern *);
void test_elman(const struct kern *);

void test_soften(const struct kern *);
void test_soften_rows(const struct kern *);
void test_scale(const struct kern *);
void test_blend(const struct kern *);
void test_fade(const struct kern *);
void test_rotate(const struct kern *);
void test_settle(const struct kern *);
void test_softcap(const struct kern *);
void test_exp_sum(const struct kern *);
void test_exp_twice(const struct kern *);
void test_softplus(const struct kern *);
void test_sigmoid(const struct kern *);
void test_phases(const struct kern *);
void test_elu1(const struct kern *);
void test_rectify(const struct kern *);
void test_dot_sum(const struct kern *);
void test_largest(const struct kern *);
void test_wide(const struct kern *);
void test_peak(const struct kern *);
void test_above(const struct kern *);
void test_keep(const struct kern *);
void test_kth(const struct kern *);
void test_gather(const struct kern *);
void test_discount(const struct kern *);
void test_finite(const struct kern *);

void test_exp(const struct kern *);
void test_tanh(const struct kern *);
void test_function_tails(const struct kern *);
void test_turn(const struct kern *);

#endif
