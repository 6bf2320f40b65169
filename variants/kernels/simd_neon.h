/* simd_neon.h -- primitives for 64-bit Arm with Advanced SIMD: vectors of four. */
#if !defined __aarch64__ || !defined __ARM_NEON
#error "this file is for aarch64 with Advanced SIMD"
#endif
#include <arm_neon.h>

#define VL 4
typedef float vf __attribute__((vector_size(16)));
typedef int vi __attribute__((vector_size(16)));

static inline vf v_fma(vf a, vf b, vf c) {
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

/* Not vmaxq_f32: where a is NaN this is b, as on every other instruction set. */
static inline vf v_max(vf a, vf b) {
    return (vf)vbslq_f32(vcgtq_f32((float32x4_t)a, (float32x4_t)b), (float32x4_t)a, (float32x4_t)b);
}

/* Bit i is whether lane i of a comparison is true. */
static inline unsigned v_bits(vi m) { return vaddvq_u32((uint32x4_t)(m & (vi){1, 2, 4, 8})); }

/* There are no masked loads; n is 1 to 4. */
static inline vf v_load_n(const float *p, int n) {
    switch (n) {
    case 1: return (vf){p[0]};
    case 2: return (vf){p[0], p[1]};
    case 3: return (vf){p[0], p[1], p[2]};
    default: return (vf)vld1q_f32(p);
    }
}

static inline void v_store_n(float *p, vf x, int n) {
    if (n >= 4) {
        vst1q_f32(p, (float32x4_t)x);
        return;
    }
    for (int i = 0; i < n; i++) p[i] = x[i];
}

/* For 1 <= x < 1e38: the 8-bit estimate and two steps of Newton, 2e-7 relative. */
static inline vf v_rcp(vf x) {
    float32x4_t y = vrecpeq_f32((float32x4_t)x);
    y = vmulq_f32(y, vrecpsq_f32((float32x4_t)x, y));
    return (vf)vmulq_f32(y, vrecpsq_f32((float32x4_t)x, y));
}
