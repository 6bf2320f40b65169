/* order.h -- random orders, from the seed alone. */
#ifndef ORDER_H
#define ORDER_H

#include <stddef.h>
#include <stdint.h>

/* 0 .. n - 1 in random order, another one for each `list` of the stream. */
void order_draw(uint64_t seed, uint64_t stream, size_t list, int n, int *order);

#endif
