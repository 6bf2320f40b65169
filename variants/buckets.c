/*
 * buckets.c -- angular hashing by random rotations.
 *
 * Products x R come from the kernel, in float. Entries that are smaller than the largest by more than the rounding of
 * both cannot be the argmax; as a rule one entry remains, else those that do are computed again in double.
 */
#include "buckets.h"

#include <string.h>

#include "parts.h"

enum { STREAM_ROTATIONS = 72 };

struct buckets buckets_of(int rounds, int first, int second) {
    return (struct buckets){rounds, {first, second}, first / 2 + second / 2};
}

/* State: R transposed [head][round][columns][dk], the same packed for the kernel, and the longest column of each. */
static size_t rotations(const struct attn_problem *p, const struct buckets *x) {
    return (size_t)p->heads * (size_t)x->rounds;
}

static size_t plain_each(const struct attn_problem *p, const struct buckets *x) {
    return (size_t)x->columns * (size_t)p->dk;
}

static size_t packed_each(const struct attn_problem *p, const struct buckets *x) {
    int nr = kern_find(p->isa)->nr;
    return (size_t)ceil_div(x->columns, nr) * (size_t)nr * (size_t)p->dk;
}

size_t buckets_state(const struct attn_problem *p, const struct buckets *x) {
    size_t count = rotations(p, x);
    return floats(count * plain_each(p, x)) + floats(count * packed_each(p, x)) + floats(count);
}

struct parts {
    float *plain, *packed, *longest;
};

static struct parts parts_of(const void *state, const struct attn_problem *p, const struct buckets *x) {
    char *at = (char *)(uintptr_t)state;
    struct parts s;
    s.plain = cut(&at, rotations(p, x) * plain_each(p, x) * sizeof(float));
    s.packed = cut(&at, rotations(p, x) * packed_each(p, x) * sizeof(float));
    s.longest = (float *)at;
    return s;
}

void buckets_create(void *state, const struct attn_problem *p, const struct buckets *x) {
    const struct kern *kern = kern_find(p->isa);
    struct parts s = parts_of(state, p, x);
    attn_random_normal(p->seed, STREAM_ROTATIONS, 0, rotations(p, x) * plain_each(p, x), s.plain);
    for (size_t t = 0; t < rotations(p, x); t++) {
        const float *plain = s.plain + t * plain_each(p, x);
        kern->pack(x->columns, p->dk, plain, p->dk, s.packed + t * packed_each(p, x));
        s.longest[t] = 0;
        for (int c = 0; c < x->columns; c++)
            s.longest[t] = fmaxf(s.longest[t], sqrtf(kern->dot(p->dk, plain + c * p->dk, plain + c * p->dk)));
    }
}

const float *buckets_rotation(const void *state, const struct attn_problem *p, const struct buckets *x, int h,
                              int r, int column) {
    size_t t = (size_t)h * (size_t)x->rounds + (size_t)r;
    return parts_of(state, p, x).plain + t * plain_each(p, x) + (size_t)column * (size_t)p->dk;
}

size_t buckets_scratch(const struct buckets *x) { return floats(BUCKETS_ROWS * (size_t)x->columns); }

static double product(const float *x, const float *y, int d) {
    double sum = 0;
    for (int e = 0; e < d; e++) sum += (double)x[e] * y[e];
    return sum;
}

/* The argmax of [y ; -y], in double; y [n] is off by less than `off`, and those below `least` in size are out. */
static int decide(int n, const float *y, float least, const float *x, const float *plain, int dk) {
    double best = -(double)INFINITY;
    int found = 0;
    for (int c = 0; c < n; c++) {
        if (!(fabsf(y[c]) >= least)) continue;
        double exact = product(x, plain + (ptrdiff_t)c * dk, dk), size = fabs(exact);
        int entry = exact >= 0 ? c : n + c;
        if (size > best || (size == best && entry < found)) best = size, found = entry;
    }
    return found;
}

static int argmax(const struct kern *kern, int n, const float *y, float off, const float *x,
                  const float *plain, int dk) {
    float least = kern->peak(n, y) - 2 * off;
    int entries = 0, last = 0;
    for (int c = 0; c < n; c++)
        if (fabsf(y[c]) >= least) entries++, last = c;
    if (entries == 1 && least > 0) return y[last] > 0 ? last : n + last;
    return decide(n, y, least, x, plain, dk);
}

void buckets_hash(const void *state, const struct attn_problem *p, const struct buckets *x,
                  const struct kern *kern, int h, int n, const float *rows, ptrdiff_t row, void *scratch,
                  int *bucket, ptrdiff_t stride) {
    const float unit = 0x1p-24f, tiny = 0x1p-140f; /* see select.c: products of dk terms and their rounding */
    struct parts s = parts_of(state, p, x);
    float *y = scratch;
    int dk = p->dk, nr = kern->nr;
    for (int r = 0; r < x->rounds; r++) {
        size_t t = (size_t)h * (size_t)x->rounds + (size_t)r;
        kern->mul(n, x->columns, dk, 1.0f, rows, row, 1, s.packed + t * packed_each(p, x), nr,
                  (ptrdiff_t)nr * dk, 0, y, x->columns);
        for (int i = 0; i < n; i++) {
            const float *q = rows + i * row, *plain = s.plain + t * plain_each(p, x),
                        *y_i = y + i * x->columns;
            float length = sqrtf(kern->dot(dk, q, q)) + 1e-18f,
                  off = (float)(dk + 8) * (unit * length * s.longest[t] + tiny);
            int found = 0, weight = 1;
            for (int f = 0; f < BUCKETS_FACTORS && x->factor[f]; f++) {
                int columns = x->factor[f] / 2;
                found += weight * argmax(kern, columns, y_i, off, q, plain, dk);
                weight *= x->factor[f];
                y_i += columns, plain += columns * dk;
            }
            bucket[r * stride + i] = found;
        }
    }
}

void buckets_sort(int buckets, int n, const int *bucket, int *counts, int *order) {
    memset(counts, 0, ((size_t)buckets + 1) * sizeof *counts);
    for (int j = 0; j < n; j++) counts[bucket[j] + 1]++;
    for (int x = 0; x < buckets; x++) counts[x + 1] += counts[x];
    for (int j = 0; j < n; j++) order[counts[bucket[j]]++] = j;
}
