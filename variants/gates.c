/* gates.c -- decays out of a tensor of gates. */
#include "gates.h"

#include <string.h>

#include "parts.h"

int gates_count(const struct gates *x, int dk) { return ceil_div(dk, x->share); }

int gates_width(const struct gates *x, int dk) {
    return x->kind != GATES_NONE && gates_count(x, dk) > 1 ? dk : 1;
}

/* The gates of n steps on end: where they lie, or put in `room`. */
static const float *on_end(const struct attn_view *gate, int own, int b, int head, int j0, int n,
                           float *room) {
    if (gate->row == own) return attn_row(gate, b, head, j0);
    for (int j = 0; j < n; j++)
        memcpy(room + (ptrdiff_t)j * own, attn_row(gate, b, head, j0 + j), (size_t)own * sizeof *room);
    return room;
}

void gates_load(const struct gates *x, const struct kern *kern, const struct attn_view *gate, int dk, int b,
                int head, int j0, int n, float *g) {
    int own = gates_count(x, dk), w = gates_width(x, dk), all = n * own;
    if (x->kind == GATES_NONE) {
        memset(g, 0, (size_t)n * sizeof *g);
        return;
    }
    float *end = g + (ptrdiff_t)n * (w - own); /* of the room, so that spreading them runs forward */
    const float *from = on_end(gate, own, b, head, j0, n, end);
    if (x->kind == GATES_LOG)
        for (int e = 0; e < all; e++) end[e] = from[e] > 0 ? 0 : from[e];
    else kern->softplus(all, x->kind == GATES_SOFTPLUS ? 1 : -1, (float)(-1 / x->normalizer), from, end);
    for (int j = 0; own < w && j < n; j++)
        for (int d = 0; d < w; d++) g[(ptrdiff_t)j * w + d] = end[(ptrdiff_t)j * own + d / x->share];
}

double gates_decay(const struct gates *x, const struct attn_view *view, int b, int head, int j, int d) {
    if (x->kind == GATES_NONE) return 1;
    double gate = (double)attn_row(view, b, head, j)[d / x->share];
    switch (x->kind) {
    case GATES_SOFTPLUS: return pow(1 + exp(gate), -1 / x->normalizer);
    case GATES_LOGSIGMOID: return pow(1 + exp(-gate), -1 / x->normalizer);
    default: return exp(fmin(gate, 0));
    }
}
