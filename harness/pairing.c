/* pairing.c -- what the points of a group did together, process by process. */
#include "pairing.h"

#include <stdlib.h>

#include "stats.h"
#include "text.h"

struct side { /* one run of a group: x[points][processes] */
    const double **x;
    size_t points, processes;
};

/* The members of the group; 0 where they are too few or did not see the same processes. */
static size_t members(struct noise_point *p, size_t n, size_t group, struct noise_point **found) {
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i].group == group) found[m++] = &p[i];
    for (size_t i = 1; i < m; i++)
        if (found[i]->nx != found[0]->nx || found[i]->ny != found[0]->ny) return 0;
    return m < PAIRED_MIN ? 0 : m;
}

/* What each process did to all points, a logarithm. */
static double *together(const struct side *s) {
    double *effect = xmalloc((s->processes + 1) * sizeof *effect), *far = xmalloc(s->points * sizeof *far);
    double *middles = xmalloc(s->points * sizeof *middles);
    for (size_t i = 0; i < s->points; i++) middles[i] = stats_median(s->x[i], s->processes);
    for (size_t k = 0; k < s->processes; k++) {
        for (size_t i = 0; i < s->points; i++) far[i] = s->x[i][k] - middles[i];
        effect[k] = stats_median(far, s->points);
    }
    free(far), free(middles);
    return effect;
}

/* The sample without the effects. They take a share of each point's own scatter along, one part in `points`. */
static struct middle rest(const double *x, const double *effect, size_t n, size_t points) {
    double *y = xmalloc((n + 1) * sizeof *y);
    for (size_t k = 0; k < n; k++) y[k] = x[k] - effect[k];
    struct middle m = inference_middle(y, n);
    m.squares *= (double)points / ((double)points - 1);
    free(y);
    return m;
}

static void pair(struct noise_point **group, size_t m) {
    size_t nx = group[0]->nx, ny = group[0]->ny;
    struct side a = {xmalloc(m * sizeof *a.x), m, nx}, b = {xmalloc(m * sizeof *b.x), m, ny};
    for (size_t i = 0; i < m; i++) a.x[i] = group[i]->x, b.x[i] = group[i]->y;
    double *before = together(&a), *now = together(&b);
    struct middle ea = inference_middle(before, nx), eb = inference_middle(now, ny);
    double df = (double)(ea.kept + eb.kept) - 2;
    for (size_t i = 0; i < m; i++) {
        struct noise_point *p = group[i];
        p->rest_a = rest(p->x, before, nx, m);
        p->rest_b = rest(p->y, now, ny, m);
        p->paired = 1;
        p->together_df = df;
        p->together =
            df > 0 ? (ea.squares + eb.squares) / df * (1 / (double)ea.kept + 1 / (double)eb.kept) : 0;
    }
    free(before), free(now), free(a.x), free(b.x);
}

void pairing_make(struct noise_point *p, size_t n, size_t groups) {
    struct noise_point **group = xmalloc((n + 1) * sizeof *group);
    for (size_t i = 0; i < n; i++) {
        p[i].rest_a = p[i].a, p[i].rest_b = p[i].b;
        p[i].paired = 0;
        p[i].together = p[i].together_df = 0;
    }
    for (size_t g = 0; g < groups; g++) {
        size_t m = members(p, n, g, group);
        if (m) pair(group, m);
    }
    free(group);
}
