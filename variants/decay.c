/* decay.c -- recurrences that forget. */
#include "decay.h"

#include <string.h>

#include "parts.h"

/* ---- pieces ------------------------------------------------------------------------------------ */

/* Steps that come before the one of query i. */
static int steps_before(const struct attn_problem *p, int keys, int i) {
    return clamp_int((long)i + attn_offset(p, keys), 0, keys);
}

int decay_next(const struct attn_problem *p, int keys, struct decay_chunk *x) {
    x->i0 = x->i1;
    x->j0 = x->j1;
    int before = x->i0 < p->nq ? steps_before(p, keys, x->i0) : keys;
    if (before > x->j0) { /* steps that no query of this chunk is to read between */
        x->j1 = min_int(x->j0 + DECAY_CHUNK, before);
        return 1;
    }
    x->i1 = min_int(x->i0 + DECAY_CHUNK, p->nq);
    x->j1 = steps_before(p, keys, x->i1);
    return x->i1 > x->i0;
}

int decay_seen(const struct attn_problem *p, int keys, const struct decay_chunk *x, int i) {
    return clamp_int((long)attn_visible(p, keys, i) - x->j0, 0, x->j1 - x->j0);
}

void decay_sums(int n, int width, const float *g, int ref, float *sums) {
    for (int x = 0; x < width; x++) sums[(ptrdiff_t)ref * width + x] = 0;
    for (int r = ref; r < n; r++)
        for (int x = 0; x < width; x++)
            sums[(ptrdiff_t)(r + 1) * width + x] =
                sums[(ptrdiff_t)r * width + x] + g[(ptrdiff_t)r * width + x];
    for (int r = ref - 1; r >= 0; r--)
        for (int x = 0; x < width; x++)
            sums[(ptrdiff_t)r * width + x] =
                sums[(ptrdiff_t)(r + 1) * width + x] - g[(ptrdiff_t)r * width + x];
}

void decay_load(const struct attn_view *from, int b, int g, int m, int dv, double *s) {
    if (!from->data) memset(s, 0, (size_t)m * (size_t)dv * sizeof *s);
    for (int d = 0; from->data && d < m; d++)
        for (int x = 0; x < dv; x++) s[(ptrdiff_t)d * dv + x] = attn_row(from, b, g, d)[x];
}

void decay_store(const struct attn_output *to, int b, int g, int m, int dv, const double *s) {
    for (int d = 0; to->data && d < m; d++)
        for (int x = 0; x < dv; x++) attn_out_row(to, b, g, d)[x] = (float)s[(ptrdiff_t)d * dv + x];
}
