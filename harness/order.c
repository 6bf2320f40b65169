/* order.c -- random orders: Fisher and Yates. */
#include "order.h"

#include "attn.h"

void order_draw(uint64_t seed, uint64_t stream, size_t list, int n, int *order) {
    for (int i = 0; i < n; i++) order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        uint64_t index = (uint64_t)list * (uint64_t)n + (uint64_t)i;
        int j = (int)attn_random_index(seed, stream, index, (uint32_t)i + 1), x = order[i];
        order[i] = order[j];
        order[j] = x;
    }
}
