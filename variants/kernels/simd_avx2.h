/* simd_avx2.h -- primitives for AVX2 with FMA: vectors of eight. */
#if !defined __AVX2__ || !defined __FMA__
#error "this file needs -mavx2 -mfma"
#endif
#include <immintrin.h>

#define VL 8
typedef float vf __attribute__((vector_size(32)));
typedef int vi __attribute__((vector_size(32)));

static inline vf v_fma(vf a, vf b, vf c) { return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
static inline vf v_max(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }

/* Bit i is whether lane i of a comparison is true. */
static inline unsigned v_bits(vi m) { return (unsigned)_mm256_movemask_ps((__m256)m); }

/* For 1 <= x < 1e38: the 12-bit estimate and a step of Newton, 2e-7 relative. */
static inline vf v_rcp(vf x) {
    vf y = (vf)_mm256_rcp_ps((__m256)x);
    return v_fma(v_fma(-x, y, (vf){0} + 1.0f), y, y);
}

static inline __m256i v_first(int n) {
    static const int ones[2 * VL] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ones + VL - n));
}

static inline vf v_load_n(const float *p, int n) { return (vf)_mm256_maskload_ps(p, v_first(n)); }
static inline void v_store_n(float *p, vf x, int n) { _mm256_maskstore_ps(p, v_first(n), (__m256)x); }
