/* blocks.h -- rules by which a block of queries sees blocks of keys, on a sequence of n = nq = nk tokens: a window of
   blocks, global blocks that see and are seen by all, and random ones. No block is seen twice. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "pattern.h"

struct blocks {
    int lead,
        size;   /* tokens before block 0, which are global; tokens of a block, the last one may be shorter */
    int window; /* blocks on each side of the query's own */
    int first, last;  /* global blocks at the start and at the end */
    int random;       /* of each row of blocks that is not global, in every head its own */
    int below;        /* random blocks lie below this one; 0: no matter */
    const int *drawn; /* what blocks_draw() wrote */
};

int blocks_count(const struct blocks *, int n);

/* Random blocks: as many values as this, [heads][blocks][random], each row ascending and filled up with -1. A row's follow
   from the seed, the head and the row alone, out of the blocks that are neither global nor in its window. */
size_t blocks_drawn(const struct blocks *, int heads, int n);
void blocks_draw(const struct blocks *, int heads, int n, uint64_t seed, int *drawn);

/* For struct pattern; the blocks have to outlive it. */
struct pattern_parts blocks_parts(const struct blocks *, int heads);

#endif
