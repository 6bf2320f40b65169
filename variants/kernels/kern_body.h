/*
 * kern_body.h -- every kernel, once, over the primitives of one instruction set.
 *
 * The including file defines KERN (the name of the table), ISA (its name in reports), MR and NV (the
 * register tile: MR rows of NV vectors) and SOFT_ROWS (rows of a softmax that go together), and includes its
 * simd_<isa>.h and kern_math.h first.
 */
#include <stdint.h>

#include "kern.h"

#define NR (NV * VL)

/* One register tile: c[M][n] with n <= V vectors. M and V are constants at every call, so that `acc` lives in
   registers; `full` says that n fills them. */
static inline __attribute__((always_inline)) void tile(int M, int V, int full, int n, int k, float alpha,
                                                       const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                                                       const float *b, ptrdiff_t ldb, int add, float *c,
                                                       ptrdiff_t ldc) {
    vf acc[MR][NV];
    int last = n - (V - 1) * VL; /* lanes of the last vector */
    for (int i = 0; i < M; i++)
        for (int t = 0; t < V; t++) acc[i][t] = v_set1(0.0f);
    if (add) /* go on with the sum, so that splitting k changes no bit */
        for (int i = 0; i < M; i++)
            for (int t = 0; t < V; t++) {
                const float *from = c + i * ldc + t * VL;
                acc[i][t] = full || t < V - 1 ? v_load(from) : v_load_n(from, last);
            }
    for (int p = 0; p < k; p++, b += ldb, a += a_col) {
        vf row[NV];
        for (int t = 0; t < V; t++)
            row[t] = full || t < V - 1 ? v_load(b + t * VL) : v_load_n(b + t * VL, last);
        for (int i = 0; i < M; i++) {
            vf x = v_set1(a[i * a_row]);
            for (int t = 0; t < V; t++) acc[i][t] = v_fma(x, row[t], acc[i][t]);
        }
    }
    for (int i = 0; i < M; i++)
        for (int t = 0; t < V; t++) {
            float *to = c + i * ldc + t * VL;
            vf x = alpha == 1.0f ? acc[i][t] : acc[i][t] * alpha;
            if (full || t < V - 1) v_store(to, x);
            else v_store_n(to, x, last);
        }
}

/* All rows of one panel of n columns, which take V vectors. */
static inline __attribute__((always_inline)) void panel_of(int V, int full, int m, int n, int k, float alpha,
                                                           const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                                                           const float *b, ptrdiff_t ldb, int add, float *c,
                                                           ptrdiff_t ldc) {
    int i = 0;
    for (; i + MR <= m; i += MR)
        tile(MR, V, full, n, k, alpha, a + i * a_row, a_row, a_col, b, ldb, add, c + i * ldc, ldc);
    for (; i + 2 <= m; i += 2)
        tile(2, V, full, n, k, alpha, a + i * a_row, a_row, a_col, b, ldb, add, c + i * ldc, ldc);
    for (; i < m; i++)
        tile(1, V, full, n, k, alpha, a + i * a_row, a_row, a_col, b, ldb, add, c + i * ldc, ldc);
}

static void mul(int m, int n, int k, float alpha, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                const float *b, ptrdiff_t ldb, ptrdiff_t panel, int add, float *c, ptrdiff_t ldc) {
    for (int j = 0; j < n; j += NR, b += panel, c += NR) {
        int w = n - j < NR ? n - j : NR;
#define PANEL(V)                                                                           \
    if (w == (V)*VL) panel_of(V, 1, m, w, k, alpha, a, a_row, a_col, b, ldb, add, c, ldc); \
    else if (w > ((V)-1) * VL && w < (V)*VL)                                               \
        panel_of(V, 0, m, w, k, alpha, a, a_row, a_col, b, ldb, add, c, ldc);
        PANEL(NV)
#if NV > 1
        PANEL(1)
#endif
#if NV > 2
        PANEL(2)
#endif
#if NV > 3
        PANEL(3)
#endif
#undef PANEL
    }
}

/* R rows of recur(), whose n columns take V vectors; R and V are constants at every call. Each row adds to a sum of its
   own, so that one waits less for the other. */
static inline __attribute__((always_inline)) void recur_rows(int R, int V, int full, int n, int ldn,
                                                             const float *a, int step, const float *k,
                                                             const vf *v, float *s, const float *q,
                                                             vf acc[2][NV]) {
    int last = n - (V - 1) * VL;
    for (int r = 0; r < R; r++, s += ldn)
        for (int t = 0; t < V; t++) {
            int whole = full || t < V - 1;
            vf x = whole ? v_load(s + t * VL) : v_load_n(s + t * VL, last);
            x = v_fma(x, v_set1(a[r * step]), v_set1(k[r]) * v[t]);
            if (whole) v_store(s + t * VL, x);
            else v_store_n(s + t * VL, x, last);
            if (q) acc[r][t] = v_fma(v_set1(q[r]), x, acc[r][t]);
        }
}

static inline __attribute__((always_inline)) void recur_of(int V, int full, int m, int n, int ldn,
                                                           const float *a, int step, const float *k,
                                                           const float *v, float *s, const float *q,
                                                           float *o) {
    vf own[NV], acc[2][NV];
    int last = n - (V - 1) * VL, d = 0;
    for (int t = 0; t < V; t++) {
        own[t] = full || t < V - 1 ? v_load(v + t * VL) : v_load_n(v + t * VL, last);
        acc[0][t] = acc[1][t] = v_set1(0.0f);
    }
    for (; d + 2 <= m; d += 2)
        recur_rows(2, V, full, n, ldn, a + d * step, step, k + d, own, s + d * ldn, q ? q + d : NULL, acc);
    if (d < m)
        recur_rows(1, V, full, n, ldn, a + d * step, step, k + d, own, s + d * ldn, q ? q + d : NULL, acc);
    for (int t = 0; t < V && q; t++) {
        vf x = acc[0][t] + acc[1][t];
        if (full || t < V - 1) v_store(o + t * VL, x);
        else v_store_n(o + t * VL, x, last);
    }
}

static void recur(int m, int n, const float *a, int step, const float *k, const float *v, float *s,
                  const float *q, float *o) {
    for (int j = 0; j < n; j += NR) {
        int w = n - j < NR ? n - j : NR;
        float *to = q ? o + j : NULL;
#define PANEL(V)                                                               \
    if (w == (V)*VL) recur_of(V, 1, m, w, n, a, step, k, v + j, s + j, q, to); \
    else if (w > ((V)-1) * VL && w < (V)*VL) recur_of(V, 0, m, w, n, a, step, k, v + j, s + j, q, to);
        PANEL(NV)
#if NV > 1
        PANEL(1)
#endif
#if NV > 2
        PANEL(2)
#endif
#if NV > 3
        PANEL(3)
#endif
#undef PANEL
    }
}

static void pack(int n, int d, const float *x, ptrdiff_t ldx, float *xt) {
    for (int j = 0; j < n; j += NR, xt += (ptrdiff_t)NR * d)
        for (int t = 0; t < NR; t += VL) { /* VL rows at a time, in squares and the rest of their columns */
            int rows = n - j - t < VL ? n - j - t : VL, p = 0;
            const float *from = x + (j + t) * ldx;
            for (; p + VL <= d; p += VL) {
                vf square[VL];
                for (int r = 0; r < VL; r++) square[r] = r < rows ? v_load(from + r * ldx + p) : v_set1(0.0f);
                v_transpose(square);
                for (int c = 0; c < VL; c++) v_store(xt + (ptrdiff_t)(p + c) * NR + t, square[c]);
            }
            for (; p < d; p++)
                for (int r = 0; r < VL; r++)
                    xt[(ptrdiff_t)p * NR + t + r] = r < rows ? from[r * ldx + p] : 0.0f;
        }
}

/* Asks for the row `rows` further on, which may lie past the end of x: nothing that harms. */
static inline void ask_for(const float *x, ptrdiff_t rows, ptrdiff_t ldx, int d) {
    enum { LINE = 64 / sizeof(float) }; /* floats of a cache line */
    for (int p = 0; p < d; p += LINE)
        __builtin_prefetch((const void *)((uintptr_t)x + sizeof *x * (size_t)(rows * ldx + p)));
}

/* VL keys at a time. Caches that look ahead along one stream do not see that these are one, so they are told. */
static void dots(int m, int n, int d, float alpha, const float *q, ptrdiff_t ldq, const float *k,
                 ptrdiff_t ldk, float *s, ptrdiff_t lds) {
    enum { AHEAD = 64 }; /* keys */
    for (int j = 0; j < n; j += VL, k += VL * ldk) {
        int keys = n - j < VL ? n - j : VL;
        for (int r = 0; r < VL; r++) ask_for(k, AHEAD + r, ldk, d);
        for (int i = 0; i < m; i++) {
            const float *q_i = q + i * ldq;
            vf acc[VL];
            int p = 0;
            for (int r = 0; r < VL; r++) acc[r] = v_set1(0.0f);
            if (keys == VL)
                for (; p + VL <= d; p += VL) {
                    vf x = v_load(q_i + p);
#pragma GCC unroll 16
                    for (int r = 0; r < VL; r++) acc[r] = v_fma(x, v_load(k + r * ldk + p), acc[r]);
                }
            for (; p < d; p += VL) {
                int left = d - p < VL ? d - p : VL;
                vf x = v_load_n(q_i + p, left);
                for (int r = 0; r < keys; r++) acc[r] = v_fma(x, v_load_n(k + r * ldk + p, left), acc[r]);
            }
            v_store_n(s + i * lds + j, v_sums(acc) * alpha, keys);
        }
    }
}

static void additive(int m, int n, int d, const float *q, ptrdiff_t ldq, const float *kt, const float *v,
                     float *s, ptrdiff_t lds) {
    for (int j = 0; j < n; j += NR, kt += (ptrdiff_t)NR * d)
        for (int i = 0; i < m; i++) {
            vf acc[NV];
            for (int t = 0; t < NV; t++) acc[t] = v_set1(0.0f);
            for (int p = 0; p < d; p++)
                for (int t = 0; t < NV; t++) {
                    vf x = v_load(kt + (ptrdiff_t)p * NR + t * VL) + q[i * ldq + p];
                    acc[t] = v_fma(v_set1(v[p]), v_tanh(x), acc[t]);
                }
            for (int t = 0; t < NV; t++) {
                int left = n - j - t * VL;
                if (left > 0) v_store_n(s + i * lds + j + t * VL, acc[t], left < VL ? left : VL);
            }
        }
}

/* One panel of additive_exp() for R rows, a constant at every call. */
static inline __attribute__((always_inline)) void reciprocals(int R, int n, int d, const float *eq,
                                                              ptrdiff_t ldq, const float *ekt, const float *v,
                                                              float all, float *s, ptrdiff_t lds) {
    vf acc[2][NV];
    for (int r = 0; r < R; r++)
        for (int t = 0; t < NV; t++) acc[r][t] = v_set1(0.0f);
    for (int p = 0; p < d; p++, ekt += NR)
        for (int r = 0; r < R; r++)
            for (int t = 0; t < NV; t++) {
                vf y = v_rcp(v_fma(v_load(ekt + t * VL), v_set1(eq[r * ldq + p]), v_set1(1.0f)));
                acc[r][t] = v_fma(v_set1(v[p]), y, acc[r][t]);
            }
    for (int r = 0; r < R; r++)
        for (int t = 0; t < NV; t++) {
            int left = n - t * VL;
            if (left > 0)
                v_store_n(s + r * lds + t * VL, v_fma(acc[r][t], v_set1(-2.0f), v_set1(all)),
                          left < VL ? left : VL);
        }
}

static void additive_exp(int m, int n, int d, const float *eq, ptrdiff_t ldq, const float *ekt,
                         const float *v, float *s, ptrdiff_t lds) {
    float all = 0;
    for (int p = 0; p < d; p++) all += v[p];
    for (int j = 0; j < n; j += NR, ekt += (ptrdiff_t)NR * d) {
        int i = 0;
        for (; i + 2 <= m; i += 2)
            reciprocals(2, n - j, d, eq + i * ldq, ldq, ekt, v, all, s + i * lds + j, lds);
        for (; i < m; i++) reciprocals(1, n - j, d, eq + i * ldq, ldq, ekt, v, all, s + i * lds + j, lds);
    }
}

/* V vectors of columns of one step, V a constant at every call; the last vector has `last` lanes. CHAINS sums over every
   CHAINS-th row of w hide the latency of the multiply-add, eight in all. */
static inline __attribute__((always_inline)) void step_of(int V, int last, int d, const float *w,
                                                          const float *h, float *x) {
    enum { CHAINS = 4, MOST = 2 };
    vf acc[CHAINS][MOST];
    int p = 0;
    for (int c = 0; c < CHAINS; c++)
        for (int t = 0; t < V; t++) acc[c][t] = v_set1(0.0f);
    for (; p + CHAINS <= d; p += CHAINS, w += CHAINS * (ptrdiff_t)d)
        for (int c = 0; c < CHAINS; c++)
            for (int t = 0; t < V; t++) {
                const float *from = w + c * (ptrdiff_t)d + t * VL;
                vf row = last == VL || t < V - 1 ? v_load(from) : v_load_n(from, last);
                acc[c][t] = v_fma(v_set1(h[p + c]), row, acc[c][t]);
            }
    for (; p < d; p++, w += d)
        for (int t = 0; t < V; t++) {
            vf row = last == VL || t < V - 1 ? v_load(w + t * VL) : v_load_n(w + t * VL, last);
            acc[0][t] = v_fma(v_set1(h[p]), row, acc[0][t]);
        }
    for (int t = 0; t < V; t++) {
        vf sum = (acc[0][t] + acc[1][t]) + (acc[2][t] + acc[3][t]);
        if (last == VL || t < V - 1) v_store(x + t * VL, v_tanh(v_load(x + t * VL) + sum));
        else v_store_n(x + t * VL, v_tanh(v_load_n(x + t * VL, last) + sum), last);
    }
}

/* Columns go two vectors at a time: the tanh of some is under way while the next are summed, and the next step begins
   with what is ready. */
static void elman(int n, int d, const float *w, const float *h, float *x) {
    for (int t = 0; t < n; t++, h = x, x += d) {
        int j = 0;
        for (; j + 2 * VL <= d; j += 2 * VL) step_of(2, VL, d, w + j, h, x + j);
        if (d - j > VL) step_of(2, d - j - VL, d, w + j, h, x + j);
        else if (d - j > 0) step_of(1, d - j, d, w + j, h, x + j);
    }
}

/* The online softmax of R rows of n columns; R is a constant at every call. Rows hide each other's latencies, and give
   the bits of each alone. */
static inline __attribute__((always_inline)) void soften_rows(int R, int n, float *s, ptrdiff_t lds, float *m,
                                                              float *l, float *factor) {
    vf most[SOFT_ROWS], sum[SOFT_ROWS];
    float largest[SOFT_ROWS], total[SOFT_ROWS];
    int whole = n - n % VL, rest = n - whole;
    for (int r = 0; r < R; r++) most[r] = v_set1(m[r]), sum[r] = v_set1(0.0f);
    for (int j = 0; j < whole; j += VL)
        for (int r = 0; r < R; r++) most[r] = v_max(v_load(s + r * lds + j), most[r]);
    for (int j = whole; j < n; j++)
        for (int r = 0; r < R; r++) most[r] = v_max(v_set1(s[r * lds + j]), most[r]);
    v_largest(R, most, largest);
    for (int r = 0; r < R; r++) most[r] = v_set1(largest[r]);
    for (int j = 0; j < whole; j += VL)
        for (int r = 0; r < R; r++) {
            vf e = v_exp_down(v_load(s + r * lds + j) - most[r]);
            v_store(s + r * lds + j, e);
            sum[r] += e;
        }
    for (int r = 0; rest && r < R; r++) {
        float *tail = s + r * lds + whole;
        vf e = v_first_lanes(v_exp_down(v_load_n(tail, rest) - most[r]), rest);
        v_store_n(tail, e, rest);
        sum[r] += e;
    }
    v_totals(R, sum, total);
    vf change = v_exp_down(v_load_n(m, R) - v_load_n(largest, R)); /* exactly 1 where nothing changed */
    v_store_n(factor, change, R);
    v_store_n(l, v_fma(v_load_n(l, R), change, v_load_n(total, R)), R);
    v_store_n(m, v_load_n(largest, R), R);
}

/* Has the row seen nothing so far, and sees nothing now? */
static int is_blind(int n, const float *s, float m) {
    if (m != -INFINITY) return 0;
    for (int j = 0; j < n; j++)
        if (s[j] > m) return 0;
    return 1;
}

/* How many rows from r on have the same columns, and have seen something; at most SOFT_ROWS. */
static int alike(int r, int rows, const int *lo, const int *hi, const float *s, ptrdiff_t lds,
                 const float *m) {
    int x = r;
    while (x < rows && x < r + SOFT_ROWS && lo[x] == lo[r] && hi[x] == hi[r] &&
           !is_blind(hi[r] - lo[r], s + x * lds + lo[r], m[x]))
        x++;
    return x - r;
}

static void soften(int rows, const int *lo, const int *hi, float *s, ptrdiff_t lds, float *m, float *l,
                   float *factor) {
    for (int r = 0, done; r < rows; r += done) {
        float *row = s + r * lds + lo[r];
        int n = hi[r] - lo[r], together = n > 0 ? alike(r, rows, lo, hi, s, lds, m) : 0;
#define TOGETHER(R)                                            \
    if (together >= (R)) {                                     \
        soften_rows(R, n, row, lds, m + r, l + r, factor + r); \
        done = R;                                              \
        continue;                                              \
    }
#if SOFT_ROWS >= 8
        TOGETHER(8)
#endif
#if SOFT_ROWS >= 4
        TOGETHER(4)
#endif
        TOGETHER(2)
        TOGETHER(1)
#undef TOGETHER
        done = 1;
        if (n > 0) factor[r] = 1.0f; /* exp(-inf - -inf) would be NaN; what is NaN stays */
        for (int j = 0; j < n; j++) l[r] += row[j] = row[j] == -INFINITY ? 0.0f : row[j];
    }
}

/* y = f(x) over vectors and the tail. */
#define MAP(n, x, y, f)                                 \
    do {                                                \
        size_t i_ = 0, n_ = (size_t)(n);                \
        for (; i_ + VL <= n_; i_ += VL) {               \
            vf in = v_load((x) + i_);                   \
            v_store((y) + i_, f);                       \
        }                                               \
        if (i_ < n_) {                                  \
            vf in = v_load_n((x) + i_, (int)(n_ - i_)); \
            v_store_n((y) + i_, f, (int)(n_ - i_));     \
        }                                               \
    } while (0)

static void scale_to(int n, float factor, const float *x, float *y) { MAP(n, x, y, in * factor); }
static void scale(int n, float factor, float *x) { scale_to(n, factor, x, x); }

static void blend(int n, float factor, const float *y, float *x) {
    vf f = v_set1(factor);
    int i = 0;
    for (; i + VL <= n; i += VL) v_store(x + i, v_fma(v_load(x + i), f, v_load(y + i)));
    if (i < n) v_store_n(x + i, v_fma(v_load_n(x + i, n - i), f, v_load_n(y + i, n - i)), n - i);
}

static void fade(int n, const float *factor, int step, int invert, float by, const float *x, float *y) {
    int i = 0;
    if (step == 0) {
        scale_to(n, invert ? by / *factor : by * *factor, x, y);
        return;
    }
    for (; i + VL <= n; i += VL) {
        vf in = v_load(x + i) * by, f = v_load(factor + i);
        v_store(y + i, invert ? in / f : in * f);
    }
    if (i < n) {
        vf in = v_load_n(x + i, n - i) * by, f = v_load_n(factor + i, n - i);
        v_store_n(y + i, invert ? in / f : in * f, n - i);
    }
}

/* Plain loops, which the compiler makes vectors of. */
static void settle(int n, double left, double by, const float *restrict x, double *restrict acc,
                   float *restrict y) {
    for (int i = 0; i < n; i++) {
        acc[i] = left * acc[i] + by * (double)x[i];
        y[i] = (float)acc[i];
    }
}

static void settle_turned(int n, double left, double by, double c, double s, const float *restrict x,
                          double *restrict acc, float *restrict y) {
    for (int i = 0; i < n; i++) {
        double a = left * acc[i] + by * (double)x[i], b = left * acc[n + i] + by * (double)x[n + i];
        acc[i] = c * a + s * b;
        acc[n + i] = c * b - s * a;
        y[i] = (float)acc[i];
        y[n + i] = (float)acc[n + i];
    }
}

static void rotate(int n, const float *cosine, const float *sine, const float *x, float *y) {
    for (int i = 0; i < n; i += VL) {
        int left = n - i < VL ? n - i : VL;
        vf in = v_load_n(x + i, left), side = v_swap_pairs(in) * v_load_n(sine + i, left);
        v_store_n(y + i, v_fma(in, v_load_n(cosine + i, left), side), left);
    }
}

static void softcap(int n, float cap, float *x) { MAP(n, x, x, v_tanh(in / cap) * cap); }
static float exp_sum(int n, float add, float plus, float *x) {
    vf all[2] = {v_set1(0.0f), v_set1(0.0f)};
    int i = 0;
    for (; i + 2 * VL <= n; i += 2 * VL)
        for (int t = 0; t < 2; t++) {
            vf y = v_exp(v_load(x + i + t * VL) + add) + plus;
            v_store(x + i + t * VL, y);
            all[t] += y;
        }
    for (int t = 0; i < n; i += VL, t++) {
        int left = n - i < VL ? n - i : VL;
        vf y = v_first_lanes(v_exp(v_load_n(x + i, left) + add) + plus, left);
        v_store_n(x + i, y, left);
        all[t] += y;
    }
    return v_hsum(all[0] + all[1]);
}

static void sigmoid(int n, float add, float *x) { MAP(n, x, x, v_sigmoid(in + add)); }
static void exp_twice(int n, float limit, const float *x, float *y) {
    MAP(n, x, y, v_exp(2.0f * v_pick(in > limit, v_set1(limit), v_pick(in < -limit, v_set1(-limit), in))));
}
static void phases(int n, const float *x, float *sine, float *cosine) {
    for (int i = 0; i < n; i += VL) {
        int left = n - i < VL ? n - i : VL;
        vf s, c;
        v_phases(v_load_n(x + i, left), &s, &c);
        v_store_n(sine + i, s, left);
        v_store_n(cosine + i, c, left);
    }
}

/* The Taylor polynomial of the sine up to r^17; z = r^2. */
static inline double sine_of(double r, double z) {
    return r + r * z *
                   (-1. / 6 +
                    z * (1. / 120 + z * (-1. / 5040 +
                                         z * (1. / 362880 + z * (-1. / 39916800 +
                                                                 z * (1. / 6227020800. +
                                                                      z * (-1. / 1307674368000. +
                                                                           z * (1. / 355687428096000.))))))));
}

/* Plain loops, which the compiler makes vectors of. The quarter turn nearest to x is taken off in three parts (Cody and
   Waite), the rest goes through the Taylor polynomials up to r^17 and r^16, |r| <= pi / 4. For a sine alone half turns
   are taken off, the sign follows from whether their number is odd, and one polynomial up to r^17 serves |r| <= pi / 2.
   Nothing is fused, so that every instruction set gives the same bits. */
static void turn(int n, const double *restrict x, double *restrict cosine, double *restrict sine) {
    const double round = 0x1.8p52, per_turn = 0.63661977236758134;
    for (int i = 0; i < n; i++) {
        double shifted = x[i] * per_turn + round, k = shifted - round;
        double r = ((x[i] - k * 0x1.921fb544p0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69,
               z = r * r;
        double s = sine_of(r, z);
        double c =
            1 + z * (-1. / 2 +
                     z * (1. / 24 +
                          z * (-1. / 720 + z * (1. / 40320 + z * (-1. / 3628800 +
                                                                  z * (1. / 479001600 +
                                                                       z * (-1. / 87178291200. +
                                                                            z * (1. / 20922789888000.))))))));
        double quarter = k - 4 * (((k * 0.25) + round) - round); /* -2 .. 2 */
        int odd = quarter == 1 || quarter == -1, far = quarter == 2 || quarter == -2;
        double first = odd ? s : c, second = odd ? c : s;
        cosine[i] = far || quarter == 1 ? -first : first;
        sine[i] = far || quarter == -1 ? -second : second;
    }
}

static void turn_sines(int n, const double *restrict x, double *restrict sine) {
    const double round = 0x1.8p52, per_turn = 0.31830988618379067;
    for (int i = 0; i < n; i++) {
        double k = (x[i] * per_turn + round) - round, odd = k - 2 * ((k * 0.5 + round) - round);
        double r = ((x[i] - k * 0x1.921fb544p1) - k * 0x1.0b4611a6p-33) - k * 0x1.3198a2e037073p-68,
               z = r * r;
        double s = sine_of(r, z);
        sine[i] = s * (1 - 2 * odd * odd);
    }
}

static void map_exp(size_t n, const float *x, float *y) { MAP(n, x, y, v_exp(in)); }
static void map_tanh(size_t n, const float *x, float *y) { MAP(n, x, y, v_tanh(in)); }
static void softplus(int n, float to, float by, const float *x, float *y) {
    MAP(n, x, y, v_softplus(in * to) * by);
}

/* Reading x is what takes the time where it is not in a cache, so the rows to come are asked for. */
static void elu1(int n, int d, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy) {
    enum { AHEAD = 12 }; /* rows */
    for (int i = 0; i < n; i++, x += ldx, y += ldy) {
        ask_for(x, AHEAD, ldx, d);
        MAP(d, x, y, v_max(v_set1(0.0f), in) + v_exp_to_88(-v_max(v_set1(0.0f), -in)));
    }
}

static void rectify(int n, const float *x, float a, float *y, float b, float *z) {
    int i = 0;
    for (; i + VL <= n; i += VL) {
        vf in = v_max(v_load(x + i), v_set1(0.0f));
        v_store(y + i, in * a);
        v_store(z + i, in * b);
    }
    if (i < n) {
        vf in = v_max(v_load_n(x + i, n - i), v_set1(0.0f));
        v_store_n(y + i, in * a, n - i);
        v_store_n(z + i, in * b, n - i);
    }
}

static float dot(int n, const float *x, const float *y) {
    vf acc = v_set1(0.0f);
    int i = 0;
    for (; i + VL <= n; i += VL) acc = v_fma(v_load(x + i), v_load(y + i), acc);
    if (i < n) acc = v_fma(v_load_n(x + i, n - i), v_load_n(y + i, n - i), acc);
    return v_hsum(acc);
}

static float sum(int n, const float *x) {
    vf acc = v_set1(0.0f);
    int i = 0;
    for (; i + VL <= n; i += VL) acc += v_load(x + i);
    if (i < n) acc += v_load_n(x + i, n - i);
    return v_hsum(acc);
}

static float largest(int n, const float *x) {
    vf most[4];
    float found;
    int i = 0;
    for (int t = 0; t < 4; t++) most[t] = v_set1(-INFINITY);
    for (; i + 4 * VL <= n; i += 4 * VL)
        for (int t = 0; t < 4; t++) most[t] = v_max(v_load(x + i + t * VL), most[t]);
    for (; i + VL <= n; i += VL) most[0] = v_max(v_load(x + i), most[0]);
    for (; i < n; i++) most[0] = v_max(v_set1(x[i]), most[0]);
    most[0] = v_max(v_max(most[0], most[1]), v_max(most[2], most[3]));
    v_largest(1, most, &found);
    return found;
}

/* Plain loops: the compiler has the instructions. */
static void add_wide(size_t n, const float *x, double *sum) {
    for (size_t i = 0; i < n; i++) sum[i] += (double)x[i];
}
static void narrow(size_t n, const double *x, float *y) {
    for (size_t i = 0; i < n; i++) y[i] = (float)x[i];
}

static float peak(int n, const float *x) {
    vf most = v_set1(0.0f);
    float largest;
    int i = 0;
    for (; i + VL <= n; i += VL) most = v_max(v_abs(v_load(x + i)), most);
    if (i < n) most = v_max(v_abs(v_load_n(x + i, n - i)), most);
    v_largest(1, &most, &largest);
    return largest;
}

/* Hits are few: four vectors are passed over at a time. */
static int above(int n, const float *x, float least, int first, float *value, int *index) {
    int count = 0, i = 0;
    for (; i + 4 * VL <= n; i += 4 * VL) {
        vi hit[4], any = {0};
        for (int t = 0; t < 4; t++) any |= hit[t] = v_load(x + i + t * VL) > least;
        if (!v_bits(any)) continue;
        for (int t = 0; t < 4; t++) {
            vi at = (vi){LANES} + (first + i + t * VL);
            v_compress(index + count, at, hit[t]);
            count += v_compress(value + count, (vi)v_load(x + i + t * VL), hit[t]);
        }
    }
    for (; i < n; i += VL) {
        vi in = (vi){LANES} < n - i;
        vf last = n - i < VL ? v_load_n(x + i, n - i) : v_load(x + i);
        vi hit = (last > least) & in;
        v_compress(index + count, (vi){LANES} + (first + i), hit);
        count += v_compress(value + count, (vi)last, hit);
    }
    return count;
}

/* The lanes of x as they lie in memory as integers. */
static inline vi load_ints(const int *x, int n) {
    vi y;
    if (n < VL) return (vi)v_load_n((const float *)(const void *)x, n);
    memcpy(&y, x, sizeof y);
    return y;
}

/* In place: what has been written never reaches beyond what has been read. Without an instruction that compresses, one
   by one and without a branch: hits are many. */
static int keep(int n, float least, float *value, int *index) {
    int count = 0;
#ifdef V_COMPRESS
    for (int i = 0; i < n; i += VL) {
        int lanes = n - i < VL ? n - i : VL;
        vf x = v_load_n(value + i, lanes);
        vi at = load_ints(index + i, lanes), hit = (x >= least) & ((vi){LANES} < lanes);
        v_compress(index + count, at, hit);
        count += v_compress(value + count, (vi)x, hit);
    }
#else
    for (int i = 0; i < n; i++) {
        float x = value[i];
        value[count] = x, index[count] = index[i];
        count += x >= least;
    }
#endif
    return count;
}

/* The bits of floats in their order as integers, and back: an involution but for the sign of 0. */
static inline int32_t ordered(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }
static inline float at_rank(int32_t rank) {
    int32_t bits = ordered(rank);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static inline int32_t rank_of(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return ordered(bits);
}

/* Some floats by vectors: all but the last from memory, the last filled up with -inf. */
struct span {
    const float *x;
    int last; /* where the last vector begins */
    vf rest;
};
static inline vf vector_at(const struct span *s, int i) { return i < s->last ? v_load(s->x + i) : s->rest; }

/* How many are at least t[0], t[1] and t[2]; count has room for four. */
static inline void counts_from(const struct span *s, const float *t, int *count) {
    vi some[4] = {{0}};
    for (int i = 0; i <= s->last; i += VL)
        for (int c = 0; c < 3; c++) some[c] -= vector_at(s, i) >= t[c];
    v_counts(some, count);
}

/* The smallest that is above -inf and at least `least`, the largest, and how many are above -inf. */
static inline int extremes(const struct span *s, float least, float *smallest, float *greatest) {
    vf ends[2] = {v_set1(-INFINITY), v_set1(-INFINITY)}; /* the largest of x and of -x */
    vi real[4] = {{0}};
    float end[2];
    int count[4];
    for (int i = 0; i <= s->last; i += VL) {
        vf y = vector_at(s, i);
        vi is_real = y > -INFINITY;
        real[0] -= is_real;
        ends[0] = v_max(y, ends[0]);
        ends[1] = v_max(v_pick(is_real & (y >= least), -y, ends[1]), ends[1]);
    }
    v_largest(2, ends, end);
    v_counts(real, count);
    *greatest = end[0], *smallest = -end[1];
    return count[0];
}

/* Cuts what lies between the smallest and the largest into quarters until few enough of x are left: by values, and if
   these crowd in one place, by the floats that there are. */
static float kth(int n, const float *x, int k, int slack) {
    enum { BY_VALUES = 6 };
    int last = (n - 1) / VL * VL, count[4];
    struct span s = {x, last,
                     v_pick((vi){LANES} < n - last, v_load_n(x + last, n - last), v_set1(-INFINITY))};
    float low, high, t[3];
    int left = extremes(&s, -INFINITY, &low, &high); /* at least `low` */
    if (left < k) return -INFINITY;
    int64_t from = rank_of(low), to = (int64_t)rank_of(high) + 1, rank[3]; /* fewer than k from `to` on */
    for (int pass = 0; left > k + slack && to - from > 1; pass++) {
        low = at_rank((int32_t)from), high = at_rank((int32_t)(to - 1));
        for (int c = 0; c < 3; c++) {
            float part = 0.25f * (float)(c + 1);
            rank[c] =
                pass < BY_VALUES ? rank_of(low * (1 - part) + high * part) : from + (to - from) / 4 * (c + 1);
            rank[c] = rank[c] <= from ? from + 1 : rank[c] >= to ? to - 1 : rank[c];
            t[c] = at_rank((int32_t)rank[c]);
        }
        counts_from(&s, t, count);
        for (int c = 2; c >= 0; c--) /* the highest from which on there are enough */
            if (count[c] >= k) {
                from = rank[c], left = count[c];
                break;
            } else to = rank[c];
    }
    low = at_rank((int32_t)from);
    if (!slack) extremes(&s, low, &low, &high);
    return low;
}

static inline __attribute__((always_inline)) void gather_columns(int V, int last, int n, const int *index,
                                                                 const float *p, const float *v,
                                                                 ptrdiff_t ldv, float *o) {
    vf acc[4];
    for (int t = 0; t < V; t++) acc[t] = v_set1(0.0f);
    for (int r = 0; r < n; r++) {
        const float *row = v + index[r] * ldv;
        for (int t = 0; t < V; t++) {
            vf x = last == VL || t < V - 1 ? v_load(row + t * VL) : v_load_n(row + t * VL, last);
            acc[t] = v_fma(v_set1(p[r]), x, acc[t]);
        }
    }
    for (int t = 0; t < V; t++) {
        if (last == VL || t < V - 1) v_store(o + t * VL, acc[t]);
        else v_store_n(o + t * VL, acc[t], last);
    }
}

static void gather(int n, const int *index, const float *p, int dv, const float *v, ptrdiff_t ldv, float *o) {
    int d = 0;
    for (; d + 4 * VL <= dv; d += 4 * VL) gather_columns(4, VL, n, index, p, v + d, ldv, o + d);
    for (; d + VL <= dv; d += VL) gather_columns(1, VL, n, index, p, v + d, ldv, o + d);
    if (d < dv) gather_columns(1, dv - d, n, index, p, v + d, ldv, o + d);
}

static void discount(int rounds, int n, const int *own, const int *code, ptrdiff_t ld, const float *price,
                     float *s) {
    for (int i = 0; i < n; i += VL) {
        int lanes = n - i < VL ? n - i : VL;
        vi count = {0};
        for (int r = 0; r < rounds; r++)
            count -= (vi)((vu)(own[r * ld] - load_ints(code + r * ld + i, lanes)) <= 1u);
        if (!v_bits(count > 1)) continue;
        vf off = v_set1(0.0f);
        for (int most = 2; most <= rounds; most++) off = v_pick(count >= most, v_set1(price[most]), off);
        v_store_n(s + i, v_load_n(s + i, lanes) - off, lanes);
    }
}

static int all_finite(int n, const float *x) {
    vf bad = v_set1(0.0f), other = bad; /* x * 0 is NaN for inf and NaN alone, and NaN stays */
    int i = 0;
    for (; i + 2 * VL <= n; i += 2 * VL) {
        bad += v_load(x + i) * 0.0f;
        other += v_load(x + i + VL) * 0.0f;
    }
    for (; i < n; i += VL) bad += v_load_n(x + i, n - i < VL ? n - i : VL) * 0.0f;
    return v_hsum(bad + other) == 0.0f;
}

#ifndef CHAIN /* one step of a chain of fma_loop() */
#define CHAIN(acc, x, y) v_fma(acc, x, y)
#endif

/* Independent chains cover latency times issue width: twelve fit, with x and y, sixteen registers; where the tile
   of mul() needs more registers, there are thirty-two, and sixteen chains cover four cycles on four pipes. */
static double fma_loop(long rounds) {
    enum { CHAINS = MR * NV > 12 ? 16 : 12 };
    vf acc[CHAINS], x = v_set1(0.999f), y = v_set1(1e-3f), all = v_set1(0.0f);
    for (int c = 0; c < CHAINS; c++) acc[c] = v_set1((float)c);
    for (long r = 0; r < rounds; r++)
        for (int c = 0; c < CHAINS; c++) acc[c] = CHAIN(acc[c], x, y);
#pragma GCC unroll 16 /* or else the chains live in memory for the sake of this loop */
    for (int c = 0; c < CHAINS; c++) all += acc[c];
    volatile float sink = v_hsum(all);
    (void)sink;
    return (double)rounds * CHAINS * VL * 2;
}

const struct kern KERN = {
    .isa = ISA,
    .mr = MR,
    .nr = NR,
    .mul = mul,
    .recur = recur,
    .pack = pack,
    .dots = dots,
    .soften = soften,
    .scale = scale,
    .blend = blend,
    .fade = fade,
    .settle = settle,
    .settle_turned = settle_turned,
    .rotate = rotate,
    .softcap = softcap,
    .phases = phases,
    .turn = turn,
    .turn_sines = turn_sines,
    .exp = map_exp,
    .exp_sum = exp_sum,
    .sigmoid = sigmoid,
    .exp_twice = exp_twice,
    .additive = additive,
    .additive_exp = additive_exp,
    .elman = elman,
    .tanh = map_tanh,
    .softplus = softplus,
    .elu1 = elu1,
    .rectify = rectify,
    .dot = dot,
    .sum = sum,
    .largest = largest,
    .add_wide = add_wide,
    .narrow = narrow,
    .peak = peak,
    .above = above,
    .keep = keep,
    .kth = kth,
    .gather = gather,
    .discount = discount,
    .finite = all_finite,
    .fma_loop = fma_loop,
};
