/*
 * check_path.c -- how many layers it takes until a position has heard of another, against what is declared.
 *
 * Layers of the mechanism are stacked, each with a residual connection and with inputs of its own. What one
 * position knows spreads: in a layer the values of all that know it change, and who gets another output knows it
 * from there on. A layer whose steps follow one another may be told in fewer layers than its path has steps.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_parts.h"
#include "registry.h"

struct spread {
    struct trial trial;
    const void *params;
    char *knows; /* [n] */
    uint64_t layer;
};

/* Values of the positions that know it become others, so far off that the smallest weight brings it across. */
static void change(const struct spread *s, struct rig *r) {
    const struct trial *t = &r->trial;
    for (int h = 0; h < r->problem.kv_heads; h++)
        for (int j = 0; j < t->nk; j++) {
            float *v = rig_row(&r->inputs.v, 0, h, j);
            for (int d = 0; s->knows[j] && d < r->problem.dv; d++) v[d] = 0x1p60F;
        }
}

/* One layer; does anyone hear of it there? -1 where the variant refuses the trial. */
static int hear(struct spread *s) {
    struct rig r;
    struct attn_error error;
    checked_rig = &r;
    if (rig_make(&r, checked->variant, &s->trial, s->params, ++s->layer, &error)) {
        check_tear_down(&r);
        return -1;
    }
    size_t dv = (size_t)r.problem.dv, rows = rig_elements(&r) / dv;
    rig_run(&r, PATTERN_A);
    float *before = rig_output(&r);
    change(s, &r);
    rig_run(&r, PATTERN_A);
    float *after = rig_output(&r);
    int anyone = 0;
    for (size_t x = 0; x < rows; x++) {
        char *knows = &s->knows[x % (size_t)s->trial.nq];
        if (*knows || check_same_bits(before + x * dv, after + x * dv, dv)) continue;
        *knows = 1;
        anyone = 1;
    }
    free(before), free(after);
    check_tear_down(&r);
    return anyone;
}

/* How many of the positions from `from` on know it. */
static int knowing(const struct spread *s, int from, int n) {
    int count = 0;
    for (int i = from; i < n; i++) count += s->knows[i];
    return count;
}

/* Layers until every position that may has heard of position `first`; infinite where some never do, NaN where the
   variant refuses the trial. A layer whose choices tell nobody is no end yet, and does not count. What takes longer than
   MOST layers is told by how many have heard by then. */
static double layers_from(const struct trial *t, const void *params, int n, int first) {
    enum { PATIENCE = 32, MOST = 64 };
    struct spread s = {.trial = *t, .params = params, .knows = xmalloc((size_t)n)};
    int from = t->mask ? first : 0, layers = 0, silent = 0, anyone = 0;
    memset(s.knows, 0, (size_t)n);
    s.knows[first] = 1;
    s.trial.nq = s.trial.nk = n;
    while (knowing(&s, from, n) < n - from && layers < MOST && silent < PATIENCE && anyone >= 0) {
        anyone = hear(&s);
        silent = anyone ? 0 : silent + 1;
        layers += anyone;
    }
    double share = (double)knowing(&s, from, n) / (n - from);
    free(s.knows);
    return anyone < 0 ? (double)NAN : silent ? (double)INFINITY : layers / share;
}

/* From two positions, neither of which is likely to be one that all attend to. */
static double layers_at(const struct trial *t, const void *params, int n) {
    return fmax(layers_from(t, params, n, n / 3), layers_from(t, params, n, n - n / 8 - 1));
}

/* Numbers of layers are small and whole: one more or less says nothing, nor does the first step of a logarithm. A path of
   as many steps as there are positions is not held to anything: there is no longer one. */
void check_path(const struct trial *t, const void *params) {
    static const double tolerance = 0.35;
    struct attn_growths declared = registry_growth(checked->variant, params, t->mask);
    double exponent = declared.path.exponent, few, many;
    const char *said = declared.path.formula;
    if (isnan(exponent) || (exponent >= 1 && declared.steps.exponent >= 1)) return;
    few = layers_at(t, params, t->nk), many = layers_at(t, params, 4 * t->nk);
    if (isnan(few) || isnan(many) || few == 0) return;
    expect(isfinite(few) && isfinite(many), "growth_of_path",
           "the longest path is declared as %s; some positions never hear of others, at n = %d", said,
           isfinite(few) ? 4 * t->nk : t->nk);
    if (!isfinite(few) || !isfinite(many)) return;
    expect(many <= few * pow(4, exponent + tolerance) + 1 &&
               (few == 1 || many >= few * pow(4, exponent - tolerance) - 1),
           "growth_of_path",
           "the longest path is declared as %s; all hear of a position in %.0f layers at n = %d, in %.0f at "
           "n = %d",
           said, few, t->nk, many, 4 * t->nk);
}
