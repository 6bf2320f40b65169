/* blocks.c -- rules by which a block of queries sees blocks of keys. */
#include "blocks.h"

#include "parts.h"

enum { STREAM_BLOCKS = 66, NONE = -1 };

int blocks_count(const struct blocks *x, int n) { return ceil_div(max_int(n - x->lead, 0), x->size); }

static int is_global(const struct blocks *x, int count, int block) {
    return block < x->first || block >= count - x->last;
}

size_t blocks_drawn(const struct blocks *x, int heads, int n) {
    return (size_t)heads * (size_t)blocks_count(x, n) * (size_t)x->random;
}

/* Distinct ranks below `candidates`, ascending: the d-th is drawn among those that are left. */
static int draw_ranks(int wanted, int candidates, uint64_t seed, uint64_t first, int *rank) {
    int n = min_int(wanted, candidates);
    for (int d = 0; d < n; d++) {
        int x = (int)attn_random_index(seed, STREAM_BLOCKS, first + (uint64_t)d, (uint32_t)(candidates - d)),
            at;
        for (at = 0; at < d && rank[at] <= x; at++) x++;
        for (int y = d; y > at; y--) rank[y] = rank[y - 1];
        rank[at] = x;
    }
    return n;
}

static void draw_row(const struct blocks *x, int count, int row, uint64_t seed, uint64_t first, int *drawn) {
    int from = x->first, to = max_int(x->below ? min_int(count - x->last, x->below) : count - x->last, from),
        hole = clamp_int((long)row - x->window, from, to),
        beyond = clamp_int((long)row + x->window + 1, from, to),
        candidates = is_global(x, count, row) ? 0 : to - from - (beyond - hole),
        n = draw_ranks(x->random, candidates, seed, first, drawn);
    for (int d = 0; d < n; d++) drawn[d] += from + drawn[d] < hole ? from : from + beyond - hole;
    for (int d = n; d < x->random; d++) drawn[d] = NONE;
}

void blocks_draw(const struct blocks *x, int heads, int n, uint64_t seed, int *drawn) {
    int count = blocks_count(x, n);
    for (int h = 0; h < heads; h++)
        for (int row = 0; row < count; row++) {
            size_t at = ((size_t)h * (size_t)count + (size_t)row) * (size_t)x->random;
            draw_row(x, count, row, seed, at, drawn + at);
        }
}

/* Keys of blocks from .. to - 1, as far as they exist. */
static int add(const struct blocks *x, int n, int from, int to, struct pattern_run *runs, int count) {
    long first = x->lead + (long)max_int(from, 0) * x->size, end = x->lead + (long)to * x->size;
    runs[count] = (struct pattern_run){.first = clamp_int(first, 0, n), .end = clamp_int(end, 0, n)};
    return count + 1;
}

static int runs_of(const void *context, const struct attn_problem *p, int h, int part,
                   struct pattern_run *runs) {
    const struct blocks *x = context;
    int blocks = blocks_count(x, p->nk), row = part - (x->lead > 0), count = 0;
    if (row < 0 || is_global(x, blocks, row)) {
        runs[0] = (struct pattern_run){.first = 0, .end = p->nk};
        return 1;
    }
    if (x->lead > 0) runs[count++] = (struct pattern_run){.first = 0, .end = min_int(x->lead, p->nk)};
    count = add(x, p->nk, 0, x->first, runs, count);
    count = add(x, p->nk, blocks - x->last, blocks, runs, count);
    count = add(x, p->nk, row - x->window, row + x->window + 1, runs, count);
    for (int d = 0; d < x->random; d++) {
        int block = x->drawn[((size_t)h * (size_t)blocks + (size_t)row) * (size_t)x->random + (size_t)d];
        if (block != NONE) count = add(x, p->nk, block, block + 1, runs, count);
    }
    return pattern_join_runs(runs, count);
}

struct pattern_parts blocks_parts(const struct blocks *x, int heads) {
    return (struct pattern_parts){.lead = x->lead,
                                  .rows = x->size,
                                  .heads = x->random ? heads : 1,
                                  .most = 4 + x->random,
                                  .runs = runs_of,
                                  .context = x};
}
