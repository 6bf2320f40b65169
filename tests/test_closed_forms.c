/*
 * test_closed_forms.c -- what softmax rows of made inputs are like can be derived; the descriptors, the references
 * and the metrics have to find it.
 *
 * For gauss(s) the logits of a query with any number of keys are normal, of variance x = s^2 chi^2(dk) / dk, so that
 * the weights are lognormal. Sums over the keys give the entropy ln n - x / 2, the participation n exp(-x) and
 * sum p^2 = exp(x) / n; the mean over the queries is that over chi^2. Limits for a large dk stand in brackets.
 *
 * Bands are SIGMAS deviations of the sampling, worked out from the number of rows, and the next order in 1 / n.
 */
#define _GNU_SOURCE
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "accuracy.h"
#include "group.h"
#include "inputs.h"
#include "params.h"
#include "problem.h"
#include "registry.h"
#include "spectrum.h"
#include "text.h"

enum { HEADS = 8, N = 2048, DK = 64, DV = 128, ROWS = 256 };
static const double SIGMAS = 4;

/* ---- groups and rows ----------------------------------------------------------------------------- */

/* A point with HEADS heads of DK and DV. `settings` are "name=value" with a comma between them. */
static struct doc *point(int nq, int nk, const char *mask, const char *family, const char *settings) {
    struct doc *d = doc_object();
    char *words = xstrdup(settings), *rest = NULL;
    doc_put_num(d, "shape.heads", HEADS);
    doc_put_num(d, "shape.nq", nq);
    doc_put_num(d, "shape.nk", nk);
    doc_put_num(d, "shape.dk", DK);
    doc_put_num(d, "shape.dv", DV);
    doc_put_str(d, "mask", mask);
    doc_put_num(d, "seed", 7);
    doc_put_str(d, "input.family", family);
    for (char *w = strtok_r(words, ",", &rest); w; w = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(w, '=');
        *equals = '\0';
        doc_put(doc_get(d, "input"), w, doc_word(equals + 1));
    }
    free(words);
    return d;
}

/* The group of a point, taken over. */
static struct group made(struct doc *d) {
    struct attn_error error;
    struct attn_problem p;
    struct group g;
    int f = memfd_create("inputs", MFD_CLOEXEC);
    problem_from_point(d, &p);
    assert_int_equal(inputs_suffice(doc_get(d, "input"), &p, &error), 0);
    assert_int_equal(group_make(f, d, ROWS, &error), 0);
    assert_int_equal(group_open(f, &g, &error), 0);
    assert_int_equal(g.truth.nrows, ROWS);
    close(f);
    doc_free(d);
    return g;
}

static void drop(struct group *g) { munmap(g->map, g->bytes); }

/* Weights [nk] of sampled row r; the caller frees them. */
static double *weights_of(const struct group *g, int r) {
    struct attn_call call;
    double *w = xmalloc((size_t)g->problem.nk * sizeof *w), out[DV];
    group_call(g, &g->problem, &call);
    attn_softmax_rows(&call, g->truth.rows[r].b, g->truth.rows[r].h, &g->truth.rows[r].i, 1, w, out, NULL,
                      NULL);
    return w;
}

/* Prints what was found, and holds it. */
static void expect(const char *what, double found, double predicted, double band) {
    print_message("    %-44s %.5g, predicted %.5g +- %.2g\n", what, found, predicted, band);
    assert_true(fabs(found - predicted) <= band);
}

static double square_error(const double *x, const double *y, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum;
}

static double square(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

/* ---- gauss --------------------------------------------------------------------------------------- */

static const double deviations[] = {0.5, 1};
static struct group gauss[2];

static int make_gauss(void **state) {
    (void)state;
    for (int x = 0; x < 2; x++) {
        char settings[32];
        snprintf(settings, sizeof settings, "s=%g", deviations[x]);
        gauss[x] = made(point(N, N, "none", "gauss", settings));
    }
    return 0;
}

static int drop_gauss(void **state) {
    (void)state;
    for (int x = 0; x < 2; x++) drop(&gauss[x]);
    return 0;
}

/* Mean of exp(t chi^2(dk) / dk). */
static double mean_exp(double t) { return pow(1 - 2 * t / DK, -DK / 2.0); }

/* Deviation, over the mean, of sum p^2 and of its inverse from row to row: that of exp(x), and of the finite sum. */
static double scatter(double s) { return sqrt(2 * pow(s, 4) / DK + exp(4 * s * s) / N); }

/* Deviation of |mean of V|^2 over its mean: chi^2 with a degree for each coordinate of each head, since the rows of a
   head share it. It is the part exp(-s^2) of |o|^2. */
static double common(void) { return sqrt(2.0 / (HEADS * DV)); }

static void gauss_entropy(void **state) {
    (void)state;
    for (int x = 0; x < 2; x++) {
        const struct group *g = &gauss[x];
        double s = deviations[x], found = g->descriptors.mean.entropy;
        double order = s * s * exp(s * s) / N; /* next in 1 / n */
        double band =
            SIGMAS * s * s / sqrt(2.0 * DK * ROWS) + 2 * order; /* x / 2 varies by s^2 / sqrt(2 dk) */
        struct doc *d = descriptors_doc(&g->descriptors);
        expect("entropy: ln n - s^2 / 2", found, log(N) - s * s / 2, band);
        expect("perplexity: n exp(-s^2 / 2)", doc_num(d, "perplexity", 0), N * exp(-s * s / 2),
               N * exp(-s * s / 2) * expm1(band));
        /* the variance x of a row varies by s^2 sqrt(2 / dk), its deviation by half of that over s */
        expect("logit_sd: s", g->descriptors.logit_sd, s, SIGMAS * s / sqrt(2.0 * DK * ROWS));
        doc_free(d);
    }
}

static void gauss_participation(void **state) {
    (void)state;
    for (int x = 0; x < 2; x++) {
        double s = deviations[x], ss = s * s, want = N * mean_exp(-ss);
        double order = (exp(4 * ss) + exp(ss) - 2 * exp(2 * ss)) / N; /* of S^2 / Q, to second order */
        expect("participation: n exp(-s^2)", gauss[x].descriptors.mean.participation, want,
               want * (SIGMAS * scatter(s) / sqrt(ROWS) + 2 * order));
    }
}

static void gauss_output_norm(void **state) {
    (void)state;
    for (int x = 0; x < 2; x++) {
        double s = deviations[x], ss = s * s, want = mean_exp(ss) / N;
        double order = (2 * exp(2 * ss) - 3 * exp(ss) + 1) / N;
        double rows = sqrt((2.0 / DV + scatter(s) * scatter(s)) / ROWS);
        expect("|o|^2 for each dimension: exp(s^2) / n",
               square(gauss[x].truth.softmax, (size_t)ROWS * DV) / ROWS / DV, want,
               want * (SIGMAS * (rows + exp(-ss) * common()) + 2 * order));
    }
}

/* |o - mean|^2 over |o|^2 is 1 - 1 / (n sum p^2). A larger mean is larger in |o| as well. */
static void gauss_mean_of_v(void **state) {
    (void)state;
    for (int x = 0; x < 2; x++) {
        double s = deviations[x], ss = s * s, share = 1 / mean_exp(ss), want = sqrt(1 - share);
        double order = (2 * exp(2 * ss) - 3 * exp(ss) + 1) / N;
        double rows = sqrt((2.0 / DV + scatter(s) * scatter(s)) / ROWS);
        double band = share * (SIGMAS * ((1 - share) * common() + rows) + 2 * order);
        size_t n = (size_t)ROWS * DV;
        expect("error of mean(V): sqrt(1 - exp(-s^2))",
               sqrt(square_error(gauss[x].truth.mean, gauss[x].truth.softmax, n) /
                    square(gauss[x].truth.softmax, n)),
               want, band / (2 * want));
    }
}

/* A choice of keys that knows nothing of the content, of the share rho of them in a row: p / rho in place of p on those,
   0 on the others. */
static void expect_error_of(const struct group *g, double s, const struct attn_variant *v,
                            const void *params) {
    double *out = xmalloc((size_t)ROWS * DV * sizeof *out), *weights = xmalloc(N * sizeof *weights), odds = 0,
           least = 1;
    struct attn_call call;
    char what[64];
    group_call(g, &g->problem, &call);
    call.params = params;
    for (int r = 0; r < ROWS; r++) {
        const struct sample *at = &g->truth.rows[r];
        double rho = 0;
        v->reference(&call, 0, at->h, &at->i, 1, weights, NULL, out + (size_t)r * DV);
        for (int j = 0; j < N; j++) rho += (weights[j] > 0) / (double)N;
        odds += (1 - rho) / rho / ROWS;
        least = fmin(least, rho);
    }
    double want = sqrt(odds), rows = sqrt((2.0 / DV + exp(4 * s * s) / (least * N)) / ROWS);
    double order = 3 * exp(s * s) / (least * N); /* the mass of the choice is rho but for so much */
    snprintf(what, sizeof what, "error of %s: sqrt((1 - rho) / rho)", v->name);
    expect(what,
           sqrt(square_error(out, g->truth.softmax, (size_t)ROWS * DV) /
                square(g->truth.softmax, (size_t)ROWS * DV)),
           want, want * (SIGMAS * (rows + exp(-s * s) * common()) + order) / 2);
    free(out), free(weights);
}

static void gauss_subsets(void **state) {
    static const struct {
        const char *variant, *key;
        double value;
    } choices[] = {{"local", "window", N / 8}, {"sink", "window", N / 16}};
    (void)state;
    for (size_t c = 0; c < sizeof choices / sizeof *choices; c++) {
        const struct attn_variant *v = registry_find(choices[c].variant);
        struct doc *d = doc_object();
        doc_put_num(d, choices[c].key, choices[c].value);
        void *params = params_from_doc(v, d);
        for (int x = 0; x < 2; x++) expect_error_of(&gauss[x], deviations[x], v, params);
        free(params);
        doc_free(d);
    }
}

static void gauss_with_a_mean(void **state) {
    const double mean = 0.5, s = 1;
    struct group g = made(point(N, N, "none", "gauss", "s=1,mean_v=0.5"));
    size_t n = (size_t)ROWS * DV;
    double sum = 0, values = (double)HEADS * N * DV;
    (void)state;
    for (size_t i = 0; i < (size_t)values; i++) sum += g.v[i] / values;
    expect("mean of v", sum, mean, SIGMAS / sqrt(values));
    double noise = mean_exp(s * s) / N, want = sqrt((noise - 1.0 / N) / (mean * mean + noise));
    /* the noise is small beside the mean: its own scatter, that of gauss_mean_of_v(), is all there is */
    double rows = sqrt((2.0 / DV + scatter(s) * scatter(s)) / ROWS) * mean_exp(s * s) / (mean_exp(s * s) - 1);
    expect("error of mean(V) beside a mean",
           sqrt(square_error(g.truth.mean, g.truth.softmax, n) / square(g.truth.softmax, n)), want,
           want * (SIGMAS * rows + 2 * (2 * exp(2) - 3 * exp(1) + 1) / N) / 2);
    drop(&g);
}

/* ---- needle, sink, heavy, cluster, lowrank --------------------------------------------------------- */

/* One key has the logit D = ln(n p / (1 - p)) + x / 2; x, which the query's lean D^2 / dk is part of, differs from
   query to query as chi^2 does, and dk / chi^2 is 2 / dk above 1. */
static void needle_mass(void **state) {
    static const double masses[] = {0.5, 0.9, 0.99};
    (void)state;
    for (int x = 0; x < 3; x++) {
        char settings[32];
        double p = masses[x], s = 0.5, found = 0, c = log(N * p / (1 - p)) + s * s / 2;
        double logit = DK * (1 - sqrt(1 - 2 * c / DK)), lean = logit * logit / DK, all = s * s + lean;
        snprintf(settings, sizeof settings, "p=%g,s=%g", p, s);
        struct group g = made(point(N, N, "none", "needle", settings));
        for (int r = 0; r < ROWS; r++) {
            double *w = weights_of(&g, r), most = 0;
            for (int j = 0; j < N; j++) most = fmax(most, w[j]);
            found += most / ROWS;
            free(w);
        }
        /* of ln((1 - p) / p) */
        double deviation = sqrt(2.0 / DK * all * all / 4 + expm1(all) / N);
        double bias = (lean + s * s / 2) / DK + deviation * deviation / 2;
        expect("needle: p", found, p, p * (1 - p) * (SIGMAS * deviation / sqrt(ROWS) + bias));
        drop(&g);
    }
}

/* The weight of the others over that of the sinks has the expectation (1 - m) / m: no bias, whatever n and the mask
   leave to be seen. Its deviation is sqrt((exp(x) - 1) / others). Rows of fewer than 64 keys have too few others. */
static void sink_mass(void **state) {
    static const char *const masks[] = {"none", "causal"};
    static const int tokens[] = {4, 1};
    (void)state;
    for (int x = 0; x < 4; x++) {
        const double m = 0.7, s = 1;
        double odds = 0, variance = 0, rows = 0;
        char settings[40];
        int t = tokens[x / 2];
        snprintf(settings, sizeof settings, "tokens=%d,mass=%g,s=%g", t, m, s);
        struct group g = made(point(N, N, masks[x % 2], "sink", settings));
        for (int r = 0; r < ROWS; r++) {
            int visible = attn_visible(&g.problem, N, g.truth.rows[r].i);
            double *w = weights_of(&g, r), mass = 0;
            for (int j = 0; j < t; j++) mass += w[j];
            if (visible >= 64) {
                odds += 1 / mass - 1;
                variance += expm1(s * s * (1 + 2 / sqrt(DK / 2.0))) / (visible - t); /* x two deviations up */
                rows++;
            }
            free(w);
        }
        expect(x % 2 ? "sinks, causal: others over sinks (1 - m) / m"
                     : "sinks: others over sinks (1 - m) / m",
               odds / rows, (1 - m) / m, (1 - m) / m * SIGMAS * sqrt(variance) / rows);
        /* their values are a tenth as long; chi^2 again */
        double length = 0;
        for (int e = 0; e < DV; e++) length += (double)g.v[e] * g.v[e] / DV;
        expect("    length of a sink's value", sqrt(length), 0.1, 0.1 * SIGMAS / sqrt(2.0 * DV));
        drop(&g);
    }
}

static int falling(const void *a, const void *b) {
    const float *const *x = a, *const *y = b;
    return (**x < **y) - (**x > **y);
}

/* What all queries of a head give a key falls with its rank to the power of -alpha, on logarithmic axes a line. A key's
   distance from the line: its own norm, s^2 / sqrt(2 dk), and as many queries as were sampled. */
static void heavy_power_law(void **state) {
    static const double alphas[] = {0.5, 1, 1.5};
    (void)state;
    for (int a = 0; a < 3; a++) {
        const double s = 1;
        const int each = ROWS / HEADS;
        char settings[32];
        snprintf(settings, sizeof settings, "alpha=%g,s=%g", alphas[a], s);
        struct group g = made(point(N, N, "none", "heavy", settings));
        double *mass = xmalloc(N * sizeof *mass), xx = 0, xy = 0, mean_x = 0, mean_y = 0, place = 0;
        const float **key = xmalloc(N * sizeof *key);
        memset(mass, 0, N * sizeof *mass);
        for (int r = 0; r < each; r++) {
            double *w = weights_of(&g, r);
            for (int j = 0; j < N; j++) mass[j] += w[j];
            free(w);
        }
        for (int j = 0; j < N; j++) key[j] = g.k + (size_t)j * DK;
        qsort(key, N, sizeof *key, falling);
        for (int r = 0; r < N; r++) {
            int j = (int)((key[r] - g.k) / DK);
            mean_x += log(r + 1) / N;
            mean_y += log(mass[j]) / N;
            place += (double)j * r / N / N / N;
        }
        for (int r = 0; r < N; r++) {
            double x = log(r + 1) - mean_x;
            xx += x * x;
            xy += x * (log(mass[(key[r] - g.k) / DK]) - mean_y);
        }
        double off = sqrt(pow(s, 4) / (2 * DK) + expm1(s * s) / each);
        expect("heavy: exponent of the accumulated weight", xy / xx, -alphas[a], SIGMAS * off / sqrt(xx));
        expect("    place and rank: mean product", place, 0.25, SIGMAS / 12 / sqrt(N)); /* not correlated */
        free(mass), free(key);
        drop(&g);
    }
}

/* As many keys as a cluster has are nearer than half of the gain, and they stand anywhere. */
static void cluster_is_content(void **state) {
    const double clusters = 32, gain = 10, spread = 0.25;
    struct group g = made(point(N, N, "none", "cluster", "clusters=32,gain=10,spread=0.25"));
    double near = 0, window = 0;
    (void)state;
    for (int r = 0; r < ROWS; r++) {
        const float *q = g.q + ((size_t)g.truth.rows[r].h * N + (size_t)g.truth.rows[r].i) * DK;
        const float *k = g.k + (size_t)g.truth.rows[r].h * N * DK;
        for (int j = 0; j < N; j++) {
            double x = 0;
            for (int d = 0; d < DK; d++) x += (double)q[d] * k[j * DK + d];
            near += x / sqrt(DK) > gain / 2;
        }
        int i = g.truth.rows[r].i, lo = i < 64 ? 0 : i - 64, hi = i + 64 < N ? i + 64 : N - 1;
        window += (hi - lo + 1.0) / N / ROWS;
    }
    /* other clusters: the logit has deviation gain (1 + spread^2) / sqrt(dk), a quarter of the gain being four */
    double far = gain * (1 + spread * spread) / sqrt(DK), leak = 0.5 * erfc(gain / 2 / far / sqrt(2)) * N;
    expect("cluster: keys near a query, n / clusters", near / ROWS, N / clusters, 4 * leak);
    /* the window takes each of the keys that count with its share of places */
    expect("    window64_mass: share of places", g.descriptors.mean.window64_mass, window,
           SIGMAS * sqrt(window / g.descriptors.mean.participation / ROWS));
    drop(&g);
}

static void lowrank_rank(void **state) {
    enum { M = 256 };
    static const int ranks[] = {1, 8, 64};
    (void)state;
    for (int x = 0; x < 3; x++) {
        char settings[32];
        int rank = ranks[x];
        snprintf(settings, sizeof settings, "rank=%d,s=2", rank);
        struct group g = made(point(M, M, "none", "lowrank", settings));
        double *logits = xmalloc(M * M * sizeof *logits), s[M], *u = xmalloc(M * M * sizeof *u),
               *vt = xmalloc(M * M * sizeof *vt);
        for (int i = 0; i < M; i++)
            for (int j = 0; j < M; j++) {
                logits[i * M + j] = 0;
                for (int d = 0; d < DK; d++)
                    logits[i * M + j] += (double)g.q[i * DK + d] * g.k[j * DK + d] / sqrt(DK);
            }
        assert_int_equal(spectrum(M, M, logits, s, u, vt), 0);
        /* q and k are floats, of an error of 2^-24 in each coordinate, and it takes that of both to leave the rank:
           the one alone still meets vectors of the subspace. The other term is the rounding of the product. */
        if (rank < DK)
            expect("lowrank: value rank + 1 over the first", s[rank] / s[0], 0,
                   DK * ldexp(1, -48) + M * ldexp(1, -52));
        /* a normal [m][r] matrix has values within sqrt(m) +- sqrt(r); q and k have one each */
        double least = pow((1 - sqrt((double)rank / M)) / (1 + sqrt((double)rank / M)), 2);
        print_message("    value %d over the first                      %.3g, at least %.3g\n", rank,
                      s[rank - 1] / s[0], least / 2);
        assert_true(s[rank - 1] / s[0] > least / 2);
        /* the mean square is that of chi^2(rank) of the queries and of the keys of each head */
        double band = sqrt(2.0 / rank / ROWS + 2.0 / rank / M / HEADS);
        expect("    logit_sd: s", g.descriptors.logit_sd, 2, 2 * SIGMAS * band / 2);
        free(logits), free(u), free(vt);
        drop(&g);
    }
}

/* ---- numerics ------------------------------------------------------------------------------------ */

/* Equal logits: every descriptor is known exactly. */
static void equal_keys(void **state) {
    enum { M = 512 };
    struct group g = made(point(M, M, "none", "numerics", "case=equal_keys"));
    const struct descriptors *d = &g.descriptors;
    const double rounding = 1e-11;
    double window = 0;
    (void)state;
    for (int r = 0; r < ROWS; r++) {
        int i = g.truth.rows[r].i, lo = i < 64 ? 0 : i - 64, hi = i + 64 < M ? i + 64 : M - 1;
        window += (hi - lo + 1.0) / M / ROWS;
    }
    expect("equal keys: entropy ln n", d->mean.entropy, log(M), rounding);
    expect("    participation n", d->mean.participation, M, M * rounding);
    expect("    top8_mass 8 / n", d->mean.top8_mass, 8.0 / M, rounding);
    expect("    first4_mass 4 / n", d->mean.first4_mass, 4.0 / M, rounding);
    expect("    window64_mass", d->mean.window64_mass, window, rounding);
    expect("    below_1pct", d->mean.below_1pct, 0, 0);
    expect("    logit_sd", d->logit_sd, 0, 0);
    expect("    rank90", d->rank90, 1, 0);
    drop(&g);
}

/* Every logit is L or -L with a normal one of deviation 1 on top: the half at L is what counts. */
static void large_logits(void **state) {
    static const char *const cases[] = {"case=logits_1e2", "case=logits_1e4"};
    static const double large[] = {1e2, 1e4};
    (void)state;
    for (int x = 0; x < 2; x++) {
        struct group g = made(point(N, N, "none", "numerics", cases[x]));
        double unit = ldexp(1, -24) * large[x];
        expect("large logits: logit_sd", g.descriptors.logit_sd, large[x], 0.01 * large[x]);
        /* up or down by chance, so that the half is as large as n / 2 but for sqrt(n) / 2 in each head */
        expect("    entropy ln(n / 2) - 1 / 2", g.descriptors.mean.entropy, log(N / 2.0) - 0.5,
               SIGMAS / sqrt(2.0 * DK * ROWS) + SIGMAS / sqrt((double)N * HEADS) + 4 * exp(1) / N);
        print_message("    plain float: %.3g\n", g.truth.naive_error);
        assert_true(g.truth.naive_error > unit / 4 && g.truth.naive_error < DK * unit);
        assert_true(truth_bound(&g.truth, ATTN_EXACT) == 2 * g.truth.naive_error);
        assert_true(truth_bound(&g.truth, ATTN_DIFFERENT) ==
                    accuracy_bound(ATTN_DIFFERENT, g.truth.max_logit));
        drop(&g);
    }
    assert_true(isnan(gauss[0].truth.naive_error));
    assert_true(truth_bound(&gauss[0].truth, ATTN_EXACT) ==
                accuracy_bound(ATTN_EXACT, gauss[0].truth.max_logit));
}

static void hard_vectors(void **state) {
    struct group g = made(point(N, N, "none", "numerics", "case=key_norms"));
    size_t keys = (size_t)HEADS * N;
    double least = INFINITY, most = 0, zero = 0;
    (void)state;
    for (size_t j = 0; j < keys; j++) {
        double norm = 0;
        for (size_t d = 0; d < DK; d++) norm += (double)g.k[j * DK + d] * g.k[j * DK + d];
        least = fmin(least, sqrt(norm));
        most = fmax(most, sqrt(norm));
    }
    /* the extremes of chi(64) among thousands are a factor of 1.5 from its mean */
    expect("key norms: ln of longest over shortest", log(most / least), log(1e3), 2 * log(1.5));
    drop(&g);
    g = made(point(N, N, "causal", "numerics", "case=zero_vectors"));
    for (size_t j = 0; j < keys; j++) zero += g.k[j * DK] == 0;
    expect("zero vectors: share of the keys", zero / (double)keys, 1.0 / 3,
           SIGMAS * sqrt(2.0 / 9 / (double)keys));
    drop(&g);
}

/* NaN and -inf stand where nobody looks, and only there. */
static void masked_keys_are_not_finite(void **state) {
    enum { NQ = 256, NK = 300 };
    struct group g = made(point(NQ, NK, "causal_top_left", "numerics", "case=masked_nan"));
    struct attn_error error;
    struct attn_problem p = g.problem;
    struct doc *d = point(NQ, NK, "none", "numerics", "case=masked_nan");
    (void)state;
    for (size_t j = 0; j < (size_t)HEADS * NK; j++)
        assert_true(isfinite(g.k[j * DK]) == (j % NK < NQ) && isfinite(g.v[j * DV]) == (j % NK < NQ));
    assert_true(isfinite(square(g.truth.softmax, (size_t)ROWS * DV)) && isfinite(g.descriptors.logit_sd));
    assert_true(isfinite(g.descriptors.rank90) && isfinite(g.truth.naive_error));
    p.mask = ATTN_MASK_NONE;
    assert_int_equal(inputs_suffice(doc_get(d, "input"), &p, &error), -1);
    doc_free(d);
    drop(&g);
}

/* ---- threads ------------------------------------------------------------------------------------- */

/* Inputs, references and descriptors have the same bits on any number of threads. */
static void threads_change_nothing(void **state) {
    static const char *const all[][2] = {{"gauss", "mean_v=1"},
                                         {"local", ""},
                                         {"needle", ""},
                                         {"sink", ""},
                                         {"heavy", ""},
                                         {"cluster", ""},
                                         {"lowrank", ""},
                                         {"numerics", ""},
                                         {"numerics", "case=key_norms"},
                                         {"numerics", "case=zero_vectors"}};
    int before = omp_get_max_threads();
    (void)state;
    for (size_t x = 0; x < sizeof all / sizeof *all; x++) {
        struct group g[2];
        for (int t = 0; t < 2; t++) {
            omp_set_num_threads(t ? 3 : 1);
            g[t] = made(point(256, 256, "causal", all[x][0], all[x][1]));
        }
        omp_set_num_threads(before);
        size_t from = (size_t)((const char *)g[0].q - (const char *)g[0].map);
        assert_int_equal(g[0].bytes, g[1].bytes);
        assert_memory_equal((const char *)g[0].map + from, (const char *)g[1].map + from, g[0].bytes - from);
        assert_memory_equal(&g[0].descriptors, &g[1].descriptors, sizeof g[0].descriptors);
        drop(&g[0]);
        drop(&g[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauss_entropy),
        cmocka_unit_test(gauss_participation),
        cmocka_unit_test(gauss_output_norm),
        cmocka_unit_test(gauss_mean_of_v),
        cmocka_unit_test(gauss_subsets),
        cmocka_unit_test(gauss_with_a_mean),
        cmocka_unit_test(needle_mass),
        cmocka_unit_test(sink_mass),
        cmocka_unit_test(heavy_power_law),
        cmocka_unit_test(cluster_is_content),
        cmocka_unit_test(lowrank_rank),
        cmocka_unit_test(equal_keys),
        cmocka_unit_test(large_logits),
        cmocka_unit_test(hard_vectors),
        cmocka_unit_test(masked_keys_are_not_finite),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, make_gauss, drop_gauss);
}
