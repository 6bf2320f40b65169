/*
 * random.c -- counter-based random numbers: a value is a function of (seed, stream, index).
 *
 * Philox 4x32-10 of Random123 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). One block of four words makes two normal values by Box and Muller in double,
 * so that no value depends on how a range is cut or on which thread fills it.
 */
#include <Random123/philox.h>

#include "attn.h"

static philox4x32_ctr_t block(uint64_t seed, uint64_t stream, uint64_t index) {
    philox4x32_ctr_t counter = {
        {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    return philox4x32(counter, key);
}

/* 53 random bits as a number in (0, 1). */
static double unit(uint32_t high, uint32_t low) {
    return ((double)(((uint64_t)high << 32 | low) >> 11) + 0.5) * 0x1p-53;
}

void attn_random_normal(uint64_t seed, uint64_t stream, uint64_t first, size_t n, float *x) {
    const double two_pi = 6.283185307179586476925286766559;
    for (size_t i = 0; i < n;) {
        uint64_t at = first + i;
        philox4x32_ctr_t r = block(seed, stream, at / 2);
        double radius = sqrt(-2.0 * log(unit(r.v[0], r.v[1])));
        double angle = two_pi * unit(r.v[2], r.v[3]);
        if (at % 2 == 0) {
            x[i++] = (float)(radius * cos(angle));
            if (i == n) return;
        }
        x[i++] = (float)(radius * sin(angle));
    }
}

uint32_t attn_random_index(uint64_t seed, uint64_t stream, uint64_t index, uint32_t bound) {
    philox4x32_ctr_t r = block(seed, stream, index);
    return (uint32_t)(((uint64_t)r.v[0] * bound) >> 32); /* bias below bound / 2^32 */
}
