/*
 * hyena.c -- the Hyena operator: gates and long convolutions, no attention.
 *
 * q, k and v are x_0, x_1 and v of the operator of order 2; each is first filtered by a short causal convolution of
 * its own in every channel:
 *   form = code    y = q (h * (k v) + b (k v)): one long convolution, as released
 *   form = paper   y = q (h * (k (h' * v))): the recurrence of Definition 3.1, with two
 * h * u is the causal convolution sum_s h(s) u(t - s) in each channel; products are elementwise. The filters h are
 * implicit (implicit.h): a network of the position, evaluated in each call once for all items, and counted.
 * Source: Poli et al., "Hyena Hierarchy", ICML 2023, section 3; the authors' released code.
 * Departures: the projections before and after are not part of it; heads only say how channels are stored. The last tap
 * of the short convolution belongs to the position itself, as in PyTorch. Convolutions go through Fourier transforms of
 * at least 2 n points (fourier.c), so that later keys reach earlier rows by rounding. A state for step-by-step use does
 * not exist: the filter is as long as the sequence. Key lengths are for the caller: a padded end changes no row before
 * it.
 */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "convolution.h"
#include "fourier.h"
#include "implicit.h"
#include "parts.h"

enum form { CODE, PAPER };
enum short_conv { ON, OFF };

struct params {
    int form, short_conv, taps;
    struct implicit_params filter;
};

static const char *const forms[] = {"code", "paper", NULL};
static const char *const short_convs[] = {"on", "off", NULL};
static const struct attn_param table[] = {
    {"form", ATTN_CHOICE, offsetof(struct params, form), CODE, 0, 0, forms,
     "one long convolution and a bias, as released, or the paper's recurrence with two"},
    {"short_conv", ATTN_CHOICE, offsetof(struct params, short_conv), ON, 0, 0, short_convs,
     "a short causal convolution of q, k and v before all else"},
    {"taps", ATTN_INT, offsetof(struct params, taps), 3, 1, 64, NULL, "length of the short convolution"},
    IMPLICIT_PARAMS(struct params, filter),
    {0},
};

static const struct params *of(const void *params) { return params; }

enum {
    SHORT_Q,
    SHORT_K,
    SHORT_V,
    SHORT_BIAS_Q,
    SHORT_BIAS_K,
    SHORT_BIAS_V,
    BIAS,
    W_IN,
    B_IN,
    W_INNER,
    B_INNER,
    SINES,
    W_OUT,
    W_OUT_FIRST
};

#define UNIFORM \
    0.5773502691896258 /* deviation of uniform values in -1 .. 1, as PyTorch draws them over sqrt(fan) */
static const struct attn_tensor tensors[] = {
    {"short_q", ATTN_WEIGHT, "h dk taps if short_conv=on", NULL, UNIFORM, "taps", "short convolution of q"},
    {"short_k", ATTN_WEIGHT, "h dk taps if short_conv=on", NULL, UNIFORM, "taps", "short convolution of k"},
    {"short_v", ATTN_WEIGHT, "h dv taps if short_conv=on", NULL, UNIFORM, "taps", "short convolution of v"},
    {"short_bias_q", ATTN_WEIGHT, "h dk if short_conv=on", NULL, UNIFORM, "taps", "added to it"},
    {"short_bias_k", ATTN_WEIGHT, "h dk if short_conv=on", NULL, UNIFORM, "taps", "added to it"},
    {"short_bias_v", ATTN_WEIGHT, "h dv if short_conv=on", NULL, UNIFORM, "taps", "added to it"},
    {"bias", ATTN_WEIGHT, "h dv if form=code", NULL, 1, NULL,
     "b: how much of k v passes by the long convolution"},
    {"w_in", ATTN_WEIGHT, "width emb", NULL, UNIFORM, "emb", "filter network, first layer"},
    {"b_in", ATTN_WEIGHT, "width", NULL, UNIFORM, "emb", "its bias"},
    {"w_inner", ATTN_WEIGHT, "inner width width", NULL, UNIFORM, "width", "filter network, inner layers"},
    {"b_inner", ATTN_WEIGHT, "inner width", NULL, UNIFORM, "width", "their biases"},
    {"sines", ATTN_WEIGHT, "width", NULL, 0, NULL,
     "what training has added to the frequency of each unit's sine"},
    {"w_out", ATTN_WEIGHT, "h dv width", NULL, UNIFORM, "width", "filter network, last layer"},
    {"w_out_first", ATTN_WEIGHT, "h dv width if form=paper", NULL, UNIFORM, "width", "the same for h'"},
    {0},
};

static int check(const struct attn_problem *p, const void *params, struct attn_error *error) {
    const struct implicit_params *x = &of(params)->filter;
    if (x->emb % 2 == 0) {
        strcpy(error->text, "emb must be odd: the position, and a cosine and a sine of each frequency");
        return -1;
    }
    if (x->lmax && x->lmax < p->nk) {
        strcpy(error->text,
               "the sequence is longer than lmax, over which the filter is laid; lmax = 0 lays it over "
               "the sequence");
        return -1;
    }
    return 0;
}

/* ---- layout of scratch ------------------------------------------------------------------------- */

enum {
    GROUP = ATTN_ALIGN / (int)sizeof(float), /* channels taken together: those of a cache line */
    TILE = 64, /* positions turned from rows of channels to rows of time at once */
};

struct workspace {     /* one thread */
    float *rows;       /* channels over time [GROUP][n] */
    float *spectra[2]; /* of the filters [GROUP][spectrum]; the second of form = paper */
    float *line;       /* a padded channel [size], and its spectrum */
    float *spectrum;
    void *network; /* for implicit.c */
};

static size_t row_length(int n) { return floats((size_t)n) / sizeof(float); }
static int convolutions(const struct params *x) { return x->form == PAPER ? 2 : 1; }

/* The forward transforms read a whole line; filters are made in rows, with `line` for their decay. */
static size_t workspace_bytes(const struct attn_problem *p, const struct params *x) {
    int size = fourier_size(2 * p->nk);
    size_t spectrum = fourier_spectrum(size);
    size_t network = implicit_workspace_bytes(&x->filter);
    return floats(GROUP * row_length(p->nk)) + (size_t)convolutions(x) * floats(GROUP * spectrum) +
           floats((size_t)size) + floats(spectrum) + network;
}

static size_t shared_bytes(const struct attn_problem *p, const struct params *x) {
    return implicit_weights_bytes(&x->filter) + implicit_hidden_bytes(&x->filter, kern_find(p->isa), p->nk);
}

static void size(const struct attn_problem *p, const void *params, struct attn_need *need) {
    need->state = aligned(sizeof(struct fourier));
    need->scratch = shared_bytes(p, of(params)) + (size_t)p->threads * workspace_bytes(p, of(params));
}

static int create(void *state, const struct attn_problem *p, const void *params, struct attn_error *error) {
    (void)params;
    if (fourier_create(state, fourier_size(2 * p->nk)) == 0) return 0;
    strcpy(error->text, "no memory for plans of Fourier transforms");
    return -1;
}

static void destroy(void *state) { fourier_destroy(state); }

/* ---- one unit: some channels of a head --------------------------------------------------------- */

struct unit {
    const struct attn_call *call;
    const struct kern *kern;
    const struct fourier *fourier;
    const struct implicit *filter;
    const float *panels; /* hidden rows of the filter network */
    struct workspace w;
    int h, first, count; /* head, its channels from `first` on */
};

static struct workspace workspace(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct params *params = of(c->params);
    size_t spectrum = fourier_spectrum(fourier_size(2 * p->nk));
    char *at = (char *)c->scratch + shared_bytes(p, params) +
               (size_t)omp_get_thread_num() * workspace_bytes(p, params);
    struct workspace w = {0};
    w.rows = cut(&at, GROUP * row_length(p->nk) * sizeof(float));
    for (int i = 0; i < convolutions(params); i++) w.spectra[i] = cut(&at, GROUP * spectrum * sizeof(float));
    w.line = cut(&at, (size_t)fourier_size(2 * p->nk) * sizeof(float));
    w.spectrum = cut(&at, spectrum * sizeof(float));
    w.network = at;
    return w;
}

static struct unit unit(const struct attn_call *c, const struct kern *kern, const struct implicit *filter,
                        const float *panels, int t) {
    int dv = c->problem->dv, groups = ceil_div(dv, GROUP);
    struct unit u = {.call = c, .kern = kern, .fourier = c->state, .filter = filter, .panels = panels};
    u.w = workspace(c);
    u.h = t / groups;
    u.first = t % groups * GROUP;
    u.count = min_int(GROUP, dv - u.first);
    return u;
}

static int units(const struct attn_problem *p) { return p->heads * ceil_div(p->dv, GROUP); }

static float *row_of(const struct unit *u, int c) {
    return u->w.rows + (size_t)c * row_length(u->call->problem->nk);
}

static float *spectrum_of(const struct unit *u, int which, int c) {
    return u->w.spectra[which] + (size_t)c * fourier_spectrum(u->fourier->size);
}

static const struct attn_view *input(const struct attn_call *c, int which) {
    return which == SHORT_Q ? &c->q : which == SHORT_K ? &c->k : &c->v;
}

/* n positions from t0 on of q, k or v, after the short convolution: y[n][GROUP]. `count` is a constant at the call that
   matters. */
static inline __attribute__((always_inline)) void short_rows_of(int count, const struct unit *u, int which,
                                                                int b, int t0, int n, float y[TILE][GROUP]) {
    const struct attn_call *c = u->call;
    const struct attn_view *x = input(c, which);
    int taps = of(c->params)->taps;
    if (of(c->params)->short_conv == OFF) {
        for (int r = 0; r < n; r++)
            memcpy(y[r], attn_row(x, b, u->h, t0 + r) + u->first, (size_t)count * sizeof *y[r]);
        return;
    }
    const float *bias = attn_row(&c->tensors[which + SHORT_BIAS_Q], 0, u->h, 0) + u->first;
    const float *weights = attn_row(&c->tensors[which], 0, u->h, u->first);
    for (int r = 0; r < n; r++) memcpy(y[r], bias, (size_t)count * sizeof *y[r]);
    for (int s = 0; s < taps; s++) {
        float w[GROUP];
        int back = taps - 1 - s;
        for (int e = 0; e < count; e++) w[e] = weights[(ptrdiff_t)e * taps + s];
        for (int r = max_int(0, back - t0); r < n; r++) {
            const float *row = attn_row(x, b, u->h, t0 + r - back) + u->first;
            for (int e = 0; e < count; e++) y[r][e] += w[e] * row[e];
        }
    }
}

static void short_rows(const struct unit *u, int which, int b, int t0, int n, float y[TILE][GROUP]) {
    if (u->count == GROUP) short_rows_of(GROUP, u, which, b, t0, n, y);
    else short_rows_of(u->count, u, which, b, t0, n, y);
}

/* Rows of the unit = q, k or v over time; or `times` it. */
static void gather(const struct unit *u, int which, int b, int times) {
    int n = u->call->problem->nk;
    float y[TILE][GROUP];
    for (int t0 = 0; t0 < n; t0 += TILE) {
        int some = min_int(TILE, n - t0);
        short_rows(u, which, b, t0, some, y);
        for (int e = 0; e < u->count; e++) {
            float *row = row_of(u, e) + t0;
            for (int r = 0; r < some; r++) row[r] = times ? row[r] * y[r][e] : y[r][e];
        }
    }
}

/* o = q times the rows. */
static void scatter(const struct unit *u, int b) {
    int n = u->call->problem->nk;
    float y[TILE][GROUP];
    for (int t0 = 0; t0 < n; t0 += TILE) {
        int some = min_int(TILE, n - t0);
        short_rows(u, SHORT_Q, b, t0, some, y);
        for (int e = 0; e < u->count; e++)
            for (int r = 0; r < some; r++) y[r][e] *= row_of(u, e)[t0 + r];
        for (int r = 0; r < some; r++)
            memcpy(attn_out_row(&u->call->o, b, u->h, t0 + r) + u->first, y[r],
                   (size_t)u->count * sizeof *y[r]);
    }
}

/* The spectrum of a row of n numbers and zeros. */
static void transform(const struct unit *u, const float *row, float *spectrum) {
    size_t n = (size_t)u->call->problem->nk, size = (size_t)u->fourier->size;
    memcpy(u->w.line, row, n * sizeof *row);
    memset(u->w.line + n, 0, (size - n) * sizeof *row);
    fourier_ahead(u->fourier, u->w.line, spectrum);
}

/* Spectra of the filters, with the factor of the way back; a bias is a filter's first tap. */
static void make_filters(const struct unit *u, int which, const struct attn_view *w_out) {
    const struct attn_problem *p = u->call->problem;
    float factor = 1 / (float)u->fourier->size;
    implicit_filters(u->filter, u->kern, u->panels, attn_row(w_out, 0, u->h, u->first), w_out->row,
                     u->h * p->dv + u->first, u->count, factor, u->w.line, u->w.rows,
                     (ptrdiff_t)row_length(p->nk));
    for (int e = 0; e < u->count; e++) {
        if (of(u->call->params)->form == CODE)
            *row_of(u, e) += factor * attn_row(&u->call->tensors[BIAS], 0, u->h, 0)[u->first + e];
        transform(u, row_of(u, e), spectrum_of(u, which, e));
    }
}

/* Every row of the unit is convolved with its filter. */
static void convolve(const struct unit *u, int which) {
    size_t n = (size_t)u->call->problem->nk;
    for (int e = 0; e < u->count; e++) {
        transform(u, row_of(u, e), u->w.spectrum);
        fourier_multiply(u->fourier->size, spectrum_of(u, which, e), u->w.spectrum);
        fourier_back(u->fourier, u->w.spectrum, u->w.line);
        memcpy(row_of(u, e), u->w.line, n * sizeof(float));
    }
}

static void run_unit(const struct unit *u) {
    const struct attn_call *c = u->call;
    int paper = of(c->params)->form == PAPER;
    make_filters(u, 0, &c->tensors[W_OUT]);
    if (paper) make_filters(u, 1, &c->tensors[W_OUT_FIRST]);
    for (int b = 0; b < c->problem->batch; b++) {
        gather(u, SHORT_V, b, 0);
        if (paper) convolve(u, 1);
        gather(u, SHORT_K, b, 1);
        convolve(u, 0);
        scatter(u, b);
    }
}

static void forward(const struct attn_call *c) {
    const struct attn_problem *p = c->problem;
    const struct params *params = of(c->params);
    const struct kern *kern = kern_find(p->isa);
    const struct implicit filter = {.params = &params->filter,
                                    .n = p->nk,
                                    .channels = p->heads * p->dv,
                                    .w_in = &c->tensors[W_IN],
                                    .b_in = &c->tensors[B_IN],
                                    .w_inner = &c->tensors[W_INNER],
                                    .b_inner = &c->tensors[B_INNER],
                                    .learned = &c->tensors[SINES]};
    char *at = c->scratch;
    double *weights = cut(&at, implicit_weights_bytes(&params->filter));
    float *panels = (float *)at;
    implicit_weights(&filter, weights);
#pragma omp parallel num_threads(p->threads)
    {
#pragma omp for schedule(dynamic)
        for (int first = 0; first < p->nk; first += IMPLICIT_CHUNK) {
            struct workspace w = workspace(c);
            implicit_hidden(&filter, kern, weights, w.network, first, panels);
        }
#pragma omp for schedule(dynamic)
        for (int t = 0; t < units(p); t++) {
            struct unit u = unit(c, kern, &filter, panels, t);
            run_unit(&u);
        }
    }
}

/* ---- definition -------------------------------------------------------------------------------- */

/* h(t) of the channels of head h, [n][dv], by the network as it is written. */
static void define_filter(const struct attn_call *c, int h, const struct attn_view *w_out, double *out) {
    const struct attn_problem *p = c->problem;
    const struct implicit_params *f = &of(c->params)->filter;
    const double tau = 2 * acos(-1.0);
    int bands = (f->emb - 1) / 2, length = f->lmax ? f->lmax : p->nk, all = p->heads * p->dv;
    int widest = max_int(f->width, f->emb);
    double *x = malloc((size_t)widest * sizeof *x), *y = malloc((size_t)widest * sizeof *y);
    if (!x || !y) abort();
    for (int t = 0; t < p->nk; t++, out += p->dv) {
        double share = length > 1 ? (double)t / (length - 1) : 0;
        x[0] = share;
        for (int e = 0; e < bands; e++) {
            double frequency = bands > 1 ? 1e-4 + e * (bands - 1 - 1e-4) / (bands - 1) : 1e-4;
            x[1 + e] = cos(frequency * tau * t / length);
            x[1 + bands + e] = -sin(frequency * tau * t / length);
        }
        for (int l = 0; l <= f->inner; l++) {
            int in = l ? f->width : f->emb;
            const float *w = l ? c->tensors[W_INNER].data + (ptrdiff_t)(l - 1) * f->width * f->width
                               : c->tensors[W_IN].data;
            const float *b =
                l ? c->tensors[B_INNER].data + (ptrdiff_t)(l - 1) * f->width : c->tensors[B_IN].data;
            for (int u = 0; u < f->width; u++) {
                double sum = b[u];
                for (int i = 0; i < in; i++) sum += w[(ptrdiff_t)u * in + i] * x[i];
                y[u] = sin((f->frequency + (double)c->tensors[SINES].data[u]) * sum);
            }
            memcpy(x, y, (size_t)f->width * sizeof *x);
        }
        for (int d = 0; d < p->dv; d++) {
            double slow = log(0.01) / f->slow, fast = log(0.01) / f->fast, sum = 0;
            double delta = all > 1 ? slow + (h * p->dv + d) * (fast - slow) / (all - 1) : slow;
            for (int u = 0; u < f->width; u++) sum += attn_row(w_out, 0, h, d)[u] * x[u];
            out[d] = sum * (exp(-share * fabs(delta)) + f->shift);
        }
    }
    free(x), free(y);
}

/* Row t of q, k or v after the short convolution. */
static void define_row(const struct attn_call *c, int which, int b, int h, int t, double *out) {
    int taps = of(c->params)->taps, off = of(c->params)->short_conv == OFF;
    for (int d = 0; d < c->problem->dv; d++) {
        out[d] = off ? attn_row(input(c, which), b, h, t)[d]
                     : attn_row(&c->tensors[which + SHORT_BIAS_Q], 0, h, 0)[d];
        for (int s = 0; !off && s < taps; s++)
            if (t - (taps - 1 - s) >= 0)
                out[d] += (double)attn_row(&c->tensors[which], 0, h, d)[s] *
                          attn_row(input(c, which), b, h, t - (taps - 1 - s))[d];
    }
}

static void reference(const struct attn_call *c, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out) {
    const struct attn_problem *p = c->problem;
    int dv = p->dv, last = 0, paper = of(c->params)->form == PAPER;
    size_t count = (size_t)p->nk * (size_t)dv, width = (size_t)dv;
    double *filter = malloc(count * sizeof *filter), *first = malloc(count * sizeof *first),
           *u = malloc(count * sizeof *u), *v = malloc(count * sizeof *v), *x = malloc(width * sizeof *x);
    (void)weights, (void)outside;
    if (!filter || !first || !u || !v || !x) abort();
    for (int r = 0; r < nrows; r++) last = max_int(last, rows[r]);
    define_filter(c, h, &c->tensors[W_OUT], filter);
    if (paper) define_filter(c, h, &c->tensors[W_OUT_FIRST], first);
    for (int t = 0; t <= last; t++) define_row(c, SHORT_V, b, h, t, v + (size_t)t * width);
    if (paper) convolution_rows(last + 1, dv, first, v, u);
    else memcpy(u, v, (size_t)(last + 1) * width * sizeof *u);
    for (int t = 0; t <= last; t++) {
        define_row(c, SHORT_K, b, h, t, x);
        for (int d = 0; d < dv; d++) u[(size_t)t * width + (size_t)d] *= x[d];
    }
    for (int r = 0; r < nrows; r++) {
        double *row = out + (size_t)r * width;
        convolution_row(rows[r], dv, filter, u, row);
        define_row(c, SHORT_Q, b, h, rows[r], x);
        for (int d = 0; d < dv; d++) {
            double passing = paper ? 0 : attn_row(&c->tensors[BIAS], 0, h, 0)[d];
            row[d] = x[d] * (row[d] + passing * u[(size_t)rows[r] * width + (size_t)d]);
        }
    }
    free(filter), free(first), free(u), free(v), free(x);
}

/* Three transforms for each channel and convolution, of which that of the filter serves all items; the filters; taps
   and gates. */
static void cost(const struct attn_problem *p, const void *params, const struct attn_view *views,
                 struct attn_cost *cost) {
    const struct params *x = of(params);
    int size = fourier_size(2 * p->nk);
    double channels = (double)p->heads * p->dv, n = p->nk, taps = x->short_conv == ON ? x->taps : 0;
    (void)views;
    double filter = implicit_filter_flops(&x->filter, p->nk) + 2 * n + fourier_flops(size);
    double item = 2 * fourier_flops(size) + 3.0 * size, ends = n * (2 + 6 * taps);
    cost->flops = implicit_hidden_flops(&x->filter, p->nk) +
                  channels * (convolutions(x) * (filter + p->batch * item) + p->batch * ends);
    cost->bytes = sizeof(float) * 4.0 * p->batch * channels * n;
}

const struct attn_variant attn_variant_hyena = {
    .magic = ATTN_MAGIC,
    .abi = ATTN_ABI,
    .struct_size = sizeof(struct attn_variant),
    .name = "hyena",
    .brief = "Hyena: gates and convolutions as long as the sequence; no attention",
    .formula =
        "y = q (h * (k v) + b (k v)), h(t) = (W_out net(t)) exp(-t delta), q, k, v after a short convolution",
    .cite = "Poli, Massaroli, Nguyen, Fu, Dao, Baccus, Bengio, Ermon, Re: Hyena Hierarchy, 2023",
    .kind = ATTN_DIFFERENT,
    .caps = ATTN_CAP_CAUSAL | ATTN_CAP_SAME_BITS | ATTN_CAP_TRANSFORM,
    .time = {1.1, "n log(n) d"}, /* the slope of n log n where n is some ten thousand */
    .memory = {1, "width n + threads n"},
    .family = "convolution",
    .steps = {0, "log n"},
    .params = table,
    .params_size = sizeof(struct params),
    .tensors = tensors,
    .check = check,
    .size = size,
    .create = create,
    .forward = forward,
    .reference = reference,
    .cost = cost,
    .destroy = destroy,
    .target = ATTN_TARGET_NONE,
};
