/* implicit.c -- filters as long as the sequence, out of a small network that sees the position alone. */
#include "implicit.h"

#include <cblas.h>

#include "parts.h"

static const double TARGET = 0.01;            /* what a decay counts as gone */
static const double FIRST_FREQUENCY = 1e-4;   /* instead of 0, whose cosine is a constant */
static const double TURN = 6.283185307179586; /* 2 pi */

int implicit_length(const struct implicit_params *x, int n) { return x->lmax ? x->lmax : n; }

/* ---- layout of memory -------------------------------------------------------------------------- */

static size_t doubles(size_t n) { return aligned(n * sizeof(double)); }

static size_t weights_count(const struct implicit_params *x) {
    size_t width = (size_t)x->width;
    return width * ((size_t)x->emb + 2) + (size_t)x->inner * width * (width + 1);
}

/* W_in, b_in, s, then W and b of each inner layer. */
size_t implicit_weights_bytes(const struct implicit_params *x) { return doubles(weights_count(x)); }

size_t implicit_hidden_bytes(const struct implicit_params *x, const struct kern *kern, int n) {
    return floats((size_t)ceil_div(n, kern->nr) * (size_t)kern->nr * (size_t)x->width);
}

struct workspace {
    double *z;     /* features [CHUNK][emb] */
    double *x, *y; /* a layer and the next [CHUNK][width] */
    double *turns; /* arguments of a row's sines */
    float *rows;   /* the last of them, rounded [CHUNK][width] */
};

size_t implicit_workspace_bytes(const struct implicit_params *x) {
    size_t layer = (size_t)IMPLICIT_CHUNK * (size_t)x->width;
    return doubles((size_t)IMPLICIT_CHUNK * (size_t)x->emb) + 2 * doubles(layer) +
           doubles((size_t)max_int(x->width, x->emb)) + floats(layer);
}

static struct workspace lay_out(const struct implicit_params *x, char *at) {
    size_t layer = (size_t)IMPLICIT_CHUNK * (size_t)x->width;
    struct workspace w;
    w.z = cut(&at, (size_t)IMPLICIT_CHUNK * (size_t)x->emb * sizeof(double));
    w.x = cut(&at, layer * sizeof(double));
    w.y = cut(&at, layer * sizeof(double));
    w.turns = cut(&at, (size_t)max_int(x->width, x->emb) * sizeof(double));
    w.rows = cut(&at, layer * sizeof(float));
    return w;
}

/* ---- the network ------------------------------------------------------------------------------- */

static double *copy(const float *from, size_t n, double *to) {
    for (size_t i = 0; i < n; i++) to[i] = from[i];
    return to + n;
}

void implicit_weights(const struct implicit *f, double *to) {
    size_t width = (size_t)f->params->width;
    to = copy(f->w_in->data, width * (size_t)f->params->emb, to);
    to = copy(f->b_in->data, width, to);
    for (size_t u = 0; u < width; u++) *to++ = f->params->frequency + (double)f->learned->data[u];
    for (size_t l = 0; l < (size_t)f->params->inner; l++) {
        to = copy(f->w_inner->data + l * width * width, width * width, to);
        to = copy(f->b_inner->data + l * width, width, to);
    }
}

/* Features of n positions from `first` on. */
static void features(const struct implicit *f, const struct kern *kern, const struct workspace *w, int first,
                     int n) {
    int emb = f->params->emb, bands = (emb - 1) / 2, length = implicit_length(f->params, f->n);
    double step = bands > 1 ? (bands - 1 - FIRST_FREQUENCY) / (bands - 1) : 0;
    for (int r = 0; r < n; r++) {
        double *z = w->z + (ptrdiff_t)r * emb, angle = TURN * (first + r) / length;
        z[0] = length > 1 ? (double)(first + r) / (length - 1) : 0;
        for (int e = 0; e < bands; e++) w->turns[e] = -angle * (FIRST_FREQUENCY + e * step);
        kern->turn(bands, w->turns, z + 1, z + 1 + bands);
    }
}

/* y = sin(s (W x + b)) of n rows. */
static void layer(const struct implicit_params *p, const struct kern *kern, const struct workspace *w, int n,
                  int in, const double *x, const double *weight, const double *bias, const double *s,
                  double *y) {
    int width = p->width;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, width, in, 1, x, in, weight, in, 0, y, width);
    for (int r = 0; r < n; r++) {
        double *row = y + (ptrdiff_t)r * width;
        for (int u = 0; u < width; u++) w->turns[u] = s[u] * (row[u] + bias[u]);
        kern->turn_sines(width, w->turns, row);
    }
}

void implicit_hidden(const struct implicit *f, const struct kern *kern, const double *weights,
                     void *workspace, int first, float *panels) {
    const struct implicit_params *p = f->params;
    struct workspace w = lay_out(p, workspace);
    int n = min_int(IMPLICIT_CHUNK, f->n - first), width = p->width;
    const double *b_in = weights + (ptrdiff_t)width * p->emb, *s = b_in + width, *next = s + width;
    features(f, kern, &w, first, n);
    layer(p, kern, &w, n, p->emb, w.z, weights, b_in, s, w.x);
    for (int l = 0; l < p->inner; l++) {
        double *x = w.x;
        layer(p, kern, &w, n, width, x, next, next + (ptrdiff_t)width * width, s, w.y);
        next += (ptrdiff_t)width * (width + 1);
        w.x = w.y, w.y = x;
    }
    for (ptrdiff_t i = 0; i < (ptrdiff_t)n * width; i++) w.rows[i] = (float)w.x[i];
    kern->pack(n, width, w.rows, width, panels + (ptrdiff_t)first * width);
}

/* ---- filters ----------------------------------------------------------------------------------- */

static double rate(const struct implicit *f, int channel) {
    double slow = log(TARGET) / f->params->slow, fast = log(TARGET) / f->params->fast;
    return fabs(f->channels > 1 ? slow + (fast - slow) * channel / (f->channels - 1) : slow);
}

void implicit_filters(const struct implicit *f, const struct kern *kern, const float *panels,
                      const float *w_out, ptrdiff_t ldw, int channel, int count, float factor, float *decay,
                      float *h, ptrdiff_t ldh) {
    int width = f->params->width, length = implicit_length(f->params, f->n);
    float shift = (float)f->params->shift;
    kern->mul(count, f->n, width, factor, w_out, ldw, 1, panels, kern->nr, (ptrdiff_t)kern->nr * width, 0, h,
              ldh);
    for (int c = 0; c < count; c++, h += ldh) {
        double each = length > 1 ? -rate(f, channel + c) / (length - 1) : 0;
        for (int t = 0; t < f->n; t++) decay[t] = (float)(t * each);
        kern->exp((size_t)f->n, decay, decay);
        for (int t = 0; t < f->n; t++) h[t] *= decay[t] + shift;
    }
}

double implicit_hidden_flops(const struct implicit_params *x, int n) {
    return 2.0 * n * x->width * (x->emb + (double)x->inner * x->width);
}

double implicit_filter_flops(const struct implicit_params *x, int n) { return 2.0 * n * x->width; }
