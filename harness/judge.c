/* judge.c -- how far an output is from its own definition and from softmax attention. */
#include "judge.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "judge_rows.h"
#include "lowrank.h"
#include "row_metrics.h"
#include "stats.h"
#include "target.h"
#include "tensors.h"
#include "text.h"

enum { WEIGHTS_MAX = 64 << 20 }; /* bytes of the attention rows of one head */

/* ---- rows of one head ----------------------------------------------------------------------------- */

struct head {
    const struct target *target;
    const struct sample *first; /* of its rows */
    int each;
    struct row_metrics rows;
    double oracle; /* squared error of the best subsets of as many keys */
    double size;   /* squared length of the softmax rows that those stand for */
};

static int attended(const double *weights, int n) {
    int count = 0;
    for (int j = 0; j < n; j++) count += weights[j] > 0;
    return count;
}

/* What the weights of the rows say; softmax has their outputs. */
static void look_at_weights(const struct subject *s, struct head *x, const int *rows, int nrows,
                            const double *weights, const double *outside) {
    int nk = s->problem.nk, dv = s->problem.dv, b = x->first->b, h = x->first->h;
    size_t each = (size_t)nk;
    double *p = xmalloc(each * sizeof *p), *o = xmalloc((size_t)dv * sizeof *o),
           *best = xmalloc((size_t)dv * sizeof *best);
    for (int r = 0; r < nrows; r++) {
        const double *w = weights + (size_t)r * each;
        x->target->rows(&s->call, b, h, &rows[r], 1, p, o, NULL, NULL);
        row_metrics_add(&x->rows, s->variant->kind, w, outside[r], p, nk);
        if (s->variant->kind != ATTN_SUBSET_SOFTMAX) continue;
        row_oracle(p, nk, attended(w, nk), &s->call, b, h, best);
        for (int d = 0; d < dv; d++) {
            x->oracle += (best[d] - o[d]) * (best[d] - o[d]);
            x->size += o[d] * o[d];
        }
    }
    free(p), free(o), free(best);
}

/* The definition of these rows. A reference may have to go over all its keys first, so it is asked once, and
   again only where the weights of so many rows do not fit. */
static void define(const struct subject *s, struct head *x, double *want) {
    size_t row = (size_t)s->problem.nk * sizeof(double), most = (size_t)WEIGHTS_MAX / row;
    int b = x->first->b, h = x->first->h, n = most < 1 ? 1 : most < (size_t)x->each ? (int)most : x->each;
    int *rows = xmalloc((size_t)x->each * sizeof *rows);
    for (int r = 0; r < x->each; r++) rows[r] = x->first[r].i;
    if (!(s->variant->caps & ATTN_CAP_WEIGHTS) || !x->target->rows) {
        s->variant->reference(&s->call, b, h, rows, x->each, NULL, NULL, want);
    } else {
        double *weights = xmalloc((size_t)n * row), *outside = xmalloc((size_t)n * sizeof *outside),
               *o = want;
        memset(outside, 0, (size_t)n * sizeof *outside);
        if (n < x->each) {
            s->variant->reference(&s->call, b, h, rows, x->each, NULL, NULL, want);
            for (int r = 0; r < n; r++) rows[r] = x->first[(long)r * x->each / n].i;
            o = xmalloc((size_t)n * (size_t)s->problem.dv * sizeof *o);
        }
        s->variant->reference(&s->call, b, h, rows, n, weights, outside, o);
        look_at_weights(s, x, rows, n, weights, outside);
        if (o != want) free(o);
        free(weights), free(outside);
    }
    free(rows);
}

/* ---- all heads ----------------------------------------------------------------------------------- */

/* The definition of all sampled rows, which are in order of heads; and what their weights say. */
static double *defined(const struct subject *s, const struct target *target, struct head *all) {
    const struct truth *t = &target->truth;
    size_t dv = (size_t)s->problem.dv;
    int heads = s->problem.batch * s->problem.heads, each = t->nrows / heads;
    int cuts = (omp_get_max_threads() + heads - 1) / heads; /* of a head, so that no thread is idle */
    double *want = xmalloc((size_t)t->nrows * dv * sizeof *want);
    if (cuts > each) cuts = each;
    *all = (struct head){0};
#pragma omp parallel for schedule(dynamic)
    for (int piece = 0; piece < heads * cuts; piece++) {
        int head = piece / cuts * each, from = each * (piece % cuts) / cuts,
            to = each * (piece % cuts + 1) / cuts;
        struct head x = {.target = target, .first = &t->rows[head + from], .each = to - from};
        define(s, &x, want + (size_t)(head + from) * dv);
#pragma omp critical
        {
            row_metrics_join(&all->rows, &x.rows);
            all->oracle += x.oracle, all->size += x.size;
        }
    }
    return want;
}

static void put_place(struct doc *d, const char *path, const struct judge_rows *x, const struct truth *t,
                      size_t element) {
    const struct sample *s = judge_rows_sample(x, t, element / x->width);
    struct doc *place = doc_array();
    doc_add(place, doc_number(s->b));
    if (!x->of_layer) doc_add(place, doc_number(s->h));
    doc_add(place, doc_number(s->i));
    doc_add(place, doc_number((double)(element % x->width)));
    doc_put(d, path, place);
}

/* How the error is spread over the rows: quantiles of |got - want| / |want|. */
static void put_row_errors(struct doc *d, const float *got, const double *want, size_t rows, size_t dv) {
    static const int percents[] = {5, 25, 50, 75, 95};
    double *errors = xmalloc(rows * sizeof *errors);
    for (size_t r = 0; r < rows; r++)
        errors[r] = accuracy_distance(got + r * dv, want + r * dv, 1, dv).rel_fro;
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        char *path = format("row_errors.p%02d", percents[i]);
        doc_put_num(d, path, stats_quantile(errors, rows, percents[i] / 100.0));
        free(path);
    }
    free(errors);
}

/* The rank that the weights of a head cannot exceed; 0: nothing bounds it. */
static double rank_of(const struct subject *s) {
    struct attn_cost cost = {.struct_size = sizeof cost};
    s->variant->cost(&s->problem, s->params, s->tensors, &cost);
    return cost.rank;
}

static void put_oracle(const struct subject *s, const struct truth *t, const struct head *all,
                       struct doc *d) {
    double rank = rank_of(s), best = rank > 0 ? lowrank_error(t, &s->problem, rank) : (double)NAN;
    if (!isnan(best)) {
        doc_put_str(d, "accuracy.oracle.of", "the nearest matrix of its rank, head 0");
        doc_put_num(d, "accuracy.oracle.rank", rank);
        doc_put_num(d, "accuracy.oracle.rel_fro", best);
    } else if (all->size > 0) {
        doc_put_str(d, "accuracy.oracle.of", "the keys that weigh most");
        doc_put_num(d, "accuracy.oracle.rel_fro", sqrt(all->oracle / all->size));
    }
}

/* What the output has to do with its target, and what the weights say beside its. */
static void put_distance(const struct target *target, const struct judge_rows *x, const struct head *all,
                         enum attn_kind kind, struct doc *d) {
    struct doc *softmax = doc_object();
    struct distance far = accuracy_distance(x->got, x->softmax, x->rows, x->width);
    doc_put_num(softmax, "rel_fro", far.rel_fro);
    doc_put_num(softmax, "nmse", far.nmse);
    doc_put_num(softmax, "skill", accuracy_skill(x->got, x->softmax, x->mean, x->rows * x->width));
    doc_put_num(softmax, "max_abs", far.max_abs);
    put_place(softmax, "max_at", x, &target->truth, far.max_at);
    doc_put_num(softmax, "cosine_mean", far.cosine_mean);
    doc_put_num(softmax, "cosine_p01", far.cosine_p01);
    put_row_errors(softmax, x->got, x->softmax, x->rows, x->width);
    row_metrics_put(&all->rows, kind, softmax);
    doc_put(d, "accuracy.softmax", softmax);
}

void judge_output(const struct subject *s, const struct truth *t, struct doc *d) {
    struct head all;
    struct target target = target_make(s, t);
    double *want = defined(s, &target, &all);
    struct judge_rows x = judge_rows_make(s, &target.truth);
    double bound = truth_bound(t, s->variant->kind), *defined_rows = judge_rows_define(s, t, want, &bound);
    struct distance own = accuracy_distance(x.got, defined_rows, x.rows, x.width);
    doc_put_num(d, "accuracy.rows", (double)x.rows);
    doc_put_num(d, "accuracy.definition.rel_fro", own.rel_fro);
    doc_put_num(d, "accuracy.definition.max_abs", own.max_abs);
    put_place(d, "accuracy.definition.max_at", &x, t, own.max_at);
    doc_put_num(d, "accuracy.definition.bound", bound);
    doc_put_bool(d, "accuracy.definition.within", own.rel_fro <= bound);
    if (s->is_layered) judge_rows_projections(s, t, d);
    doc_put_str(d, "accuracy.target", target.name);
    if (target.rows) put_distance(&target, &x, &all, s->variant->kind, d);
    if (target.rows && !s->is_layered) put_oracle(s, t, &all, d);
    judge_rows_free(&x);
    target_free(&target);
    free(defined_rows);
    free(want);
}

/* ---- many seeds ---------------------------------------------------------------------------------- */

int judge_is_random(const struct subject *s) {
    if (s->variant->target == ATTN_TARGET_NONE) return 0;
    if (s->variant->caps & ATTN_CAP_RANDOM) return 1;
    for (size_t t = 0; t < tensors_count(s->variant); t++) {
        const struct attn_tensor *tensor = &s->variant->tensors[t];
        int given = s->sources && doc_get(s->sources, tensor->name);
        if (tensor->role != ATTN_CARRY && !tensor->alias && !given) return 1;
    }
    return 0;
}

struct spread {    /* of the outputs of several seeds */
    double *sum;   /* [n] */
    double square; /* of all outputs, less `about` */
    const double *about;
    double *errors; /* rel_fro of each seed */
    int seeds;
};

static void add_seed(struct spread *x, const float *got, size_t rows, size_t dv) {
    for (size_t i = 0; i < rows * dv; i++) {
        double e = (double)got[i] - x->about[i];
        x->sum[i] += e;
        x->square += e * e;
    }
    x->errors[x->seeds++] = accuracy_distance(got, x->about, rows, dv).rel_fro;
}

/* Has any seed made a difference so far? */
static int differ(const struct spread *x, size_t n) {
    double common = 0;
    for (size_t i = 0; i < n; i++) common += x->sum[i] / x->seeds * x->sum[i];
    return x->square - common > 1e-12 * x->square;
}

static void put_spread(const struct spread *x, size_t n, struct doc *d) {
    double size = 0, mean_square = 0, seeds = x->seeds, mean = 0, deviation = 0;
    for (size_t i = 0; i < n; i++) {
        size += x->about[i] * x->about[i];
        mean_square += x->sum[i] / seeds * (x->sum[i] / seeds);
    }
    double variance = fmax(x->square - seeds * mean_square, 0) / (seeds - 1);
    for (int s = 0; s < x->seeds; s++) mean += x->errors[s] / seeds;
    for (int s = 0; s < x->seeds; s++) deviation += (x->errors[s] - mean) * (x->errors[s] - mean);
    struct doc *errors = doc_array();
    for (int s = 0; s < x->seeds; s++) doc_add(errors, doc_number(x->errors[s]));
    doc_put_num(d, "accuracy.seeds.n", seeds);
    doc_put_num(d, "accuracy.seeds.mean", mean);
    doc_put_num(d, "accuracy.seeds.sd", sqrt(deviation / (seeds - 1)));
    doc_put_num(d, "accuracy.seeds.bias2", fmax(mean_square - variance / seeds, 0) / size);
    doc_put_num(d, "accuracy.seeds.variance", variance / size);
    doc_put(d, "accuracy.seeds.rel_fro", errors);
}

static int draw(const struct subject *s, const struct doc *point, const struct truth *t, int seed,
                struct spread *x, struct attn_error *error) {
    struct doc *drawn = doc_copy(point);
    struct attn_call inputs = s->call;
    struct subject other;
    inputs.tensors = NULL;
    doc_put_num(drawn, "seed", doc_num(point, "seed", 1) + seed);
    int failed = subject_make(&other, drawn, &inputs, error) ||
                 (s->is_layered && subject_wrap(&other, point, &s->layered, error)) ||
                 subject_create(&other, error);
    if (!failed) {
        subject_forward(&other);
        struct judge_rows rows = judge_rows_make(&other, t);
        add_seed(x, rows.got, rows.rows, rows.width);
        judge_rows_free(&rows);
    }
    subject_free(&other);
    doc_free(drawn);
    return failed ? -1 : 0;
}

int judge_seeds(const struct subject *s, const struct doc *point, const struct truth *t, int seeds,
                void (*alive)(const struct doc *point), struct doc *d, struct attn_error *error) {
    struct target target = target_make(s, t);
    struct judge_rows rows = judge_rows_make(s, &target.truth);
    size_t n = rows.rows * rows.width;
    struct spread x = {.about = rows.softmax,
                       .sum = xmalloc(n * sizeof *x.sum),
                       .errors = xmalloc((size_t)seeds * sizeof *x.errors)};
    int failed = 0;
    memset(x.sum, 0, n * sizeof *x.sum);
    for (int i = 0; i < seeds && !failed && (i != 2 || differ(&x, n)); i++) {
        failed = draw(s, point, t, i, &x, error);
        alive(point);
    }
    if (!failed && differ(&x, n)) put_spread(&x, n, d);
    free(x.sum), free(x.errors);
    judge_rows_free(&rows);
    target_free(&target);
    return failed;
}
