/* sweep_skip.c -- what a sweep foresees: the points that would take too much memory or time are not begun. */
#include <math.h>
#include <stdlib.h>

#include "stopwatch.h"
#include "sweep_parts.h"
#include "text.h"

static const double WORKER_BYTES = 128 << 20; /* program, libraries, BLAS buffers */

/* Inputs are there twice: shared by all workers, and a copy in each. */
double sweep_bytes(const struct doc *p, int with_scratch) {
    return 2 * doc_num(p, "need.inputs_bytes", 0) + doc_num(p, "need.outputs_bytes", 0) +
           doc_num(p, "need.copies_bytes", 0) + WORKER_BYTES +
           (with_scratch ? doc_num(p, "need.state_bytes", 0) + doc_num(p, "need.scratch_bytes", 0) : 0);
}

/* Seconds; infinite where there is no budget. */
static double left_of_budget(const struct sweep *s) {
    return s->options->budget > 0 ? s->start + s->options->budget - stopwatch_seconds() : (double)INFINITY;
}

double sweep_share(struct sweep *s, const struct doc *points, size_t at) {
    size_t n = 0;
    if (!(s->options->budget > 0)) return s->budget.most;
    double *calls = xmalloc(doc_len(points) * sizeof *calls);
    for (size_t i = at; i < doc_len(points); i++) {
        const struct doc *point = doc_at(points, i);
        if (!doc_get(point, "status") && !results_has(s->results, doc_str(point, "id", "")))
            calls[n++] = forecast_seconds(&s->forecasts, point, NULL);
    }
    double seconds = budget_share(&s->budget, calls, n, left_of_budget(s));
    free(calls);
    return seconds;
}

int sweep_skip(struct sweep *s, struct point *p) {
    const struct forecast *f;
    double bytes = sweep_bytes(p->plan, 1), seconds = forecast_seconds(&s->forecasts, p->plan, &f);
    char *reason = NULL;
    const char *status = "skipped_time";
    if (doc_get(p->plan, "status")) {
        sweep_write_row(s, p);
        return 1;
    }
    if (!isnan(seconds)) doc_put_num(p->row, "predicted.seconds", seconds);
    doc_put_num(p->row, "predicted.bytes", bytes);
    if (bytes > s->limit) {
        status = "skipped_memory";
        reason = format("needs %s of the %s that a worker may take", show_bytes(bytes), show_bytes(s->limit));
    } else if (left_of_budget(s) < budget_seconds(&s->budget, seconds, 0)) {
        reason = left_of_budget(s) <= 0
                     ? format("the budget of %s is used up", show_seconds(s->options->budget))
                     : format("the %s that are left of the budget of %s do not suffice",
                              show_seconds(left_of_budget(s)), show_seconds(s->options->budget));
        doc_put_bool(p->row, "predicted.over_budget", 1);
    } else if (f && f->ns < 0) {
        reason = format("%s took longer than the limit already", f->id);
    } else if (seconds > s->options->point_timeout) {
        reason = format("one call would take %s by %s; the limit is %s", show_seconds(seconds), f->id,
                        show_seconds(s->options->point_timeout));
    }
    if (!reason) return 0;
    sweep_end_row(s, p, status, reason);
    free(reason);
    return 1;
}
