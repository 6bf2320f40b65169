/* sentinel.c -- short loops that show what the machine gives at this moment. */
#include "sentinel.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "attn.h"
#include "block.h"
#include "stopwatch.h"

/* Rounds of the loop that take about `seconds` on one thread. */
static long calibrate(double seconds) {
    long rounds = 1000;
    for (;;) {
        double start = stopwatch_seconds();
        attn_fma_loop(ATTN_ISA_BEST, rounds);
        double took = stopwatch_seconds() - start;
        if (took > seconds / 4 || rounds > 1000000000) return (long)((double)rounds * seconds / took) + 1;
        rounds *= 4;
    }
}

double sentinel_flops(int threads, double seconds) {
    static long rounds;
    static double calibrated_for;
    double done = 0, start;
    if (calibrated_for != seconds) rounds = calibrate(seconds), calibrated_for = seconds;
    start = stopwatch_seconds();
#pragma omp parallel num_threads(threads) reduction(+ : done)
    done += attn_fma_loop(ATTN_ISA_BEST, rounds);
    return done / (stopwatch_seconds() - start);
}

/* Eight sums, so that the adders never wait for each other. */
static uint64_t sum(const uint64_t *x, size_t n) {
    uint64_t s[8] = {0};
    for (size_t i = 0; i + 8 <= n; i += 8)
        for (size_t t = 0; t < 8; t++) s[t] += x[i + t];
    return s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
}

double sentinel_read(int threads, double bytes) {
    struct block b;
    double best = 0;
    size_t n = (size_t)bytes / sizeof(uint64_t), part = n / (size_t)threads;
    if (block_make(&b, n * sizeof(uint64_t))) return 0;
    block_huge(&b);
#pragma omp parallel for num_threads(threads) /* each its part: pages come to the processor that reads them */
    for (int t = 0; t < threads; t++)
        memset((uint64_t *)b.data + (size_t)t * part, 1, part * sizeof(uint64_t));
    for (int r = 0; r < 5; r++) {
        uint64_t total = 0;
        double start = stopwatch_seconds(), rate;
#pragma omp parallel for num_threads(threads) reduction(+ : total)
        for (int t = 0; t < threads; t++) total += sum((const uint64_t *)b.data + (size_t)t * part, part);
        rate = (double)(part * (size_t)threads * sizeof(uint64_t)) / (stopwatch_seconds() - start);
        if (total && rate > best) best = rate;
    }
    block_free(&b);
    return best;
}
