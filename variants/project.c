/* project.c -- learned projections of queries or keys: threads take blocks of rows of one head. */
#include "project.h"

#include "kernels/kern.h"
#include "parts.h"

void project(const struct attn_problem *p, const struct attn_view *x, int heads, int n, int width,
             const struct attn_view *w, const struct attn_view *b, float *y) {
    enum { ROWS = 96 };
    const struct kern *kern = kern_find(p->isa);
    int parts = ceil_div(n, ROWS);
#pragma omp parallel for num_threads(p->threads)
    for (int t = 0; t < p->batch * heads * parts; t++) {
        int head = t / parts, i = t % parts * ROWS, h = head % heads, rows = min_int(ROWS, n - i);
        float *to = y + ((ptrdiff_t)head * n + i) * width;
        kern->mul(rows, width, p->dk, 1.0f, attn_row(x, head / heads, h, i), x->row, 1, attn_row(w, 0, h, 0),
                  width, kern->nr, 0, to, width);
        for (int r = 0; b && r < rows; r++)
            kern->blend(width, 1.0f, attn_row(b, 0, h, 0), to + (ptrdiff_t)r * width);
    }
}
