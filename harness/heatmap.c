/* heatmap.c -- the attention rows of heads as pictures. */
#include "heatmap.h"

#include <math.h>
#include <stdlib.h>

#include "picture.h"
#include "text.h"

extern const char heatmap_gp[]; /* made from scripts/heatmap.gp */

enum { LABELS = 40 }; /* tokens that have room beside a map */

int heatmap_step(int n) { return (n + HEATMAP_CELLS - 1) / HEATMAP_CELLS; }

void heatmap_pool(const double *weights, int nq, int nk, int step_q, int step_k, double *to) {
    int columns = (nk + step_k - 1) / step_k;
    for (int i = 0; i < nq; i += step_q, to += columns) {
        int queries = nq - i < step_q ? nq - i : step_q;
        for (int x = 0; x < columns; x++) to[x] = 0;
        for (int r = i; r < i + queries; r++)
            for (int j = 0; j < nk; j++)
                to[j / step_k] += weights[(size_t)r * (size_t)nk + (size_t)j] / queries;
    }
}

void heatmap_add(struct heatmap *m, int head, const struct head_rows *x) {
    int step_q = heatmap_step(x->nq), step_k = heatmap_step(x->nk);
    m->nq = x->nq, m->nk = x->nk;
    m->cells_q = (x->nq + step_q - 1) / step_q, m->cells_k = (x->nk + step_k - 1) / step_k;
    size_t cells = (size_t)m->cells_q * (size_t)m->cells_k;
    m->number[m->heads] = head;
    m->softmax[m->heads] = xmalloc(cells * sizeof **m->softmax);
    m->own[m->heads] = xmalloc(cells * sizeof **m->own);
    heatmap_pool(x->softmax, x->nq, x->nk, step_q, step_k, m->softmax[m->heads]);
    heatmap_pool(x->own, x->nq, x->nk, step_q, step_k, m->own[m->heads]);
    m->heads++;
}

/* Blocks of CSV, two blank lines between them: of each head softmax, the mechanism, the difference. */
static void add_matrix(struct text *t, const struct heatmap *m, int head, const char *what, const double *x,
                       const double *minus) {
    text_add(t, "# head %d, %s\n", m->number[head], what);
    for (int i = 0; i < m->cells_q; i++)
        for (int j = 0; j < m->cells_k; j++, x++, minus += minus != NULL)
            text_add(t, "%.5g%c", *x - (minus ? *minus : 0), j + 1 < m->cells_k ? ',' : '\n');
    text_add(t, "\n\n");
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What the colours of the difference end at: 99 % of the cells that differ lie within. */
static double end_of_difference(const struct heatmap *m) {
    size_t cells = (size_t)m->cells_q * (size_t)m->cells_k, n = 0;
    double *all = xmalloc((size_t)m->heads * cells * sizeof *all);
    for (int h = 0; h < m->heads; h++)
        for (size_t c = 0; c < cells; c++) {
            double d = fabs(m->own[h][c] - m->softmax[h][c]);
            if (d > 0) all[n++] = d;
        }
    if (n) qsort(all, n, sizeof *all, by_size);
    double end = n ? all[(n - 1) * 99 / 100] : 0;
    free(all);
    return end > 1e-12 ? end : 1e-12;
}

/* The ends of the colours of weights: from a tenth of what uniform attention gives to the largest. */
static void ends_of_weights(const struct heatmap *m, double *low, double *high) {
    size_t cells = (size_t)m->cells_q * (size_t)m->cells_k;
    *high = 0;
    for (int h = 0; h < m->heads; h++)
        for (size_t c = 0; c < cells; c++) *high = fmax(*high, fmax(m->softmax[h][c], m->own[h][c]));
    *low = 0.1 / m->cells_k;
    if (!(*high > 4 * *low)) *high = 4 * *low;
}

static void add_words(struct text *t, const char *name, char *const *words, int n) {
    text_add(t, "array %s[%d]\n", name, n);
    for (int i = 0; i < n; i++) {
        text_add(t, "%s[%d] = ", name, i + 1);
        picture_quote(t, words[i]);
        text_add(t, "\n");
    }
}

static void add_terminal(struct text *t, const char *name, const char *ending, int rows) {
    int width = 1080, height = 90 + 330 * rows;
    if (ending[0] == 's')
        text_add(t,
                 "\nset terminal svg standalone size %d,%d dynamic font \"sans,12\" background \"white\"\n",
                 width, height);
    else
        text_add(t, "\nset terminal pngcairo size %d,%d font \"sans,12\" fontscale 1.3\n", width * 3 / 2,
                 height * 3 / 2);
    text_add(t, "set output \"%s.%s\"\n\n%s\nunset output\n", name, ending, heatmap_gp);
    if (ending[0] == 's') /* cells have edges, which a browser shall not smooth */
        text_add(t, "system \"sed -i 's/<image /<image style=\\\"image-rendering:pixelated\\\" /' %s.svg\"\n",
                 name);
}

int heatmap_draw(const struct heatmap *m, const char *folder, const char *name, const char *mechanism,
                 const char *title, char *const *tokens, int ntokens) {
    struct text data = {0}, script = {0};
    double low, high;
    int step_q = heatmap_step(m->nq), step_k = heatmap_step(m->nk);
    int labels = tokens && step_q == 1 && step_k == 1 && m->nk <= LABELS && m->nq <= LABELS ? m->nk : 0;
    if (labels > ntokens) labels = ntokens;
    for (int h = 0; h < m->heads; h++) {
        add_matrix(&data, m, h, "softmax", m->softmax[h], NULL);
        add_matrix(&data, m, h, mechanism, m->own[h], NULL);
        add_matrix(&data, m, h, "difference", m->own[h], m->softmax[h]);
    }
    ends_of_weights(m, &low, &high);
    picture_heading(&script, name);
    text_add(&script, "data = \"%s.csv\"\nheads = %d\narray head[%d] = [", name, m->heads, m->heads);
    for (int h = 0; h < m->heads; h++) text_add(&script, "%s%d", h ? ", " : "", m->number[h]);
    text_add(
        &script,
        "]\nnq = %d\nnk = %d\nstep_q = %d\nstep_k = %d\nlow = %.6g\nhigh = %.6g\nend = %.6g\nlabels = %d\n",
        m->nq, m->nk, step_q, step_k, low, high, end_of_difference(m), labels);
    if (labels) add_words(&script, "token", tokens, labels);
    text_add(&script, "mechanism = ");
    picture_quote(&script, mechanism);
    text_add(&script, "\ntitle_ = ");
    picture_quote(&script, title);
    text_add(&script, "\n");
    add_terminal(&script, name, "svg", m->heads);
    add_terminal(&script, name, "png", m->heads);
    return picture_save(folder, name, ".csv", data.s) || picture_draw(folder, name, script.s) ? -1 : 0;
}

void heatmap_free(struct heatmap *m) {
    for (int h = 0; h < m->heads; h++) free(m->softmax[h]), free(m->own[h]);
}
