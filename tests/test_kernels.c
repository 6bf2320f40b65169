/* test_kernels.c -- every usable instruction set against double, over tails, -inf, tiny and huge values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attn.h"
#include "kernels/kern.h"

#define FOR_EACH(kern)                              \
    for (int isa_ = 0; isa_ < kern_count(); isa_++) \
        for (const struct kern *kern = kern_usable(isa_) ? kern_at(isa_) : NULL; kern; kern = NULL)

static float *values(uint64_t stream, size_t n) {
    float *x = malloc(n * sizeof *x);
    attn_random_normal(3, stream, 0, n, x);
    return x;
}

static void products_over_tails(void **state) {
    (void)state;
    FOR_EACH(kern) {
        for (int m = 1; m <= 2 * kern->mr + 1; m++)
            for (int n = 1; n <= 2 * kern->nr + 1; n += n < kern->nr - 2 ? 7 : 1) {
                int k = 1 + (m * 5 + n) % 37;
                float *a = values(1, (size_t)(m * k)), *b = values(2, (size_t)(n * k)),
                      *c = values(3, (size_t)(m * n));
                float *before = memcpy(malloc((size_t)(m * n) * sizeof *c), c, (size_t)(m * n) * sizeof *c);
                int panels = (n + kern->nr - 1) / kern->nr;
                float *bt = malloc((size_t)(panels * kern->nr * k) * sizeof *bt);
                kern->pack(n, k, b, k, bt); /* b is [n][k] */
                kern->mul(m, n, k, 1, a, k, 1, bt, kern->nr, (ptrdiff_t)kern->nr * k, 1, c, n);
                for (int i = 0; i < m; i++)
                    for (int j = 0; j < n; j++) {
                        double want = (double)before[i * n + j];
                        for (int p = 0; p < k; p++) want += (double)a[i * k + p] * (double)b[j * k + p];
                        if (fabs(want - (double)c[i * n + j]) > 1e-5)
                            fail_msg("%s: m=%d n=%d k=%d, element %d %d: %g, not %g", kern->isa, m, n, k, i,
                                     j, (double)c[i * n + j], want);
                    }
                kern->mul(m, n, k, 0.5f, a, k, 1, bt, kern->nr, (ptrdiff_t)kern->nr * k, 0, c, n);
                double want = 0;
                for (int p = 0; p < k; p++)
                    want += 0.5 * (double)a[(m - 1) * k + p] * (double)b[(n - 1) * k + p];
                if (fabs(want - (double)c[m * n - 1]) > 1e-5)
                    fail_msg("%s: scaled m=%d n=%d k=%d", kern->isa, m, n, k);
                free(a), free(b), free(c), free(before), free(bt);
            }
    }
}

/* The cut of the sum and the number of rows and columns change no bit. */
static void products_do_not_depend_on_the_cut(void **state) {
    enum { M = 13, N = 70, K = 50 };
    float *a = values(1, M * K), *b = values(2, K * N);
    (void)state;
    FOR_EACH(kern) {
        float whole[M * N] = {0}, parts[M * N] = {0};
        kern->mul(M, N, K, 1, a, K, 1, b, N, kern->nr, 1, whole, N);
        for (int i = 0; i < M; i++) {
            kern->mul(1, N, 17, 1, a + i * K, K, 1, b, N, kern->nr, 1, parts + i * N, N);
            kern->mul(1, N, K - 17, 1, a + i * K + 17, K, 1, b + 17 * N, N, kern->nr, 1, parts + i * N, N);
        }
        if (memcmp(whole, parts, sizeof whole)) fail_msg("%s", kern->isa);
    }
    free(a), free(b);
}

static void exp_over_its_range(void **state) {
    enum { N = 1 << 20 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    (void)state;
    for (int i = 0; i < N; i++) x[i] = -87.0f + 175.0f * (float)i / (float)N;
    FOR_EACH(kern) {
        double worst = 0;
        kern->exp(N, x, y);
        for (int i = 0; i < N; i++) worst = fmax(worst, fabs((double)y[i] / exp((double)x[i]) - 1));
        if (worst > 2e-7) fail_msg("%s: relative error of exp %.3g", kern->isa, worst);
    }
    free(x), free(y);
}

static void tanh_over_its_range(void **state) {
    enum { N = 1 << 20 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    (void)state;
    for (int i = 0; i < N; i++) x[i] = (i % 2 ? 1.0f : -1.0f) * expf(-30 + 35 * (float)i / (float)N);
    FOR_EACH(kern) {
        double worst = 0;
        kern->tanh(N, x, y);
        for (int i = 0; i < N; i++) worst = fmax(worst, fabs((double)y[i] / tanh((double)x[i]) - 1));
        if (worst > 3e-7) fail_msg("%s: relative error of tanh %.3g", kern->isa, worst);
    }
    free(x), free(y);
}

static void special_values(void **state) {
    (void)state;
    FOR_EACH(kern) {
        const float x[] = {-INFINITY, INFINITY, NAN, 0, -0.0f, -1000, 1000};
        float e[7], t[7];
        kern->exp(7, x, e);
        kern->tanh(7, x, t);
        if (e[0] != 0 || e[1] != INFINITY || !isnan(e[2]) || e[3] != 1 || e[4] != 1 || e[5] != 0 ||
            e[6] != INFINITY)
            fail_msg("%s: exp of special values", kern->isa);
        if (t[0] != -1 || t[1] != 1 || !isnan(t[2]) || t[3] != 0 || t[5] != -1 || t[6] != 1)
            fail_msg("%s: tanh of special values", kern->isa);
    }
}

static void soften_over_tails(void **state) {
    (void)state;
    FOR_EACH(kern) {
        for (int n = 0; n <= 70; n++)
            for (int masked = 0; masked < 3; masked++) { /* no key, every third, all */
                float *x = values(7, (size_t)n + 1),
                      *s = memcpy(malloc(((size_t)n + 1) * sizeof *s), x, (size_t)n * sizeof *s);
                float m = 0.5f, l = 2, factor;
                double top = 0.5, sum = 0;
                for (int j = 0; j < n; j++)
                    if (masked == 2 || (masked == 1 && j % 3 == 0)) s[j] = x[j] = -INFINITY;
                s[n] = 77;
                for (int j = 0; j < n; j++) top = fmax(top, (double)x[j]);
                factor = kern->soften(n, s, &m, &l);
                for (int j = 0; j < n; j++) {
                    double want = exp((double)x[j] - top);
                    if (fabs(want - (double)s[j]) > 1e-6)
                        fail_msg("%s: n=%d masked=%d weight %d", kern->isa, n, masked, j);
                    sum += want;
                }
                if (fabs((double)m - top) > 1e-6 || fabs((double)factor - exp(0.5 - top)) > 1e-6 ||
                    fabs((double)l - (2 * exp(0.5 - top) + sum)) > 1e-4 || s[n] != 77)
                    fail_msg("%s: n=%d masked=%d: m %g l %g factor %g", kern->isa, n, masked, (double)m,
                             (double)l, (double)factor);
                free(x), free(s);
            }
        float s[3] = {-INFINITY, -INFINITY, -INFINITY}, m = -INFINITY, l = 0; /* nothing seen yet */
        assert_true(kern->soften(3, s, &m, &l) == 1 && s[0] == 0 && s[2] == 0 && l == 0 && m == -INFINITY);
    }
}

static void reductions_over_tails(void **state) {
    (void)state;
    FOR_EACH(kern) {
        for (int n = 0; n <= 70; n++) {
            float *x = values(8, (size_t)n + 1), *y = values(9, (size_t)n + 1);
            double dot = 0, sum = 0;
            for (int i = 0; i < n; i++) dot += (double)x[i] * (double)y[i], sum += (double)x[i];
            if (fabs(dot - (double)kern->dot(n, x, y)) > 1e-5 || fabs(sum - (double)kern->sum(n, x)) > 1e-5)
                fail_msg("%s: n=%d", kern->isa, n);
            if (!kern->finite(n, x)) fail_msg("%s: n=%d is finite", kern->isa, n);
            if (n) {
                x[n - 1] = n % 2 ? NAN : -INFINITY;
                if (kern->finite(n, x)) fail_msg("%s: n=%d is not finite", kern->isa, n);
            }
            free(x), free(y);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_over_tails),   cmocka_unit_test(products_do_not_depend_on_the_cut),
        cmocka_unit_test(exp_over_its_range),    cmocka_unit_test(tanh_over_its_range),
        cmocka_unit_test(special_values),        cmocka_unit_test(soften_over_tails),
        cmocka_unit_test(reductions_over_tails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
