/* inputs_made.c -- gauss, local, needle: see inputs_made.h. */
#include "inputs_made.h"

#include <stdio.h>

#include "inputs_draw.h"

void inputs_made_gauss(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v) {
    double mean_v = doc_num(input, "mean_v", 0);
    draw_all(p, draw_deviation(doc_num(input, "s", 1), p->dk, 0), q, k, v);
    if (mean_v != 0) draw_normal(p->seed, STREAM_V, draw_key_rows(p) * (size_t)p->dv, mean_v, 1, v);
}

/* ---- local --------------------------------------------------------------------------------------- */

/* Frequencies of the features: a quarter of the dimensions, each with a cosine and a sine. */
static int frequencies(const struct attn_problem *p) { return p->dk / 4; }

int inputs_made_local_suffices(const struct doc *input, const struct attn_problem *p,
                               struct attn_error *error) {
    (void)input;
    if (frequencies(p) > 0) return 0;
    snprintf(error->text, sizeof error->text,
             "input local keeps positions in the vectors: dk = %d; at least 4", p->dk);
    return -1;
}

/* The quantile function of the standard normal distribution, by bisection. */
static double normal_quantile(double share) {
    double lo = -10, hi = 10;
    for (int step = 0; step < 60; step++) {
        double middle = (lo + hi) / 2;
        if (0.5 * erfc(-middle / sqrt(2)) < share) lo = middle;
        else hi = middle;
    }
    return (lo + hi) / 2;
}

/* Frequency f of m stands for an even share of N(0, 1 / scale^2), whose characteristic function is the wanted
   exp(-(distance / scale)^2 / 2): the mean over f of cos(w_f distance). */
static void add_positions(const struct attn_problem *p, double scale, double amplitude, size_t rows, int n,
                          int first, float *x) {
    int m = frequencies(p);
    for (int f = 0; f < m; f++) {
        double w = normal_quantile(0.5 + (f + 0.5) / (2 * m)) / scale;
#pragma omp parallel for
        for (size_t row = 0; row < rows; row++) {
            double t = first + (double)(row % (size_t)n);
            float *pair = x + row * (size_t)p->dk + 2 * (size_t)f;
            pair[0] = (float)(amplitude * cos(w * t));
            pair[1] = (float)(amplitude * sin(w * t));
        }
    }
}

void inputs_made_local(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v) {
    int m = frequencies(p);
    double scale = doc_num(input, "scale", 64), amplitude = sqrt(doc_num(input, "gain", 6) * sqrt(p->dk) / m);
    draw_all(p, draw_deviation(doc_num(input, "s", 1), p->dk, 2 * m), q, k, v);
    add_positions(p, scale, amplitude, draw_query_rows(p), p->nq, p->nk - p->nq, q);
    add_positions(p, scale, amplitude, draw_key_rows(p), p->nk, 0, k);
}

/* ---- needle -------------------------------------------------------------------------------------- */

/* The logit that gives one key the share p among n whose other logits are normal with variance s^2, or NaN. The
   query's lean towards its needle adds logit^2 / dk to that variance, which makes it a quadratic equation. */
static double needle_logit(const struct doc *input, int n, int dk) {
    double p = doc_num(input, "p", 0.9), s = doc_num(input, "s", 1);
    double c = log(n * p / (1 - p)) + s * s / 2;
    return c <= 0 ? 0 : dk * (1 - sqrt(1 - 2 * c / dk));
}

int inputs_made_needle_suffices(const struct doc *input, const struct attn_problem *p,
                                struct attn_error *error) {
    if (!isnan(needle_logit(input, p->nk, p->dk))) return 0;
    snprintf(error->text, sizeof error->text,
             "input needle: no query of dk = %d finds one key of %d with p = %g and s = %g; lower p or s, or "
             "raise dk",
             p->dk, p->nk, doc_num(input, "p", 0.9), doc_num(input, "s", 1));
    return -1;
}

/* Turns q_i so that its logit with k_j is `logit`, all of it along k_j. */
static void point_at(float *q_i, const float *k_j, double logit, int dk) {
    double along = 0, square = 0;
    for (int d = 0; d < dk; d++) {
        along += (double)q_i[d] * k_j[d];
        square += (double)k_j[d] * k_j[d];
    }
    for (int d = 0; d < dk; d++) q_i[d] += (float)((logit * sqrt(dk) - along) / square * k_j[d]);
}

void inputs_made_needle(const struct doc *input, const struct attn_problem *p, float *q, float *k, float *v) {
    size_t dk = (size_t)p->dk;
    draw_all(p, draw_deviation(doc_num(input, "s", 1), p->dk, 0), q, k, v);
#pragma omp parallel for
    for (size_t row = 0; row < draw_query_rows(p); row++) {
        int visible = attn_visible(p, p->nk, (int)(row % (size_t)p->nq));
        size_t head = draw_key_head(p, row);
        if (visible == 0) continue;
        size_t j = attn_random_index(p->seed, STREAM_NEEDLE, row, (uint32_t)visible);
        point_at(q + row * dk, k + (head * (size_t)p->nk + j) * dk, needle_logit(input, visible, p->dk),
                 p->dk);
    }
}
