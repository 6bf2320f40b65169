/* apply_judge.c -- how far the output of `attnbench apply` is from its definition and from softmax. */
#include "apply_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "accuracy.h"
#include "judge.h"
#include "text.h"

static void tell_weights(const struct doc *softmax) {
    double variation = doc_num(softmax, "tv_mean", (double)NAN),
           captured = doc_num(softmax, "captured_mass", (double)NAN),
           negative = doc_num(softmax, "negative_mass", 0);
    if (isnan(captured)) return;
    printf("weights     ");
    if (!isnan(variation)) printf("total variation %.3g, ", variation);
    if (negative > 1e-6) printf("negative mass %.3g, ", negative);
    if (captured < 1 - ACCURACY_EXACT) printf("%.3g of the softmax mass kept, ", captured);
    printf("of its 1, 8 and 32 heaviest keys %.0f, %.0f and %.0f %%\n",
           100 * doc_num(softmax, "topk_recall.1", 0), 100 * doc_num(softmax, "topk_recall.8", 0),
           100 * doc_num(softmax, "topk_recall.32", 0));
}

/* What the input is like, as a line of a run has it, so that it can be held against the made families. */
static void tell_input(const struct doc *d) {
    const struct doc *x = doc_get(d, "input.descriptors");
    printf("input       logits' deviation %.3g, perplexity %.4g; ", doc_num(x, "logit_sd", 0),
           doc_num(x, "perplexity", 0));
    printf("the 8 heaviest keys hold %.2g, those within 64 %.2g, the first 4 %.2g\n",
           doc_num(x, "top8_mass", 0), doc_num(x, "window64_mass", 0), doc_num(x, "first4_mass", 0));
}

static void tell(const struct doc *d) {
    const struct doc *definition = doc_get(d, "accuracy.definition"),
                     *softmax = doc_get(d, "accuracy.softmax");
    double error = doc_num(softmax, "rel_fro", (double)INFINITY),
           skill = doc_num(softmax, "skill", (double)NAN);
    printf("%.0f query rows judged, in double; errors are relative, Frobenius\n",
           doc_num(d, "accuracy.rows", 0));
    tell_input(d);
    printf("definition  %.2g from its own; a correct one is within %.2g\n",
           doc_num(definition, "rel_fro", (double)INFINITY), doc_num(definition, "bound", 0));
    printf("softmax     %.3g from exact softmax attention; rows %.2g to %.2g (5 to 95 %% of them)\n", error,
           doc_num(softmax, "row_errors.p05", (double)NAN), doc_num(softmax, "row_errors.p95", (double)NAN));
    if (error <= ACCURACY_EXACT) return; /* nobody asks what weights an exact mechanism has missed */
    if (!isnan(skill)) printf("skill       %.2f; 1 is exact, 0 no better than the mean of V\n", skill);
    tell_weights(softmax);
}

int apply_judge(const struct apply_options *o, const struct subject *s) {
    const struct attn_problem *p = &s->problem;
    if (o->rows == 0 || (s->variant->caps & ATTN_CAP_NO_OUTPUT)) return 0;
    int nrows = truth_rows(p, o->rows);
    size_t numbers = (size_t)nrows * (size_t)p->dv;
    struct sample *rows = xmalloc((size_t)nrows * sizeof *rows);
    double *softmax = xmalloc(numbers * sizeof *softmax), *mean = xmalloc(numbers * sizeof *mean);
    struct truth t = {
        .nrows = nrows, .rows = rows, .softmax = softmax, .mean = mean, .naive_error = (double)NAN};
    struct doc *d = doc_object();
    truth_draw(p, nrows, 0, rows);
    struct descriptors descriptors;
    truth_compute(&s->call, rows, nrows, softmax, mean, &t.max_logit, &descriptors);
    doc_put(d, "input.descriptors", descriptors_doc(&descriptors));
    judge_output(s, &t, d);
    if (o->json) {
        char *text = doc_text(d, 1);
        puts(text);
        free(text);
    } else tell(d);
    int within = doc_flag(d, "accuracy.definition.within");
    if (!within)
        warn("%s misses its own definition by %.3g; the bound is %.3g", s->variant->name,
             doc_num(d, "accuracy.definition.rel_fro", (double)INFINITY),
             doc_num(d, "accuracy.definition.bound", 0));
    doc_free(d);
    free(softmax), free(mean), free(rows);
    return within ? 0 : -1;
}
