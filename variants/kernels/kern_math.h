/*
 * kern_math.h -- exp, tanh and the sigmoid over the primitives of one instruction set.
 *
 * exp: x = k ln 2 + r with |r| <= ln 2 / 2, then a polynomial of degree 6 in r (coefficients as in
 * Cephes expf) and 2^k put into the exponent. Below -87, where the result leaves the normal range, it
 * is 0: a weight of 1e-38 changes no float sum that holds a weight of 1. Above 88 it is inf.
 *
 * exp of what is not above 0, as the softmax needs it: 2^(k + r) with |r| <= 1/2 and a polynomial of degree 5 in
 * r, 9.1e-8 relative (minimax with p(0) = 1, so that the largest logit weighs exactly 1); 0 below -87.3.
 *
 * softplus: log(1 + exp(x)) = max(x, 0) + log(1 + u) with u = exp(-|x|), and log(1 + u) = 2 atanh(u / (2 + u)) by a
 * polynomial of degree 4 in the square (Chebyshev, 4e-9 relative). 0 below -87.
 *
 * tanh: x + x^3 P(x^2) for |x| < 0.625 (Cephes tanhf), else 1 - 2 / (exp(2 |x|) + 1) with the sign of x.
 */
#ifndef KERN_MATH_H
#define KERN_MATH_H

typedef unsigned vu __attribute__((vector_size(sizeof(vf)))); /* sums of bits may wrap */

static inline vf v_set1(float x) { return x - (vf){0}; }
static inline vf v_load(const float *p) {
    vf x;
    memcpy(&x, p, sizeof x);
    return x;
}
static inline void v_store(float *p, vf x) { memcpy(p, &x, sizeof x); }
static inline vf v_pick(vi m, vf a, vf b) { return (vf)(((vi)a & m) | ((vi)b & ~m)); }
static inline vf v_abs(vf x) { return (vf)((vi)x & 0x7fffffff); }

/* x = whole + rest with |rest| <= 1/2; then y 2^whole, or 0 where x < limit. NaN stays NaN. Adding 1.5 * 2^23 rounds to
   the nearest integer, with which the bits of the sum then end; 127 more, and they end with the exponent of 2^whole. */
#ifndef V_WHOLE
static inline vf v_whole(vf x) { return x + 12583039.0f; }
static inline vf v_integer(vf whole) { return whole - 12583039.0f; }
static inline vf v_times_power(vf y, vf whole, vf x, float limit) {
    return (vf)((vi)(y * (vf)((vu)whole << 23)) & ~(vi)(x < limit));
}
#endif

/* exp of what is not above 88. */
static inline vf v_exp_to_88(vf x) {
    vf whole = v_whole(x * 1.44269504f), k = v_integer(whole);
    vf r = v_fma(k, v_set1(-0.693359375f), x);
    r = v_fma(k, v_set1(2.12194440e-4f), r);
    vf p = v_fma(v_set1(1.9875691500e-4f), r, v_set1(1.3981999507e-3f));
    p = v_fma(p, r, v_set1(8.3334519073e-3f));
    p = v_fma(p, r, v_set1(4.1665795894e-2f));
    p = v_fma(p, r, v_set1(1.6666665459e-1f));
    p = v_fma(p, r, v_set1(5.0000001201e-1f));
    p = v_fma(p, r * r, r) + 1.0f;
    return v_times_power(p, whole, x, -87.0f);
}

static inline vf v_exp(vf x) { return v_pick(x > 88.0f, v_set1(INFINITY), v_exp_to_88(x)); }

static inline vf v_exp_down(vf x) {
    const float lowest = -126.0f; /* 2^lowest is the smallest normal number */
    vf t = x * 1.44269504f, whole = v_whole(t), r = t - v_integer(whole);
    vf p = v_fma(v_set1(1.3264728e-3f), r, v_set1(9.6715136e-3f));
    p = v_fma(p, r, v_set1(5.5507338e-2f));
    p = v_fma(p, r, v_set1(2.4022242e-1f));
    p = v_fma(p, r, v_set1(6.9314698e-1f));
    p = v_fma(p, r, v_set1(1.0f));
    return v_times_power(p, whole, t, lowest);
}

/* From exp of what is not above 0: neither large nor small x overflow. */
static inline vf v_sigmoid(vf x) {
    vf e = v_exp_down(-v_abs(x)), y = v_rcp(e + 1.0f);
    return v_pick(x > 0.0f, y, e * y);
}

#if VL == 4
#define LANES 0, 1, 2, 3
#define SWAPPED 1, 0, 3, 2
#define ZIP_LOW 0, 4, 1, 5
#define ZIP_HIGH 2, 6, 3, 7
#elif VL == 8
#define LANES 0, 1, 2, 3, 4, 5, 6, 7
#define SWAPPED 1, 0, 3, 2, 5, 4, 7, 6
#define ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LANES 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define SWAPPED 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14
#define ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif

/* The lanes of x where m is true, side by side to `to`, which has room for VL; how many those are. */
#ifndef V_COMPRESS
static inline int v_compress(void *to, vi x, vi m) {
    int count = 0;
    for (unsigned bits = v_bits(m); bits; bits &= bits - 1, count++) {
        int lane = x[__builtin_ctz(bits)];
        memcpy((char *)to + (size_t)count * sizeof lane, &lane, sizeof lane);
    }
    return count;
}
#endif

/* Lanes of both in turn, from the first halves and from the second. Half of a transposition: see v_transpose(). */
#if defined __clang__ || __GNUC__ >= 12
static inline vf v_zip_low(vf a, vf b) { return __builtin_shufflevector(a, b, ZIP_LOW); }
static inline vf v_zip_high(vf a, vf b) { return __builtin_shufflevector(a, b, ZIP_HIGH); }
static inline vf v_swap_pairs(vf x) { return __builtin_shufflevector(x, x, SWAPPED); }
#else
static inline vf v_zip_low(vf a, vf b) { return __builtin_shuffle(a, b, (vi){ZIP_LOW}); }
static inline vf v_zip_high(vf a, vf b) { return __builtin_shuffle(a, b, (vi){ZIP_HIGH}); }
static inline vf v_swap_pairs(vf x) { return __builtin_shuffle(x, (vi){SWAPPED}); }
#endif

/* The first n lanes of x and zeros; n is 1 to VL. */
static inline vf v_first_lanes(vf x, int n) { return (vf)((vi)x & ((vi){LANES} < n)); }

/* to[r] = the largest lane, or the sum of the lanes, of x[r] for R vectors; R is a power of 2 up to VL, a constant at
   every call. Lanes i and i + VL / 2 meet first, then their quarters, whatever R is. */
#define V_FOLD(NAME, OF_TWO)                                                                          \
    static inline __attribute__((always_inline)) void NAME(int R, const vf *x, float *to) {           \
        vf y[VL];                                                                                     \
        for (int r = 0; r < R; r++) y[r] = x[r];                                                      \
        for (int half = R / 2; half > 0; half /= 2)                                                   \
            for (int r = 0; r < half; r++)                                                            \
                y[r] = OF_TWO(v_zip_low(y[r], y[r + half]), v_zip_high(y[r], y[r + half]));           \
        for (int w = R; w < VL; w *= 2) y[0] = OF_TWO(v_zip_low(y[0], y[0]), v_zip_high(y[0], y[0])); \
        for (int r = 0; r < R; r++) to[r] = y[0][r * (VL / R)];                                       \
    }
static inline vf v_plus(vf a, vf b) { return a + b; }
V_FOLD(v_largest, v_max)
V_FOLD(v_totals, v_plus)
static inline vf v_plus_ints(vf a, vf b) { return (vf)((vi)a + (vi)b); }
V_FOLD(v_bits_of_totals, v_plus_ints)

/* to[r] = the sum of the lanes of x[r] for four vectors of integers. */
static inline void v_counts(const vi *x, int *to) {
    vf y[4];
    float bits[4];
    for (int r = 0; r < 4; r++) y[r] = (vf)x[r];
    v_bits_of_totals(4, y, bits);
    memcpy(to, bits, sizeof bits);
}

static inline float v_hsum(vf x) {
    float sum;
    v_totals(1, &x, &sum);
    return sum;
}

/* Lane j of vector i becomes lane i of vector j: log2(VL) perfect shuffles. */
static inline void v_transpose(vf x[VL]) {
    vf y[VL];
#pragma GCC unroll 8
    for (int width = 1; width < VL; width *= 2) {
#pragma GCC unroll 16
        for (int i = 0; i < VL / 2; i++) {
            y[2 * i] = v_zip_low(x[i], x[i + VL / 2]);
            y[2 * i + 1] = v_zip_high(x[i], x[i + VL / 2]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++) x[i] = y[i];
    }
}

/* Lane i of the result is the sum over the lanes of vector i: the same shuffles, folded. */
static inline vf v_sums(vf x[VL]) {
#pragma GCC unroll 8
    for (int half = VL / 2; half > 0; half /= 2)
#pragma GCC unroll 16
        for (int i = 0; i < half; i++) x[i] = v_zip_low(x[i], x[i + half]) + v_zip_high(x[i], x[i + half]);
    return x[0];
}

static inline vf v_softplus(vf x) {
    vf u = v_exp_to_88(-v_abs(x)), z = u * v_rcp(2.0f + u), w = z * z;
    vf p = v_fma(v_set1(0.281746572f), w, v_set1(0.279614189f));
    p = v_fma(p, w, v_set1(0.400248537f));
    p = v_fma(p, w, v_set1(0.666663159f));
    p = v_fma(p, w, v_set1(2.0f));
    return v_fma(z, p, v_pick(x > 0.0f, x, v_set1(0.0f)));
}

/* The quarter turn nearest to x is taken off in three parts, then the polynomials of Cephes' sinf and cosf. */
static inline void v_phases(vf x, vf *sine, vf *cosine) {
    const float to_integer = 12582912.0f; /* as in v_exp() */
    vf k = v_fma(x, v_set1(0.636619772f), v_set1(to_integer)) - to_integer;
    vf r = v_fma(k, v_set1(-1.5703125f), x);
    r = v_fma(k, v_set1(-4.837512969970703e-4f), r);
    r = v_fma(k, v_set1(-7.549789954891882e-8f), r);
    vf z = r * r;
    vf s = v_fma(v_set1(-1.9515295891e-4f), z, v_set1(8.3321608736e-3f));
    s = v_fma(v_fma(s, z, v_set1(-1.6666654611e-1f)), z * r, r);
    vf c = v_fma(v_set1(2.443315711809948e-5f), z, v_set1(-1.388731625493765e-3f));
    c = v_fma(v_fma(v_fma(c, z, v_set1(4.166664568298827e-2f)), z, v_set1(-0.5f)), z, v_set1(1.0f));
    vi quarter = __builtin_convertvector(k, vi), odd = -(quarter & 1);
    *sine = (vf)((vu)v_pick(odd, c, s) ^ ((vu)(quarter & 2) << 30));
    *cosine = (vf)((vu)v_pick(odd, s, c) ^ ((vu)((quarter + 1) & 2) << 30));
}

static inline vf v_tanh(vf x) {
    vf a = v_abs(x), z = x * x;
    vf p = v_fma(v_set1(-5.70498872745e-3f), z, v_set1(2.06390887954e-2f));
    p = v_fma(p, z, v_set1(-5.37397155531e-2f));
    p = v_fma(p, z, v_set1(1.33314422036e-1f));
    p = v_fma(p, z, v_set1(-3.33332819422e-1f));
    vf small = v_fma(p * z, x, x);
    vf large = 1.0f - 2.0f / (v_exp(a + a) + 1.0f);
    large = (vf)((vi)large | ((vi)x & (int)0x80000000));
    return v_pick(a < 0.625f, small, large);
}

#endif
