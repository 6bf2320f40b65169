/* simd_generic.h -- primitives in portable C: vectors of four, lowered by the compiler. */
#define VL 4
typedef float vf __attribute__((vector_size(16)));
typedef int vi __attribute__((vector_size(16)));

/* A libm call would be exact and a hundred times slower. */
static inline vf v_fma(vf a, vf b, vf c) { return a * b + c; }

static inline vf v_rcp(vf x) { return 1.0f / x; } /* for 1 <= x < 1e38 */

static inline vf v_max(vf a, vf b) {
    vi m = a > b;
    return (vf)(((vi)a & m) | ((vi)b & ~m));
}

/* Bit i is whether lane i of a comparison is true. */
static inline unsigned v_bits(vi m) {
    vi bits = m & (vi){1, 2, 4, 8};
    return (unsigned)(bits[0] | bits[1] | bits[2] | bits[3]);
}

static inline vf v_load_n(const float *p, int n) {
    vf x = {0};
    memcpy(&x, p, (size_t)n * sizeof *p);
    return x;
}

static inline void v_store_n(float *p, vf x, int n) { memcpy(p, &x, (size_t)n * sizeof *p); }
