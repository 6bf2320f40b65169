/* sentinel.h -- short loops that show what the machine gives at this moment. */
#ifndef SENTINEL_H
#define SENTINEL_H

/* Multiply-adds of the widest instruction set on that many threads for about `seconds`; FLOP/s. */
double sentinel_flops(int threads, double seconds);

/* Bytes read a second, all threads summing a buffer of `bytes`, which each call allocates and touches. */
double sentinel_read(int threads, double bytes);

#endif
