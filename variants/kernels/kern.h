/*
 * kern.h -- the hot inner loops, once for each instruction set.
 *
 * A kernel is serial, knows no attention, owns no memory, and needs no alignment. The bodies stand in
 * kern_body.h; kern_<isa>.c compiles them over the primitives of simd_<isa>.h with its own flags.
 */
#ifndef KERN_H
#define KERN_H

#include <stddef.h>

struct kern {
    const char *isa;
    int mr,
        nr; /* register tile of mul(): rows a multiple of mr and columns of nr run fastest; nr divides 64 */

    /* c[m][n] = alpha * a[m][k] b[k][n], or with `add` (alpha must be 1) c += a b. Element a[i][p] is at i *
       a_row + p * a_col. b comes in panels of nr columns: panel t starts at t * panel, its rows are ldb
       apart. A plain row-major b has panel = nr; the output of pack() has panel = nr * k and ldb = nr. The
       sum runs over ascending p for every element, whatever m and n are. */
    void (*mul)(int m, int n, int k, float alpha, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                const float *b, ptrdiff_t ldb, ptrdiff_t panel, int add, float *c, ptrdiff_t ldc);

    /* One step of a recurrence: row by row s[m][n] = a s + k v^T, then o[n] = q[m]^T s unless q is NULL. `step`
       between the a[m] is 1, or 0 where there is one for all. */
    void (*recur)(int m, int n, const float *a, int step, const float *k, const float *v, float *s,
                  const float *q, float *o);

    /* Transposes x[n][d] into panels xt[ceil(n / nr)][d][nr]; columns beyond n are 0. */
    void (*pack)(int n, int d, const float *x, ptrdiff_t ldx, float *xt);

    /* s[m][n] = alpha * q[m][d] k[n][d]^T for few rows: k is read once and in place. */
    void (*dots)(int m, int n, int d, float alpha, const float *q, ptrdiff_t ldq, const float *k,
                 ptrdiff_t ldk, float *s, ptrdiff_t lds);

    /* s[m][n] = sum over d of v[d] tanh(q[m][d] + kt[d][n]), kt as pack() leaves it. */
    void (*additive)(int m, int n, int d, const float *q, ptrdiff_t ldq, const float *kt, const float *v,
                     float *s, ptrdiff_t lds);

    /* The same from eq = exp(2 q) and ekt = exp(2 k), since tanh(q + k) = 1 - 2 / (1 + exp(2 q) exp(2 k)): one
       reciprocal in place of a tanh. Products must stay below 1e38. Each tanh is within 4e-7 of its value. */
    void (*additive_exp)(int m, int n, int d, const float *eq, ptrdiff_t ldq, const float *ekt,
                         const float *v, float *s, ptrdiff_t lds);

    /* The steps of a recurrent layer, each from the row before: x[t] = tanh(x[t] + h w), and x[t] is the next h. w[d][d]
       row-major, h[d], x[n][d] without gaps. */
    void (*elman)(int n, int d, const float *w, const float *h, float *x);

    /* The online softmax of each row: its columns lo .. hi - 1 become exp(s - m) with the running maximum m and the
       running sum l brought up to date. factor is that by which earlier sums have to be multiplied; rows without
       columns have none. */
    void (*soften)(int rows, const int *lo, const int *hi, float *s, ptrdiff_t lds, float *m, float *l,
                   float *factor);

    void (*scale)(int n, float factor, float *x);                 /* x *= factor */
    void (*blend)(int n, float factor, const float *y, float *x); /* x = factor x + y */
    /* y = by factor x, or by / factor x with `invert`; `step` between the factors is 1, or 0 where there is one for all */
    void (*fade)(int n, const float *factor, int step, int invert, float by, const float *x, float *y);
    /* acc = left acc + by x, and y that rounded; settle_turned() does so with two rows of each, n apart, the first then
       turned by an angle towards the second: (c a + s b, c b - s a) of rows a and b */
    void (*settle)(int n, double left, double by, const float *x, double *acc, float *y);
    void (*settle_turned)(int n, double left, double by, double c, double s, const float *x, double *acc,
                          float *y);
    /* y = x turned in planes of channels 2 f and 2 f + 1: cosine and sine [n] have each angle twice, the sine first with
       its sign changed; n is even */
    void (*rotate)(int n, const float *cosine, const float *sine, const float *x, float *y);
    void (*softcap)(int n, float cap, float *x);              /* x = cap tanh(x / cap) */
    float (*exp_sum)(int n, float add, float plus, float *x); /* x = exp(x + add) + plus; returns their sum */
    void (*sigmoid)(int n, float add, float *x);              /* x = 1 / (1 + exp(-(x + add))) */
    /* y = exp(2 x), x first brought into -limit .. limit */
    void (*exp_twice)(int n, float limit, const float *x, float *y);
    void (*phases)(int n, const float *x, float *sine,
                   float *cosine); /* of |x| < 1e4, within 2e-7; sine may be x */
    /* cos and sin of x in double, to 2e-16 for |x| < 1e6; sin alone, faster, to 1e-13. Outputs are apart from x, and the
       bits are those of every instruction set. */
    void (*turn)(int n, const double *x, double *cosine, double *sine);
    void (*turn_sines)(int n, const double *x, double *sine);
    void (*exp)(size_t n, const float *x, float *y); /* see kern_math.h */
    void (*tanh)(size_t n, const float *x, float *y);
    /* y = out log(1 + exp(in x)); log(sigmoid(x)) is that with in = out = -1 */
    void (*softplus)(int n, float in, float out, const float *x, float *y);
    void (*elu1)(int n, int d, const float *x, ptrdiff_t ldx, float *y,
                 ptrdiff_t ldy); /* y[n][d] = elu(x) + 1 */
    /* y[n] = a max(x, 0), z[n] = b max(x, 0) */
    void (*rectify)(int n, const float *x, float a, float *y, float b, float *z);
    float (*dot)(int n, const float *x, const float *y);
    float (*sum)(int n, const float *x);
    float (*largest)(int n, const float *x);                 /* -inf of none; NaN counts for nothing */
    void (*add_wide)(size_t n, const float *x, double *sum); /* sum += x */
    void (*narrow)(size_t n, const double *x, float *y);     /* y = x */
    float (*peak)(int n, const float *x);                    /* the largest |x|, 0 of none */

    /* Puts each x[i] > least into value and first + i into index, i ascending; returns how many. NaN is never above.
       Both have room for n and 15 more. */
    int (*above)(int n, const float *x, float least, int first, float *value, int *index);
    /* Leaves of value and index, in place, where value[i] >= least; returns how many. Both have room for n and 15
       more. */
    int (*keep)(int n, float least, float *value, int *index);
    /* The k-th largest of n, n and k at least 1; with `slack` as well any float below it from which on there are at most
       k + slack. NaN counts for nothing, and -inf is what there is where fewer than k are above that. */
    float (*kth)(int n, const float *x, int k, int slack);
    /* o[dv] = sum over r of p[r] v[index[r]], r ascending; rows of v are ldv apart. */
    void (*gather)(int n, const int *index, const float *p, int dv, const float *v, ptrdiff_t ldv, float *o);
    /* s[i] -= price[N] where N > 1, N being in how many of the rounds own[r ld] - code[r ld + i] is 0 or 1.
       Codes are not negative. */
    void (*discount)(int rounds, int n, const int *own, const int *code, ptrdiff_t ld, const float *price,
                     float *s);
    int (*finite)(int n, const float *x); /* no inf, no NaN */
    double (*fma_loop)(long rounds);      /* returns the operations done */
};

int kern_count(void);                  /* instruction sets compiled in */
const struct kern *kern_at(int index); /* narrowest first */
int kern_usable(int index);            /* does this CPU run it? */
const struct kern *kern_find(int isa); /* attn_problem.isa; ATTN_ISA_BEST or unusable: the widest usable */

#endif
