/* test_estimates.c -- what estimates and sums in float err by, held against closed forms. */
#include "point_bench.h"

static void alive(const struct doc *point) { (void)point; }

/* The mean over seeds of the error of independent positive features is sqrt((e^(2 s sqrt d) - e^(s sqrt d)) / m): the
   relative variance of an estimate of e^(x.y), (e^|x + y|^2 - 1) / m (Choromanski and others, 2021, Lemma 2), less the part
   that the normalisation takes out. The bands: the formula puts |x + y|^2 at its mean, while e to the power of it averages
   (1 - 4 s / sqrt d)^(-d/2), up to 1.12 times as much in these cases, and orders of
   1 / m beyond the first; 15 seeds of 2 heads leave a tenth. */
static void favor_errors(void **state) {
    static const struct {
        int d, m;
        double s;
    } cases[] = {{16, 256, 0.05}, {16, 256, 0.1},  {16, 256, 0.15},
                 {64, 256, 0.05}, {64, 1024, 0.1}, {64, 1024, 0.15}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench x;
        struct doc *d = doc_object();
        struct attn_error error;
        char settings[80];
        double root = sqrt(cases[i].d), s = cases[i].s;
        double want = sqrt((exp(2 * s * root) - exp(s * root)) / cases[i].m);
        snprintf(settings, sizeof settings, "features=%d,projection=independent,eps=0", cases[i].m);
        open_bench(&x, "performer", (struct bench_shape){.n = 512, .d = cases[i].d, .s = s}, settings);
        assert_int_equal(judge_seeds(&x.subject, x.point, &x.group.truth, 15, alive, d, &error), 0);
        double mean = doc_num(d, "accuracy.seeds.mean", 0);
        print_message("FAVOR+ d=%d m=%d s=%g: error %.4f, formula %.4f\n", cases[i].d, cases[i].m, s, mean,
                      want);
        assert_true(mean > 0.85 * want && mean < 1.25 * want);
        doc_free(d);
        close_bench(&x);
    }
}

/* The weights of the sampled rows of head 0. */
static double *weights_of(const struct bench *x, int rows) {
    int n = x->group.problem.nk, d = x->group.problem.dv, *index = xmalloc((size_t)rows * sizeof *index);
    double *w = xmalloc((size_t)rows * (size_t)n * sizeof *w),
           *o = xmalloc((size_t)rows * (size_t)d * sizeof *o);
    for (int r = 0; r < rows; r++) index[r] = x->group.truth.rows[r].i;
    x->subject.variant->reference(&x->subject.call, 0, 0, index, rows, w, NULL, o);
    free(index), free(o);
    return w;
}

/* How much of the uniform distribution eps mixes into the rows: the share by which they have moved towards it, over the
   share that they have not. */
static double mixed_in(const char *settings, int n, int d, double s) {
    enum { ROWS = 32 };
    struct bench without, with;
    double towards = 0, all = 0;
    open_bench(&without, "performer", (struct bench_shape){.n = n, .d = d, .s = s}, "eps=0");
    open_bench(&with, "performer", (struct bench_shape){.n = n, .d = d, .s = s}, settings);
    double *w0 = weights_of(&without, ROWS), *w = weights_of(&with, ROWS);
    for (int i = 0; i < ROWS * n; i++) {
        towards += (w[i] - w0[i]) * (1.0 / n - w0[i]);
        all += (1.0 / n - w0[i]) * (1.0 / n - w0[i]);
    }
    free(w0), free(w);
    close_bench(&without), close_bench(&with);
    return towards / all / (1 - towards / all);
}

/* eps, added to features relative to the largest of all keys, e^M, weighs eps e^M beside the mean of the features: so in
   proportion to eps, and no less than formula and bound of M allow. M is about s^(1/2) d^(1/4) sqrt(2 ln(n m)), the largest
   of n m normal numbers of that deviation, which strays by a unit or so: a factor of e, and the features of a query add
   theirs. */
static void weight_of_eps(void **state) {
    (void)state;
    int n = 1024, d = 64, m = 256;
    double s = 1, largest = sqrt(s) * pow(d, 0.25) * sqrt(2 * log((double)n * m));
    double small = mixed_in("eps=1e-6", n, d, s), large = mixed_in("eps=1e-5", n, d, s);
    double kernel = exp(s * s / 2); /* the mean of e^(q.k) over the keys, logits normal of deviation s */
    double formula = 1e-6 * exp(largest) / kernel;
    print_message("eps 1e-6: uniform over estimate %.3g, formula %.3g; 1e-5: %.3g\n", small, formula, large);
    assert_true(large / small > 8 && large / small < 12);
    assert_true(small > formula / 8 && small < formula * 8);
}

/* A running float sum of n positive features strays by 2^-24 sqrt(n) and more; sums in pieces do not, at n = 2^20. */
static void drift_of_prefix_sums(void **state) {
    enum { N = 1 << 20, D = 4 };
    struct bench x;
    struct doc *d = doc_object();
    float running = 0;
    double exact = 0;
    (void)state;
    open_bench(&x, "linear", (struct bench_shape){.n = N, .d = D, .s = 1, .causal = 1}, NULL);
    judge_output(&x.subject, &x.group.truth, d);
    double error = doc_num(d, "accuracy.definition.rel_fro", 1);
    for (int j = 0; j < N; j++) {
        float feature = x.group.k[j * D] > 0 ? x.group.k[j * D] + 1 : expf(x.group.k[j * D]);
        running += feature;
        exact += (double)feature;
    }
    double naive = fabs((double)running / exact - 1);
    print_message("n = 2^20: error %.2g, a running sum alone %.2g\n", error, naive);
    assert_true(doc_flag(d, "accuracy.definition.within"));
    assert_true(error < 16 * ldexp(1, -24)); /* a logarithm of roundings, not a root */
    assert_true(naive > 4 * ldexp(1, -24));  /* so that the test could fail */
    doc_free(d);
    close_bench(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(favor_errors),
        cmocka_unit_test(weight_of_eps),
        cmocka_unit_test(drift_of_prefix_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
