/* kern_rows.c -- the kernels that take one row: against plain loops in double, over tails and sizes. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kern_test.h"

/* Ordinary, huge (differences of two overflow), denormal. */
static const double sizes[] = {3, 3e38, 1e-40};
enum { SIZES = 3 };

#define FOR_TAILS(n, size)                  \
    for (int n = 0; n <= widest(kern); n++) \
        for (int size = 0; size < SIZES; size++)

/* ---- the online softmax ------------------------------------------------------------------------ */

enum mask { NO_KEY, EVERY_THIRD, ALL_BUT_THE_LAST, ALL, MASKS };

static int masked(enum mask mask, int j, int n) {
    return mask == ALL || (mask == EVERY_THIRD && j % 3 == 0) || (mask == ALL_BUT_THE_LAST && j < n - 1);
}

/* exp(x - top): the difference and its product with log2(e) are rounded before, each of which counts |x - top| times;
   below EXP_ZERO it may be 0. */
static double weight_bound(double difference) {
    if (isinf(difference)) return 0;
    return exp(difference) * (SOFT_EXP_ERROR + 2.1 * fabs(difference) * UNIT) + EXP_ZERO;
}

static void soften_alone(const struct kern *kern, int n, float *s, float *m, float *l, float *factor) {
    const int none = 0;
    *factor = 1;
    kern->soften(1, &none, &n, s, 0, m, l, factor);
}

static void one_soften(const struct kern *kern, int n, double size, enum mask mask, float m, float l) {
    float x[ROOM], *s = draw(A, (size_t)n, size), most = m, sum = l, factor;
    double top = (double)m, want = 0, bound = 0;
    at("n=%d, values up to %g, mask %d, m=%g l=%g", n, size, (int)mask, (double)m, (double)l);
    for (int j = 0; j < n; j++) {
        if (masked(mask, j, n)) s[j] = -INFINITY;
        x[j] = s[j];
        if ((double)x[j] > top) top = (double)x[j];
    }
    soften_alone(kern, n, s, &most, &sum, &factor);
    if ((double)most != top) wrong("the maximum is %g, not %g", (double)most, top);
    for (int j = 0; j < n; j++) {
        double difference = x[j] == -INFINITY ? -INFINITY : (double)x[j] - top;
        hold("weight", j, (double)s[j], exp(difference), weight_bound(difference));
        want += exp(difference);
        bound += weight_bound(difference);
    }
    double change = (double)m == top ? 0 : (double)m - top; /* nothing seen before or now: 1 */
    hold("factor", 0, (double)factor, exp(change), change == 0 ? 0 : weight_bound(change));
    want += (double)l * exp(change);
    bound += (double)l * weight_bound(change) + want * (n + 2) * UNIT;
    hold("sum", 0, (double)sum, want, bound);
}

void test_soften(const struct kern *kern) {
    static const struct {
        float m, l;
    } before[] = {{-INFINITY, 0}, {0.5f, 2}, {100, 1e3f}, {-1e30f, 1}, {1e-40f, 1}};
    FOR_TAILS(n, size)
    for (int mask = 0; mask < MASKS; mask++)
        for (int b = 0; b < 5; b++)
            one_soften(kern, n, sizes[size], (enum mask)mask, before[b].m, before[b].l);
}

/* Rows together give the bits of each alone, whatever stands beside them. */
void test_soften_rows(const struct kern *kern) {
    enum { ROWS = 23 }; /* whatever number of rows a kernel takes together: twice, and what is left */
    for (int n = 1; n <= widest(kern); n++)
        for (int kind = 0; kind < 4; kind++) {
            int lo[ROWS], hi[ROWS], lds = n + 5;
            float m[ROWS], l[ROWS], factor[ROWS], alone[ROOM];
            float *s = draw(A, (size_t)((ROWS - 1) * lds + n), 3);
            at("%d rows of up to %d columns, kind %d", ROWS, n, kind);
            for (int r = 0; r < ROWS; r++) {
                lo[r] = kind == 1 ? r % 3 % n : 0;
                hi[r] = kind == 2 ? r * n / ROWS : n; /* with an empty row */
                m[r] = kind == 3 && r % 2 ? -INFINITY : 0.25f * (float)r;
                l[r] = m[r] == -INFINITY ? 0 : 2;
                factor[r] = 1;
                for (int j = 0; kind == 3 && r % 3 == 1 && j < n; j++) s[r * lds + j] = -INFINITY;
            }
            memcpy(alone, s, (size_t)((ROWS - 1) * lds + n) * sizeof *s);
            float before[ROWS], sums[ROWS];
            memcpy(before, m, sizeof m), memcpy(sums, l, sizeof l);
            kern->soften(ROWS, lo, hi, s, lds, m, l, factor);
            for (int r = 0; r < ROWS; r++) {
                float own = 1;
                if (lo[r] < hi[r])
                    soften_alone(kern, hi[r] - lo[r], alone + r * lds + lo[r], &before[r], &sums[r], &own);
                if (m[r] != before[r]) wrong("maximum %d is %g, not %g", r, (double)m[r], (double)before[r]);
                hold("sum", r, (double)l[r], (double)sums[r], 0);
                hold("factor", r, (double)factor[r], (double)own, 0);
            }
            for (int e = 0; e < (ROWS - 1) * lds + n; e++)
                hold("weight", e, (double)s[e], (double)alone[e], 0);
        }
}

/* ---- element by element ------------------------------------------------------------------------ */

void test_scale(const struct kern *kern) {
    static const float factors[] = {0, 1, -0.3f, 1e-20f};
    FOR_TAILS(n, size)
    for (int f = 0; f < 4; f++) {
        float *x = draw(A, (size_t)n, sizes[size]), want[ROOM];
        at("n=%d, values up to %g, factor %g", n, sizes[size], (double)factors[f]);
        for (int i = 0; i < n; i++) want[i] = x[i] * factors[f];
        kern->scale(n, factors[f], x);
        for (int i = 0; i < n; i++) hold("element", i, (double)x[i], (double)want[i], 0);
    }
}

/* Two roundings, or one where the product is fused. */
void test_blend(const struct kern *kern) {
    static const float factors[] = {0, 1, 0.3f, 1e-20f};
    FOR_TAILS(n, size)
    for (int f = 0; f < 4; f++) {
        float *x = draw(A, (size_t)n, sizes[size] / 2), *y = draw(B, (size_t)n, sizes[size] / 2), old[ROOM];
        at("n=%d, values up to %g, factor %g", n, sizes[size] / 2, (double)factors[f]);
        memcpy(old, x, (size_t)n * sizeof *x);
        kern->blend(n, factors[f], y, x);
        for (int i = 0; i < n; i++) {
            double product = (double)factors[f] * (double)old[i], want = product + (double)y[i];
            hold("element", i, (double)x[i], want, UNIT * (fabs(product) + fabs(want)) + TINY);
        }
    }
}

/* Two roundings, or three where the factor is inverted for all at once. */
void test_fade(const struct kern *kern) {
    FOR_TAILS(n, size)
    for (int kind = 0; kind < 4; kind++) {
        int step = kind % 2, invert = kind / 2;
        float *x = draw(A, (size_t)n, sizes[size] / 64), *f = draw(B, (size_t)n + 1, 1),
              *y = room(C, (size_t)n);
        for (int i = 0; i <= n; i++) f[i] = 0.1f + fabsf(f[i]);
        at("n=%d, values up to %g, %s factor, invert=%d", n, sizes[size] / 64, step ? "own" : "one", invert);
        kern->fade(n, f, step, invert, 0.7f, x, y);
        for (int i = 0; i < n; i++) {
            double factor = (double)f[i * step],
                   want = (double)0.7f * (double)x[i] * (invert ? 1 / factor : factor);
            hold("element", i, (double)y[i], want, 3 * UNIT * fabs(want) + 11 * TINY);
        }
    }
}

/* The product with the sine is rounded, then the sum. */
void test_rotate(const struct kern *kern) {
    for (int n = 0; n <= widest(kern); n += 2) {
        float *x = draw(A, (size_t)n, 3), *turn = draw(B, 2 * (size_t)n, 1), *y = room(C, (size_t)n);
        at("n=%d", n);
        kern->rotate(n, turn, turn + n, x, y);
        for (int i = 0; i < n; i++) {
            double own = (double)turn[i] * (double)x[i],
                   side = (double)turn[n + i] * (double)x[i % 2 ? i - 1 : i + 1];
            hold("element", i, (double)y[i], own + side,
                 UNIT * (fabs(own) + fabs(side) + fabs(own + side)) + TINY);
        }
    }
}

/* In double, so that only the rounded copy is as far off as a float is. */
void test_settle(const struct kern *kern) {
    for (int n = 0; n <= widest(kern); n++) {
        float *x = draw(A, 2 * (size_t)n, 3), *y = room(B, 2 * (size_t)n), *seed = draw(C, 2 * (size_t)n, 3);
        double acc[ROOM], turned[ROOM], c = 0.6, s = 0.8;
        for (int i = 0; i < 2 * n; i++) acc[i] = turned[i] = (double)seed[i];
        at("n=%d", n);
        kern->settle(n, 0.3, 0.9, x, acc, y);
        for (int i = 0; i < n; i++) {
            double want = 0.3 * (double)seed[i] + 0.9 * (double)x[i];
            hold("sum", i, acc[i], want, 1e-15);
            hold("rounded", i, (double)y[i], acc[i], UNIT * fabs(acc[i]));
        }
        kern->settle_turned(n, 0.3, 0.9, c, s, x, turned, y);
        for (int i = 0; i < n; i++) {
            double a = 0.3 * (double)seed[i] + 0.9 * (double)x[i],
                   b = 0.3 * (double)seed[n + i] + 0.9 * (double)x[n + i];
            hold("first row", i, turned[i], c * a + s * b, 1e-15);
            hold("second row", i, turned[n + i], c * b - s * a, 1e-15);
            hold("rounded", i, (double)y[i], turned[i], UNIT * fabs(turned[i]));
            hold("rounded", n + i, (double)y[n + i], turned[n + i], UNIT * fabs(turned[n + i]));
        }
    }
}

/* The quotient is rounded before, which counts less than once, and the product after; a denormal quotient is
   off by TINY, which the product enlarges. */
void test_softcap(const struct kern *kern) {
    static const float caps[] = {0.5f, 50};
    FOR_TAILS(n, size)
    for (int c = 0; c < 2; c++) {
        float *x = draw(A, (size_t)n, sizes[size]), old[ROOM];
        double cap = (double)caps[c];
        at("n=%d, values up to %g, cap %g", n, sizes[size], cap);
        if (n) x[n / 2] = size ? -INFINITY : INFINITY;
        memcpy(old, x, (size_t)n * sizeof *x);
        kern->softcap(n, caps[c], x);
        for (int i = 0; i < n; i++) {
            double want = cap * tanh((double)old[i] / cap);
            hold("element", i, (double)x[i], want, fabs(want) * (TANH_ERROR + 2 * UNIT) + (cap + 1) * TINY);
        }
    }
}

/* Rounding x + add counts as often as it is large; the sum of n positive terms is rounded n times at most. */
void test_exp_sum(const struct kern *kern) {
    static const float sums[] = {0, -2.5f, 40, -1e38f}, plus[] = {0, 1e-6f};
    FOR_TAILS(n, size)
    for (int s = 0; s < 8; s++) {
        float *x = draw(A, (size_t)n, fmin(sizes[size], 3)), old[ROOM], more = plus[s / 4];
        double all = 0, error = 0;
        at("n=%d, values up to %g, sum with %g, plus %g", n, fmin(sizes[size], 3), (double)sums[s % 4],
           (double)more);
        if (n) x[n / 2] = -INFINITY;
        memcpy(old, x, (size_t)n * sizeof *x);
        double got = (double)kern->exp_sum(n, sums[s % 4], more, x);
        for (int i = 0; i < n; i++) {
            double t = (double)old[i] + (double)sums[s % 4], want = exp(t) + (double)more;
            double bound = weight_bound(t) + UNIT * want;
            hold("element", i, (double)x[i], want, bound);
            all += want, error += bound;
        }
        hold("sum", 0, got, all, error + n * UNIT * all);
    }
}

/* exp of minus the magnitude as in a softmax; 1 + it, its reciprocal (2e-7, four units) and the product come on top. */
void test_sigmoid(const struct kern *kern) {
    static const float sums[] = {0, -9.7f, 50, -1e38f};
    FOR_TAILS(n, size)
    for (int s = 0; s < 4; s++) {
        float *x = draw(A, (size_t)n, fmin(sizes[size], 30)), old[ROOM];
        at("n=%d, values up to %g, sum with %g", n, fmin(sizes[size], 30), (double)sums[s]);
        if (n) x[n / 2] = size ? -INFINITY : INFINITY;
        if (n > 1) x[0] = NAN;
        memcpy(old, x, (size_t)n * sizeof *x);
        kern->sigmoid(n, sums[s], x);
        for (int i = 0; i < n; i++) {
            double t = (double)old[i] + (double)sums[s], want = 1 / (1 + exp(-t)),
                   off = want * (SOFT_EXP_ERROR + (2.1 * fmin(fabs(t), 100) + 6) * UNIT) + EXP_ZERO;
            if (!isnan(t)) hold("element", i, (double)x[i], want, off);
            else if (!isnan(x[i])) wrong("NaN becomes %g", (double)x[i]);
            if (t == -(double)INFINITY && x[i] != 0) wrong("-inf weighs %g", (double)x[i]);
        }
    }
}

/* Twice x is exact; beyond the limit it is the limit's. */
void test_exp_twice(const struct kern *kern) {
    FOR_TAILS(n, size) {
        float *x = draw(A, (size_t)n, fmin(sizes[size], 30)), *y = room(B, (size_t)n);
        const float limit = 22;
        at("n=%d, values up to %g", n, fmin(sizes[size], 30));
        if (n) x[n / 2] = NAN;
        kern->exp_twice(n, limit, x, y);
        for (int i = 0; i < n; i++) {
            double want = exp(2 * fmax(-22, fmin(22, (double)x[i])));
            if (isnan(x[i]) && !isnan(y[i])) wrong("NaN becomes %g", (double)y[i]);
            if (!isnan(x[i])) hold("element", i, (double)y[i], want, want * EXP_ERROR);
        }
    }
}

/* r is rounded, by UNIT at most; the polynomials are good for another, and round. Quarter turns are taken off exactly. */
void test_phases(const struct kern *kern) {
    static const double spans[] = {1, 30, 1e4};
    for (int n = 0; n <= widest(kern); n++)
        for (int kind = 0; kind < 3; kind++) {
            float *x = draw(A, (size_t)n, spans[kind]), *s = room(B, (size_t)n), *c = room(C, (size_t)n);
            at("n=%d, x up to %g", n, spans[kind]);
            kern->phases(n, x, s, c);
            for (int i = 0; i < n; i++) {
                hold("sine", i, (double)s[i], sin((double)x[i]), 2e-7);
                hold("cosine", i, (double)c[i], cos((double)x[i]), 2e-7);
            }
            kern->phases(n, x, x, c);
            for (int i = 0; i < n; i++) hold("sine in place", i, (double)x[i], (double)s[i], 0);
        }
}

/* u = exp(-|x|) errs by EXP_ERROR, the reciprocal by 2e-7 or 3.4 UNIT, products and the polynomial round; 0 below -87. */
void test_softplus(const struct kern *kern) {
    static const double spans[] = {3, 100, 1e-3};
    for (int n = 0; n <= widest(kern); n++)
        for (int kind = 0; kind < 6; kind++) {
            float sign = kind < 3 ? 1 : -1, *x = draw(A, (size_t)n, spans[kind % 3]), *y = room(B, (size_t)n);
            at("n=%d, x up to %g, in=%g", n, spans[kind % 3], (double)sign);
            if (n > 2) x[n / 2] = kind % 2 ? INFINITY : -INFINITY;
            kern->softplus(n, sign, -0.5f, x, y);
            for (int i = 0; i < n; i++) {
                double in = (double)(sign * x[i]),
                       want = -0.5 * (in > 0 ? in + log1p(exp(-in)) : log1p(exp(in)));
                if (isinf(want) && (double)y[i] == want) continue;
                hold("element", i, (double)y[i], want, 8 * UNIT * fabs(want) + EXP_ZERO);
            }
        }
}

/* Rows of n, and between the rows of y what was there. */
void test_elu1(const struct kern *kern) {
    enum { ROWS = 3, GAP = 5 };
    FOR_TAILS(n, size) {
        float *x = draw(A, (size_t)(ROWS * (n + GAP)), sizes[size]), *y = room(B, (size_t)(ROWS * (n + GAP)));
        at("n=%d, values up to %g", n, sizes[size]);
        if (n) x[n / 2] = -INFINITY;
        for (int i = 0; i < ROWS * (n + GAP); i++) y[i] = -7;
        kern->elu1(ROWS, n, x, n + GAP, y, n + GAP);
        for (int i = 0; i < ROWS * (n + GAP); i++) {
            double want = x[i] > 0 ? (double)x[i] + 1 : exp((double)x[i]);
            if (i % (n + GAP) < n) hold("element", i, (double)y[i], want, want * EXP_ERROR + EXP_ZERO);
            else hold("gap", i, (double)y[i], -7, 0);
        }
    }
}

void test_rectify(const struct kern *kern) {
    FOR_TAILS(n, size) {
        float *x = draw(A, (size_t)n, sizes[size]), *y = room(B, (size_t)n), *z = room(C, (size_t)n);
        at("n=%d, values up to %g", n, sizes[size]);
        kern->rectify(n, x, 0.3f, y, -0.7f, z);
        for (int i = 0; i < n; i++) {
            double in = fmax((double)x[i], 0);
            hold("first", i, (double)y[i], in * (double)0.3f, in * UNIT + TINY);
            hold("second", i, (double)z[i], in * (double)-0.7f, in * UNIT + TINY);
        }
    }
}

/* ---- reductions -------------------------------------------------------------------------------- */

/* Whatever the order of a sum, each term goes through n roundings at most, and one of its product. */
void test_dot_sum(const struct kern *kern) {
    static const double magnitudes[] = {3, 1e18, 1e-21};
    FOR_TAILS(n, size) {
        float *x = draw(A, (size_t)n, magnitudes[size]), *y = draw(B, (size_t)n, magnitudes[size]);
        double dot = 0, sum = 0, terms = 0, parts = 0;
        at("n=%d, values up to %g", n, magnitudes[size]);
        for (int i = 0; i < n; i++) {
            double term = (double)x[i] * (double)y[i];
            dot += term, terms += fabs(term);
            sum += (double)x[i], parts += fabs((double)x[i]);
        }
        hold("dot", 0, (double)kern->dot(n, x, y), dot, (n + 1) * (UNIT * terms + TINY));
        hold("sum", 0, (double)kern->sum(n, x), sum, n * UNIT * parts);
    }
}

void test_largest(const struct kern *kern) {
    FOR_TAILS(n, size) {
        float *x = draw(A, (size_t)n, sizes[size]), want = -INFINITY;
        at("n=%d, values up to %g", n, sizes[size]);
        for (int i = 0; i < n; i++) want = x[i] > want ? x[i] : want;
        if (kern->largest(n, x) != want) wrong("%g instead of %g", (double)kern->largest(n, x), (double)want);
        if (n == 0) continue;
        x[n - 1] = NAN, want = -INFINITY;
        for (int i = 0; i < n - 1; i++) want = x[i] > want ? x[i] : want;
        if (kern->largest(n, x) != want)
            wrong("with a NaN at the end %g instead of %g", (double)kern->largest(n, x), (double)want);
    }
}

/* float to double is exact, and back it is the nearest float: no bound but 0. */
void test_wide(const struct kern *kern) {
    FOR_TAILS(n, size) {
        float *x = draw(A, (size_t)n, sizes[size]), *y = room(B, (size_t)n);
        double wide[ROOM];
        at("n=%d, values up to %g", n, sizes[size]);
        for (int i = 0; i < n; i++) wide[i] = (double)i / 3;
        kern->add_wide((size_t)n, x, wide);
        kern->narrow((size_t)n, wide, y);
        for (int i = 0; i < n; i++) {
            hold("sum", i, wide[i], (double)i / 3 + (double)x[i], 0);
            hold("rounded sum", i, (double)y[i], (double)(float)wide[i], 0);
        }
    }
}

void test_peak(const struct kern *kern) {
    FOR_TAILS(n, size) {
        float *x = draw(A, (size_t)n, sizes[size]), want = 0;
        at("n=%d, values up to %g", n, sizes[size]);
        for (int i = 0; i < n; i++) want = fmaxf(want, fabsf(x[i]));
        hold("peak", 0, (double)kern->peak(n, x), (double)want, 0);
    }
}

/* ---- the largest of many ----------------------------------------------------------------------- */

/* Ordinary values, many equal ones, both zeros; where asked for, with NaN and both infinities among them. */
static float *draw_ranked(int n, int kind, int with_specials) {
    float *x = draw(A, (size_t)n, sizes[kind % SIZES]);
    for (int i = 0; i < n; i++) {
        if (kind >= SIZES) x[i] = (float)(i * 7 % 5 - 2) * (i % 2 ? 1.0f : -1.0f);
        if (with_specials && i % 11 == 3) x[i] = NAN;
        if (with_specials && i % 11 == 5) x[i] = i % 2 ? INFINITY : -INFINITY;
    }
    return x;
}

void test_above(const struct kern *kern) {
    static const float bounds[] = {-INFINITY, -1, 0, 0.5f, 1e38f, INFINITY};
    for (int n = 0; n <= 12 * kern->nr; n += n <= widest(kern) ? 1 : 17)
        for (int kind = 0; kind < 2 * SIZES; kind++) {
            float *x = draw_ranked(n, kind, kind % 2), *value = room(B, (size_t)n + 15);
            int *index = (int *)room(C, (size_t)n + 15), count = 0;
            at("n=%d, kind %d, above %g", n, kind, (double)bounds[kind]);
            int got = kern->above(n, x, bounds[kind], 40, value, index);
            for (int i = 0; i < n; i++) {
                if (!(x[i] > bounds[kind])) continue;
                if (count < got && (value[count] != x[i] || index[count] != 40 + i))
                    wrong("hit %d is %g of %d, not %g of %d", count, (double)value[count], index[count],
                          (double)x[i], 40 + i);
                count++;
            }
            if (got != count) wrong("%d hits, not %d", got, count);
        }
}

void test_keep(const struct kern *kern) {
    static const float bounds[] = {-INFINITY, -1, 0, 0.5f, 1e38f, INFINITY};
    for (int n = 0; n <= widest(kern); n++)
        for (int kind = 0; kind < 2 * SIZES; kind++) {
            float *x = draw_ranked(n, kind, kind % 2), *value = room(B, (size_t)n + 15);
            int *index = (int *)room(C, (size_t)n + 15), count = 0;
            at("n=%d, kind %d, from %g", n, kind, (double)bounds[kind]);
            memcpy(value, x, (size_t)n * sizeof *x);
            for (int i = 0; i < n; i++) index[i] = 1000 - 3 * i;
            int got = kern->keep(n, bounds[kind], value, index);
            for (int i = 0; i < n; i++) {
                if (!(x[i] >= bounds[kind])) continue;
                if (count < got && (value[count] != x[i] || index[count] != 1000 - 3 * i))
                    wrong("what is left at %d is %g of %d, not %g of %d", count, (double)value[count],
                          index[count], (double)x[i], 1000 - 3 * i);
                count++;
            }
            if (got != count) wrong("%d are left, not %d", got, count);
        }
}

static void one_kth(const struct kern *kern, int n, const float *x, int k, int spare) {
    float got = kern->kth(n, x, k, spare), below = -INFINITY; /* the next of x below it */
    int more = 0, as_many = 0, is_one = 0;
    for (int i = 0; i < n; i++) {
        more += x[i] > got, as_many += x[i] >= got, is_one |= x[i] == got;
        if (x[i] < got && x[i] > below) below = x[i];
    }
    if (got == -INFINITY && more < k) return; /* fewer than k are above -inf */
    if (as_many < k) wrong("%g, from which on there are %d", (double)got, as_many);
    if (more >= k && as_many > k + spare)
        wrong("%g, above which there are %d, and from which on %d", (double)got, more, as_many);
    if (!spare && !is_one) wrong("%g is not among them", (double)got);
}

/* Where a few are far from the rest, as in the last two kinds, halving what lies between is of no use. */
void test_kth(const struct kern *kern) {
    static const int slacks[] = {0, 1, 7};
    for (int n = 1; n <= 4 * widest(kern); n += n <= widest(kern) ? 1 : 29)
        for (int kind = 0; kind < 2 * SIZES + 2; kind++)
            for (int k = 1; k <= n; k += 1 + n / 5)
                for (int s = 0; s < 3; s++) {
                    float *x = draw_ranked(n, kind % (2 * SIZES), 0);
                    if (kind % 2) x[n / 2] = INFINITY, x[n / 3] = -INFINITY;
                    if (kind % 3 == 1) x[n / 4] = NAN;
                    for (int i = 0; kind >= 2 * SIZES && i < n; i++)
                        x[i] = i % 3 ? 1 + (float)i * 0x1p-23f : (float)i * 1e30f;
                    at("n=%d, kind %d, k=%d, slack %d", n, kind, k, slacks[s]);
                    one_kth(kern, n, x, k, slacks[s]);
                }
}

/* A sum of n products, as in mul(). */
void test_gather(const struct kern *kern) {
    static const int counts[] = {0, 1, 2, 9};
    for (int dv = 1; dv <= 2 * widest(kern); dv++)
        for (int c = 0; c < 4; c++) {
            int n = counts[c], ldv = dv + 3, index[9];
            float *v = draw(A, (size_t)(12 * ldv + dv), 4), *p = draw(B, (size_t)n, 1),
                  *o = room(C, (size_t)dv);
            at("%d rows of %d", n, dv);
            for (int r = 0; r < n; r++) index[r] = r * 5 % 13;
            v[3 * ldv] = NAN; /* a row that is in none */
            kern->gather(n, index, p, dv, v, ldv, o);
            for (int d = 0; d < dv; d++) {
                double want = 0, weight = 0;
                for (int r = 0; r < n; r++) {
                    double x = (double)p[r] * (double)v[index[r] * ldv + d];
                    want += x;
                    weight += fabs(x);
                }
                hold("element", d, (double)o[d], want, weight * (n + 1) * UNIT + TINY);
            }
        }
}

/* Codes a few apart, so that rounds agree on none, some and all of the elements, and the largest that there is. */
void test_discount(const struct kern *kern) {
    static const int counts[] = {1, 2, 5, 64};
    static int code[64 * 200];
    for (int n = 0; n <= widest(kern); n++)
        for (int c = 0; c < 4; c++) {
            int rounds = counts[c], ld = n + 3;
            float price[65], *s = draw(A, (size_t)n, 4), before[ROOM];
            at("%d elements, %d rounds", n, rounds);
            for (int r = 0; r <= rounds; r++) price[r] = r > 1 ? (float)r : NAN;
            for (int x = 0; x < rounds * ld; x++)
                code[x] = x % 17 == 3 ? INT32_MAX : x % 19 == 4 ? 0 : x % 5 % 3;
            memcpy(before, s, (size_t)n * sizeof *s);
            kern->discount(rounds, n, code + n + 1, code, ld, price, s);
            for (int i = 0; i < n; i++) {
                int met = 0;
                for (int r = 0; r < rounds; r++) {
                    int64_t apart = (int64_t)code[r * ld + n + 1] - code[r * ld + i];
                    met += apart == 0 || apart == 1;
                }
                hold("element", i, (double)s[i], (double)(before[i] - (met > 1 ? price[met] : 0)), 0);
            }
        }
}

void test_finite(const struct kern *kern) {
    static const float bad[] = {INFINITY, -INFINITY, NAN}, fine[] = {FLT_MAX, -FLT_MAX, 1e-45f, 0};
    for (int n = 0; n <= widest(kern); n++) {
        float *x = room(A, (size_t)n);
        for (int i = 0; i < n; i++) x[i] = fine[i % 4];
        at("n=%d", n);
        if (!kern->finite(n, x)) wrong("finite values are not");
        for (int i = 0; i < n; i++) {
            float good = x[i];
            x[i] = bad[(n + i) % 3];
            if (kern->finite(n, x)) wrong("%g at %d is finite", (double)x[i], i);
            x[i] = good;
        }
    }
}
