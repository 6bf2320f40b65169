/* kern_products.c -- mul, pack and additive: against plain loops in double, over tails, strides and sizes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kern_test.h"

struct product {
    int m, n, k, add;
    float alpha;
    float *a, *b;
    ptrdiff_t a_row, a_col, ldb, panel, ldc;
    int nr;
};

static float *a_at(const struct product *x, int i, int p) { return x->a + i * x->a_row + p * x->a_col; }
static float *b_at(const struct product *x, int p, int j) {
    return x->b + j / x->nr * x->panel + p * x->ldb + j % x->nr;
}

/* Operands in the layouts that callers use: rows with gaps or transposed, plain b with gaps or panels. */
static void set_operands(struct product *x, int transposed, int panels, double size) {
    int m = x->m, n = x->n, k = x->k;
    x->a_row = transposed ? 1 : k + 2;
    x->a_col = transposed ? m + 1 : 1;
    x->ldb = panels ? x->nr : n + 3;
    x->panel = panels ? (ptrdiff_t)x->nr * k : x->nr;
    x->ldc = n + 5;
    size_t na = k ? (size_t)((m - 1) * x->a_row + (k - 1) * x->a_col + 1) : 0;
    size_t nb = !k       ? 0
                : panels ? (size_t)((n + x->nr - 1) / x->nr * x->panel)
                         : (size_t)((k - 1) * x->ldb + n);
    x->a = draw(A, na, size);
    x->b = draw(B, nb, size);
}

static void run(const struct kern *kern, const struct product *x, float *c) {
    kern->mul(x->m, x->n, x->k, x->alpha, x->a, x->a_row, x->a_col, x->b, x->ldb, x->panel, x->add, c,
              x->ldc);
}

/* A classical bound: k roundings of products, k of sums, one of alpha; a fused product has one less. */
static void hold_to_loops(const struct product *x, const float *before, const float *c) {
    for (int i = 0; i < x->m; i++)
        for (int j = 0; j < x->n; j++) {
            double sum = x->add ? (double)before[i * x->ldc + j] : 0, size = fabs(sum);
            for (int p = 0; p < x->k; p++) {
                double term = (double)*a_at(x, i, p) * (double)*b_at(x, p, j);
                sum += term;
                size += fabs(term);
            }
            hold("element", i * x->n + j, (double)c[i * x->ldc + j], (double)x->alpha * sum,
                 (x->k + 3) * (UNIT * fabs((double)x->alpha) * size + TINY));
        }
    for (int i = 0; i + 1 < x->m; i++)
        if (memcmp(c + i * x->ldc + x->n, before + i * x->ldc + x->n, (size_t)(x->ldc - x->n) * sizeof *c))
            wrong("the gap behind row %d has changed", i);
}

/* kern.h promises ascending sums for every element, whatever m and n are: one row and column alone. */
static void hold_to_alone(const struct kern *kern, const struct product *x, const float *before,
                          const float *c, int i, int j) {
    struct product one = *x;
    float *alone = room(D, 1);
    one.m = one.n = 1;
    one.a = x->k ? a_at(x, i, 0) : x->a;
    one.b = x->k ? b_at(x, 0, j) : x->b;
    *alone = before[i * x->ldc + j];
    run(kern, &one, alone);
    if (memcmp(alone, c + i * x->ldc + j, sizeof *c))
        wrong("element %d %d is %a, and %a in a product of its own", i, j, (double)c[i * x->ldc + j],
              (double)*alone);
}

/* A sum in two parts has the bits of the whole. */
static void hold_to_parts(const struct kern *kern, const struct product *x, const float *before,
                          const float *c, size_t nc) {
    struct product part = *x;
    float *parts = memcpy(room(D, nc), before, nc * sizeof *c);
    part.k = x->k / 3;
    run(kern, &part, parts);
    part.a += part.k * x->a_col;
    part.b += part.k * x->ldb;
    part.k = x->k - part.k;
    run(kern, &part, parts);
    if (memcmp(parts, c, nc * sizeof *c)) wrong("a sum in two parts has other bits");
}

static void one_product(const struct kern *kern, int m, int n, int k, int kind) {
    static const double sizes[] = {4, 1e18, 1e-21}; /* the last: products are denormal */
    static const float factors[] = {1, 0.3f, 1};
    struct product x = {
        .m = m, .n = n, .k = k, .nr = kern->nr, .alpha = factors[kind % 3], .add = kind % 3 == 2};
    int transposed = kind / 3 % 2, panels = kind / 6 % 2;
    double size = sizes[kind / 12 % 3];
    set_operands(&x, transposed, panels, size);
    at("m=%d n=%d k=%d alpha=%g add=%d %s a, %s b, operands up to %g", m, n, k, (double)x.alpha, x.add,
       transposed ? "transposed" : "plain", panels ? "packed" : "plain", size);
    size_t nc = (size_t)((m - 1) * x.ldc + n);
    float *c = draw(C, nc, size);
    if (!x.add) /* c is written, never read */
        for (size_t i = 0; i < nc; i++) c[i] = NAN;
    float before[ROOM];
    memcpy(before, c, nc * sizeof *c);
    run(kern, &x, c);
    hold_to_loops(&x, before, c);
    hold_to_alone(kern, &x, before, c, m - 1, n - 1);
    hold_to_alone(kern, &x, before, c, m / 2, n / 2);
    if (x.add) hold_to_parts(kern, &x, before, c, nc);
}

void test_mul(const struct kern *kern) {
    static const int depths[] = {0, 1, 2, 7, 16, 33};
    for (int m = 1; m <= 2 * kern->mr + 1; m++)
        for (int n = 1; n <= widest(kern); n++)
            for (int d = 0; d < 6; d++) /* steps that share no factor with 36 mix the kinds with every size */
                one_product(kern, m, n, depths[d], (7 * m + 5 * n + 11 * d) % 36);
}

/* One step: the product of key and value is rounded, then the sum; the row of the output sums m terms. */
static void one_recur(const struct kern *kern, int m, int n, int kind) {
    int step = kind % 2, reads = kind / 2 % 2;
    float *s = draw(A, (size_t)m * (size_t)n, 3), *q = draw(B, (size_t)m, 3),
          *rest = draw(C, (size_t)(2 * m + n), 1), *o = room(D, (size_t)n), before[ROOM];
    const float *a = rest, *k = rest + m, *v = k + m;
    at("m=%d n=%d, %s decay, %s", m, n, step ? "own" : "one", reads ? "read" : "not read");
    memcpy(before, s, (size_t)m * (size_t)n * sizeof *s);
    kern->recur(m, n, a, step, k, v, s, reads ? q : NULL, reads ? o : NULL);
    for (int x = 0; x < n; x++) {
        double sum = 0, size = 0;
        for (int d = 0; d < m; d++) {
            double left = (double)a[d * step] * (double)before[d * n + x],
                   added = (double)k[d] * (double)v[x];
            hold("state", d * n + x, (double)s[d * n + x], left + added,
                 UNIT * (fabs(left + added) + 2 * fabs(added) + fabs(left)) + TINY);
            sum += (double)q[d] * (double)s[d * n + x];
            size += fabs((double)q[d] * (double)s[d * n + x]);
        }
        if (reads) hold("row", x, (double)o[x], sum, (m + 1) * UNIT * size);
    }
}

void test_recur(const struct kern *kern) {
    for (int m = 1; m <= 5; m++)
        for (int n = 1; n <= widest(kern); n++) one_recur(kern, m, n, 3 * m + n);
}

/* A NaN in one row of a and another in one column of b are in that row and column of c and nowhere else. */
void test_mul_nan(const struct kern *kern) {
    int m = 2 * kern->mr + 1, n = widest(kern), k = 5;
    for (int i0 = 0; i0 < m; i0++)
        for (int j0 = i0 % 5; j0 < n; j0 += 5) {
            struct product x = {.m = m, .n = n, .k = k, .nr = kern->nr, .alpha = 1};
            set_operands(&x, 0, j0 % 2, 4);
            at("NaN in row %d and column %d of %d x %d, %s b", i0, j0, m, n, j0 % 2 ? "packed" : "plain");
            *a_at(&x, i0, i0 % k) = *b_at(&x, j0 % k, j0) = NAN;
            float *c = room(C, (size_t)((m - 1) * x.ldc + n));
            run(kern, &x, c);
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++)
                    if (!isnan(c[i * x.ldc + j]) != (i != i0 && j != j0))
                        wrong("element %d %d is %g", i, j, (double)c[i * x.ldc + j]);
        }
}

void test_pack(const struct kern *kern) {
    static const int widths[] = {0, 1, 2, 5, 17, 32};
    for (int n = 1; n <= widest(kern); n++)
        for (int w = 0; w < 6; w++) {
            int d = widths[w], nr = kern->nr, columns = (n + nr - 1) / nr * nr, ldx = d + 3;
            float *x = draw(A, (size_t)((n - 1) * ldx + d), 4), *xt = draw(B, (size_t)(columns * d), 4);
            at("n=%d d=%d", n, d);
            if (d) x[n / 2 * ldx + d / 2] = NAN; /* to be copied like any other */
            kern->pack(n, d, x, ldx, xt);
            for (int j = 0; j < columns; j++)
                for (int p = 0; p < d; p++) {
                    float want = j < n ? x[j * ldx + p] : 0, got = xt[(j / nr * d + p) * nr + j % nr];
                    if (memcmp(&got, &want, sizeof got))
                        wrong("row %d, element %d is %g, not %g", j, p, (double)got, (double)want);
                }
        }
}

/* Rounding q + k changes tanh by less than half a UNIT, as |x| tanh'(x) < 1 / 2. */
static void one_additive(const struct kern *kern, int m, int n, int d, double size) {
    int nr = kern->nr, ldq = d + 2, lds = n + 3, gap = -7;
    size_t ns = (size_t)((m - 1) * lds + n);
    float *q = draw(A, (size_t)((m - 1) * ldq + d), size), *v = draw(D, (size_t)d, 4),
          *kt = draw(B, (size_t)((n + nr - 1) / nr * nr * d), size), *s = room(C, ns);
    for (size_t i = 0; i < ns; i++) s[i] = (float)gap;
    at("m=%d n=%d d=%d, operands up to %g", m, n, d, size);
    kern->additive(m, n, d, q, ldq, kt, v, s, lds);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double want = 0, weight = 0;
            for (int p = 0; p < d; p++) {
                double x = (double)q[i * ldq + p] + (double)kt[(j / nr * d + p) * nr + j % nr];
                want += (double)v[p] * tanh(x);
                weight += fabs((double)v[p]) * fabs(tanh(x));
            }
            hold("score", i * n + j, (double)s[i * lds + j], want,
                 weight * (TANH_ERROR + (2 * d + 1) * UNIT) + (d + 1) * 8 * TINY);
        }
        for (int j = n; i + 1 < m && j < lds; j++)
            if (s[i * lds + j] != (float)gap) wrong("the gap behind row %d has changed", i);
    }
}

void test_additive(const struct kern *kern) {
    static const int widths[] = {0, 1, 2, 9};
    static const double sizes[] = {2, 1e30, 1e-40};
    for (int m = 1; m <= 3; m++)
        for (int n = 1; n <= widest(kern); n++)
            for (int w = 0; w < 4; w++) one_additive(kern, m, n, widths[w], sizes[(m + n + w) % 3]);
}

static void one_dots(const struct kern *kern, int m, int n, int d, double size) {
    int ldq = d + 1, ldk = d + 3, lds = n + 2;
    size_t ns = (size_t)((m - 1) * lds + n);
    float *q = draw(A, (size_t)((m - 1) * ldq + d), size), *k = draw(B, (size_t)((n - 1) * ldk + d), size),
          *s = room(C, ns);
    for (size_t i = 0; i < ns; i++) s[i] = -7;
    at("m=%d n=%d d=%d, operands up to %g", m, n, d, size);
    kern->dots(m, n, d, 0.3f, q, ldq, k, ldk, s, lds);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double want = 0, weight = 0;
            for (int p = 0; p < d; p++) {
                double x = (double)0.3f * (double)q[i * ldq + p] * (double)k[j * ldk + p];
                want += x;
                weight += fabs(x);
            }
            hold("score", i * n + j, (double)s[i * lds + j], want, weight * (d + 2) * UNIT + (d + 1) * TINY);
        }
        for (int j = n; i + 1 < m && j < lds; j++)
            if (s[i * lds + j] != -7) wrong("the gap behind row %d has changed", i);
    }
}

void test_dots(const struct kern *kern) {
    static const int widths[] = {0, 1, 3, 8, 16, 17, 64};
    for (int m = 1; m <= 3; m++)
        for (int n = 1; n <= widest(kern); n++)
            for (int w = 0; w < 7; w++) one_dots(kern, m, n, widths[w], (m + n + w) % 3 ? 4 : 1e-20);
}

/* From the values that exp_twice() gives, against tanh of the sum. */
static void one_additive_exp(const struct kern *kern, int m, int n, int d, double size) {
    int nr = kern->nr, lds = n + 3, columns = (n + nr - 1) / nr * nr;
    float q[ROOM], k[ROOM], *v = draw(D, (size_t)d, 4);
    memcpy(q, draw(A, (size_t)(m * d), fmin(size, 13)), (size_t)(m * d) * sizeof *q);
    memcpy(k, draw(B, (size_t)(columns * d), size), (size_t)(columns * d) * sizeof *k);
    float *eq = room(A, (size_t)(m * d)), *ekt = room(B, (size_t)(columns * d)),
          *s = room(C, (size_t)((m - 1) * lds + n));
    at("m=%d n=%d d=%d, operands up to %g", m, n, d, size);
    kern->exp_twice(m * d, 13, q, eq);
    kern->exp_twice(columns * d, 22, k, ekt);
    kern->additive_exp(m, n, d, eq, d, ekt, v, s, lds);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double want = 0, weight = 0;
            for (int p = 0; p < d; p++) {
                want += (double)v[p] * tanh((double)q[i * d + p] + (double)k[(j / nr * d + p) * nr + j % nr]);
                weight += fabs((double)v[p]);
            }
            hold("score", i * n + j, (double)s[i * lds + j], want,
                 weight * (RECIPROCAL_ERROR + 3 * d * UNIT));
        }
}

void test_additive_exp(const struct kern *kern) {
    static const int widths[] = {0, 1, 2, 9};
    static const double sizes[] = {2, 1e30, 1e-40};
    for (int m = 1; m <= 3; m++)
        for (int n = 1; n <= widest(kern); n++)
            for (int w = 0; w < 4; w++) one_additive_exp(kern, m, n, widths[w], sizes[(m + n + w) % 3]);
}

/* Every step from the row that the kernel left before it: d roundings of products and of sums, and tanh has a slope of
   at most 1. */
void test_elman(const struct kern *kern) {
    enum { STEPS = 5 };
    for (int d = 1; d <= widest(kern) && d * d <= ROOM; d++) {
        float *w = draw(A, (size_t)(d * d), 2 / sqrt(d)), *h = draw(B, (size_t)d, 1),
              *x = draw(C, (size_t)(STEPS * d), 2), before[ROOM];
        memcpy(before, x, (size_t)(STEPS * d) * sizeof *x);
        at("d=%d", d);
        kern->elman(STEPS, d, w, h, x);
        for (int e = 0; e < STEPS * d; e++) {
            const float *last = e < d ? h : x + (e / d - 1) * d;
            double sum = (double)before[e], size = fabs(sum);
            for (int p = 0; p < d; p++) {
                double term = (double)last[p] * (double)w[p * d + e % d];
                sum += term;
                size += fabs(term);
            }
            hold("element", e, (double)x[e], tanh(sum), (d + 4) * UNIT * size + TANH_ERROR * fabs(tanh(sum)));
        }
    }
}
