/*
 * splits.c -- softmax attention of a hundred queries or so over many keys.
 *
 * The tiles give a thread some hundred queries of a head with all their keys; of one block of queries they make one unit
 * a head, and threads are left over where heads are few. So the keys are cut into parts, each of which is an item of a
 * batch for the tiles, and the parts of a row are merged by what their weights sum to:
 *
 *   o = sum_s exp(lse_s - lse) o_s        lse = log sum_s exp(lse_s)
 *
 * How many parts there are follows from the problem alone, so the bits depend on no number of threads.
 */
#include "splits.h"

#include <string.h>

#include "kernels/kern.h"
#include "parts.h"
#include "tiles.h"

enum {
    UNITS = 16,      /* wanted units of work */
    SHORTEST = 1024, /* keys of a part at least */
    TILE = 256,      /* parts begin at multiples of so many keys */
};

static int splits(const struct attn_problem *p) {
    if ((long)p->batch * p->heads >= UNITS) return 1;
    return clamp_int(p->nk / SHORTEST, 1, ceil_div(UNITS, p->heads));
}

static int part_keys(const struct attn_problem *p) {
    return ceil_div(ceil_div(p->nk, splits(p)), TILE) * TILE;
}

/* One item as the tiles see it. */
static struct attn_problem parted(const struct attn_problem *p) {
    struct attn_problem inner = *p;
    inner.batch = splits(p);
    inner.nk = part_keys(p);
    inner.has_key_lengths = 1;
    return inner;
}

/* Scratch: outputs of the parts [splits][heads][nq][dv], their lse [splits][heads][nq], then the tiles'. */
static size_t rows_of(const struct attn_problem *p) {
    return (size_t)splits(p) * (size_t)p->heads * (size_t)p->nq;
}

size_t splits_scratch(const struct attn_problem *p) {
    struct attn_problem inner = parted(p);
    if (splits(p) == 1) return tiles_scratch(p, 1);
    return floats(rows_of(p) * (size_t)p->dv) + floats(rows_of(p)) + tiles_scratch(&inner, 1);
}

/* Row r of all heads and queries of one item from its parts, [splits][rows][dv] and lse [splits][rows]. */
static void merge(const struct kern *kern, int count, size_t rows, size_t r, int dv, const float *parts,
                  const float *lse, float *o) {
    float top = -INFINITY, sum = 0;
    memset(o, 0, (size_t)dv * sizeof *o);
    for (int s = 0; s < count; s++) top = lse[(size_t)s * rows + r] > top ? lse[(size_t)s * rows + r] : top;
    if (top == -INFINITY) return;
    for (int s = 0; s < count; s++) {
        float weight = expf(lse[(size_t)s * rows + r] - top);
        const float *part = parts + ((size_t)s * rows + r) * (size_t)dv;
        for (int d = 0; d < dv; d++) o[d] += weight * part[d];
        sum += weight;
    }
    kern->scale(dv, 1.0f / sum, o);
}

static void attend_item(const struct attn_call *c, int b) {
    const struct attn_problem *p = c->problem;
    struct attn_problem inner = parted(p);
    struct attn_call call = *c;
    const struct kern *kern = kern_find(p->isa);
    int lengths[UNITS], each = inner.nk;
    size_t rows = (size_t)p->heads * (size_t)p->nq;
    char *at = c->scratch;
    float *parts = cut(&at, rows_of(p) * (size_t)p->dv * sizeof *parts),
          *lse = cut(&at, rows_of(p) * sizeof *lse);
    for (int s = 0; s < inner.batch; s++)
        lengths[s] = clamp_int((long)attn_keys(c, b) - (long)s * each, 0, each);
    call.problem = &inner;
    call.key_lengths = lengths;
    call.q.data += b * c->q.batch, call.q.batch = 0;
    call.k.data += b * c->k.batch, call.k.batch = each * c->k.row;
    call.v.data += b * c->v.batch, call.v.batch = each * c->v.row;
    call.o = (struct attn_output){parts, (ptrdiff_t)rows * p->dv, (ptrdiff_t)p->nq * p->dv, p->dv};
    call.lse = lse;
    call.scratch = at;
    tiles_window(&call, PATTERN_OPEN, PATTERN_OPEN);
#pragma omp parallel for num_threads(p->threads)
    for (size_t r = 0; r < rows; r++)
        merge(kern, inner.batch, rows, r, p->dv, parts, lse,
              attn_out_row(&c->o, b, (int)(r / (size_t)p->nq), (int)(r % (size_t)p->nq)));
}

void splits_attend(const struct attn_call *c) {
    if (splits(c->problem) == 1) tiles_window(c, PATTERN_OPEN, PATTERN_OPEN);
    else
        for (int b = 0; b < c->problem->batch; b++) attend_item(c, b);
}
