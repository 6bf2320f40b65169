/* kern_functions.c -- exp and tanh over all floats; sines and cosines in double. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kern_test.h"

unsigned sweep_step = 431; /* ten million floats, twenty thousand in each power of two */

enum { BATCH = 4096 };

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* kern_math.h: 0 below -87, inf above 88. */
static void hold_exp(double x, double y) {
    if (x < -87 ? y == 0 : x > 88 ? y == (double)INFINITY : fabs(y / exp(x) - 1) <= EXP_ERROR) return;
    wrong("exp(%.9g) is %.9g (%a), not %.9g; relative error %.3g, bound %.3g", x, y, y, exp(x),
          y / exp(x) - 1, EXP_ERROR);
}

static void hold_tanh(double x, double y) {
    if (fabs(y - tanh(x)) <= TANH_ERROR * fabs(tanh(x)) && fabs(y) <= 1) return;
    wrong("tanh(%.9g) is %.9g (%a), not %.9g; relative error %.3g, bound %.3g", x, y, y, tanh(x),
          y / tanh(x) - 1, TANH_ERROR);
}

struct function {
    void (*map)(size_t, const float *, float *);
    void (*judge)(double x, double y);
};

static void hold_batch(const struct function *f, const float *x, int n) {
    float *y = room(B, (size_t)n);
    f->map((size_t)n, x, y);
    for (int i = 0; i < n; i++) {
        if (!isnan(x[i])) f->judge((double)x[i], (double)y[i]);
        else if (!isnan(y[i])) wrong("NaN becomes %g", (double)y[i]);
    }
}

/* Every sweep_step-th float, then the neighbourhood of each power of two and of the seams between branches. */
static void all_floats(const struct function *f) {
    static const float seams[] = {-88, -87, 88, 89, 0.625f, -0.625f, 0.34657359f, -0.34657359f, 9, -9};
    enum { AROUND = 64, SEAMS = sizeof seams / sizeof *seams };
    float *x = room(A, BATCH);
    uint64_t bits = 0;
    at("every %u-th float", sweep_step);
    while (bits <= UINT32_MAX) {
        int n = 0;
        for (; n < BATCH && bits <= UINT32_MAX; bits += sweep_step) x[n++] = float_of((uint32_t)bits);
        hold_batch(f, x, n);
    }
    at("around powers of two and seams");
    for (uint32_t s = 0; s < 512 + SEAMS; s++) {
        uint32_t middle = s << 23;
        if (s >= 512) memcpy(&middle, &seams[s - 512], sizeof middle);
        for (uint32_t i = 0; i < 2 * AROUND; i++) x[i] = float_of(middle + i - AROUND);
        hold_batch(f, x, 2 * AROUND);
    }
}

void test_exp(const struct kern *kern) { all_floats(&(struct function){kern->exp, hold_exp}); }
void test_tanh(const struct kern *kern) { all_floats(&(struct function){kern->tanh, hold_tanh}); }

/* The value at each place is that of the same number alone, in place or not. */
void test_function_tails(const struct kern *kern) {
    void (*const maps[])(size_t, const float *, float *) = {kern->exp, kern->tanh};
    for (int n = 0; n <= widest(kern); n++)
        for (int which = 0; which < 2; which++) {
            float *x = draw(A, (size_t)n, 3), *y = room(B, (size_t)n), *alone = room(C, 1);
            at("%s of n=%d", which ? "tanh" : "exp", n);
            maps[which]((size_t)n, x, y);
            for (int i = 0; i < n; i++) {
                maps[which](1, x + i, alone);
                hold("element", i, (double)y[i], (double)*alone, 0);
            }
            maps[which]((size_t)n, x, x);
            for (int i = 0; i < n; i++) hold("element in place", i, (double)x[i], (double)y[i], 0);
        }
}

/* Against the C library, and the bits of the generic kernels. */
void test_turn(const struct kern *kern) {
    enum { MOST = 100 };
    double x[MOST], sine[MOST], both[MOST], cosine[MOST], other[MOST], another[MOST];
    for (int n = 0; n <= MOST; n += n < 40 ? 1 : 60)
        for (double scale = 1e-3; scale < 1e6; scale *= 7) {
            at("n=%d, x up to %g", n, scale);
            for (int i = 0; i < n; i++) x[i] = scale * (2 * i - n + 1) / n;
            kern->turn_sines(n, x, sine);
            kern->turn(n, x, cosine, both);
            for (int i = 0; i < n; i++) {
                hold("sine alone", i, sine[i], sin(x[i]), 1e-13);
                hold("sine", i, both[i], sin(x[i]), 1e-15);
                hold("cosine", i, cosine[i], cos(x[i]), 1e-15);
            }
            kern_at(0)->turn(n, x, other, another);
            for (int i = 0; i < n; i++) hold("generic cosine", i, cosine[i], other[i], 0);
            for (int i = 0; i < n; i++) hold("generic sine", i, both[i], another[i], 0);
            kern_at(0)->turn_sines(n, x, another);
            for (int i = 0; i < n; i++) hold("generic sine alone", i, sine[i], another[i], 0);
        }
}
