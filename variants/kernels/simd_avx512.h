/* simd_avx512.h -- primitives for AVX-512 (F, DQ, VL, BW): vectors of sixteen. */
#if !defined __AVX512F__ || !defined __AVX512DQ__ || !defined __AVX512VL__ || !defined __AVX512BW__
#error "this file needs -mavx512f -mavx512dq -mavx512vl -mavx512bw"
#endif
#include <immintrin.h>

#define VL 16
typedef float vf __attribute__((vector_size(64)));
typedef int vi __attribute__((vector_size(64)));

static inline vf v_fma(vf a, vf b, vf c) { return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
static inline vf v_max(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }

/* Bit i is whether lane i of a comparison is true. */
static inline unsigned v_bits(vi m) { return (unsigned)_mm512_movepi32_mask((__m512i)m); }

/* As in kern_math.h. */
#define V_COMPRESS
static inline int v_compress(void *to, vi x, vi m) {
    __mmask16 keep = _mm512_movepi32_mask((__m512i)m);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(keep, (__m512i)x));
    return __builtin_popcount(keep);
}

/* For 1 <= x < 1e38: the 14-bit estimate and a step of Newton, 1e-7 relative. */
static inline vf v_rcp(vf x) {
    vf y = (vf)_mm512_rcp14_ps((__m512)x);
    return v_fma(v_fma(-x, y, (vf){0} + 1.0f), y, y);
}

static inline __mmask16 v_first(int n) { return (__mmask16)((1u << n) - 1); }
static inline vf v_load_n(const float *p, int n) { return (vf)_mm512_maskz_loadu_ps(v_first(n), p); }
static inline void v_store_n(float *p, vf x, int n) { _mm512_mask_storeu_ps(p, v_first(n), (__m512)x); }

/* As in kern_math.h: to round and to scale are instructions here. */
#define V_WHOLE
static inline vf v_whole(vf x) {
    return (vf)_mm512_roundscale_ps((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vf v_integer(vf whole) { return whole; }
static inline vf v_times_power(vf y, vf whole, vf x, float limit) {
    __mmask16 keep = _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(limit), _CMP_NLT_UQ);
    return (vf)_mm512_maskz_scalef_ps(keep, (__m512)y, (__m512)whole);
}
