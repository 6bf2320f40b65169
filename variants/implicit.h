/*
 * implicit.h -- filters as long as the sequence, out of a small network that sees the position alone.
 *
 *   z_t = [t / (lmax - 1), cos f_1 a_t .. cos f_e a_t, -sin f_1 a_t .. -sin f_e a_t],  a_t = 2 pi t / lmax
 *   x = sin(s (W_in z + b_in)), `inner` times x = sin(s (W x + b)),  h_c(t) = (W_out x)_c (exp(-t' |delta_c|) + shift)
 *
 * with e = (emb - 1) / 2 frequencies f from 1e-4 to e - 1, s = frequency + what was learned, t' = t / (lmax - 1), and
 * rates delta_c from ln(0.01) / slow to ln(0.01) / fast over all channels.
 *
 * The network is in double up to its last layer: a sine of a large argument multiplies the rounding of those before it.
 * Hidden rows are shared by all channels and heads, and come packed for the kernels.
 */
#ifndef IMPLICIT_H
#define IMPLICIT_H

#include "attn.h"
#include "kernels/kern.h"

struct implicit_params {
    int width, emb, inner, lmax;
    double frequency, fast, slow, shift;
};

#define IMPLICIT_PARAMS(type, x)                                                                               \
    {                                                                                                          \
        "width",                                                                                               \
        ATTN_INT,                                                                                              \
        offsetof(type, x.width),                                                                               \
        64,                                                                                                    \
        1,                                                                                                     \
        4096,                                                                                                  \
        NULL,                                                                                                  \
        "units of a layer of the filter network"},                                                             \
        {"emb",                                                                                                \
         ATTN_INT,                                                                                             \
         offsetof(type, x.emb),                                                                                \
         3,                                                                                                    \
         3,                                                                                                    \
         1025,                                                                                                 \
         NULL,                                                                                                 \
         "features of a position, odd: the position, and a cosine and a sine of each frequency"},              \
        {"inner", ATTN_INT, offsetof(type, x.inner), 2, 0, 16, NULL, "layers between the first and the last"}, \
        {"lmax",                                                                                               \
         ATTN_INT,                                                                                             \
         offsetof(type, x.lmax),                                                                               \
         0,                                                                                                    \
         0,                                                                                                    \
         1 << 30,                                                                                              \
         NULL,                                                                                                 \
         "length that the filter is laid over; shorter sequences use its beginning; 0: that of the "           \
         "sequence"},                                                                                          \
        {"frequency",                                                                                          \
         ATTN_REAL,                                                                                            \
         offsetof(type, x.frequency),                                                                          \
         1,                                                                                                    \
         0.01,                                                                                                 \
         1000,                                                                                                 \
         NULL,                                                                                                 \
         "w, what the sines multiply their argument by (14 and emb 33 in the released language models)"},      \
        {"fast",                                                                                               \
         ATTN_REAL,                                                                                            \
         offsetof(type, x.fast),                                                                               \
         0.3,                                                                                                  \
         0.001,                                                                                                \
         1000,                                                                                                 \
         NULL,                                                                                                 \
         "share of lmax after which the fastest channel has decayed to 0.01"},                                 \
        {"slow", ATTN_REAL, offsetof(type, x.slow), 1.5, 0.001, 1000, NULL, "the same of the slowest"}, {      \
        "shift", ATTN_REAL, offsetof(type, x.shift), 0, 0, 1, NULL, "added to the decay: what never fades"     \
    }

/* The filters of one problem; tensors in the layout of PyTorch's Linear, [out][in]. */
struct implicit {
    const struct implicit_params *params;
    int n, channels; /* positions; of all heads */
    const struct attn_view *w_in, *b_in, *w_inner,
        *b_inner;                    /* [width][emb], [width], [inner][width][width] ... */
    const struct attn_view *learned; /* [width], added to the frequency */
};

/* Laid over how many positions? */
int implicit_length(const struct implicit_params *, int n);

size_t implicit_hidden_bytes(const struct implicit_params *, const struct kern *, int n);
size_t implicit_weights_bytes(const struct implicit_params *);
size_t implicit_workspace_bytes(const struct implicit_params *); /* of one thread */

enum { IMPLICIT_CHUNK = 128 }; /* positions of one call of implicit_hidden() */

/* The weights in double, for all threads. */
void implicit_weights(const struct implicit *, double *weights);

/* Hidden rows of the positions from `first` on, at most IMPLICIT_CHUNK, into their place among the panels. */
void implicit_hidden(const struct implicit *, const struct kern *, const double *weights, void *workspace,
                     int first, float *panels);

/* h[count][n] = factor times the filters of `count` channels, of which `channel` is the first of all heads; w_out
   [count][width]. `decay` [n] is workspace. */
void implicit_filters(const struct implicit *, const struct kern *, const float *panels, const float *w_out,
                      ptrdiff_t ldw, int channel, int count, float factor, float *decay, float *h,
                      ptrdiff_t ldh);

/* Operations for the hidden rows, and for one channel. */
double implicit_hidden_flops(const struct implicit_params *, int n);
double implicit_filter_flops(const struct implicit_params *, int n);

#endif
