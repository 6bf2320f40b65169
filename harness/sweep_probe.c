/* sweep_probe.c -- what goes before timing: the inputs of a group, and each of its points by itself. */
#include <stdlib.h>

#include "forecast.h"
#include "progress.h"
#include "row.h"
#include "sweep_parts.h"
#include "text.h"

int sweep_prepare(struct sweep *s, const struct doc *point) {
    struct doc *job = doc_object();
    struct child c;
    struct answer a;
    char *reason;
    doc_put_str(job, "kind", "prepare");
    doc_put(job, "point", doc_copy(point));
    doc_put_num(job, "rows", doc_num(s->measure, "rows", 256));
    progress_show("inputs of", doc_str(point, "id", ""));
    sweep_work(s, PREPARE, job, doc_int(point, "threads", 1), &c, &a);
    const char *status = sweep_failure(&c, &a, &reason);
    if (*status && !child_interrupted())
        for (size_t i = 0; i < s->npoints; i++)
            if (s->points[i].row) {
                char *why = format("its inputs could not be made: %s", reason);
                sweep_end_row(s, &s->points[i], status, why);
                free(why);
            }
    for (size_t i = 0; !*status && i < s->npoints; i++)
        if (s->points[i].row) row_described(s->points[i].row, doc_get(a.result, "descriptors"));
    free(reason);
    sweep_forget(&a);
    return *status ? -1 : 0;
}

void sweep_probe(struct sweep *s, struct point *p) {
    const struct doc *what = doc_get(s->measure, "what");
    struct doc *job = doc_object();
    struct child c;
    struct answer a;
    char *reason;
    doc_put_str(job, "kind", "probe");
    doc_put(job, "point", doc_copy(p->plan));
    doc_put(job, "what", doc_copy(what));
    doc_put_num(job, "seeds", doc_num(s->measure, "seeds", 1));
    doc_put_num(job, "memory_limit", s->limit + SWEEP_RESERVED_BYTES);
    progress_show("probing", doc_str(p->plan, "id", ""));
    sweep_work(s, PROBE, job, doc_int(p->plan, "threads", 1), &c, &a);
    const char *status = sweep_failure(&c, &a, &reason);
    if (child_interrupted()) {
    } else if (*status) {
        if (c.end == CHILD_SILENT && !a.call)
            forecasts_remember(&s->forecasts, p->plan, -1); /* no word that the call had returned */
        sweep_end_row(s, p, status, reason);
    } else {
        p->probed_ns = doc_num(a.result, "forward_ns", 0);
        doc_put_num(p->row, "probe_ns", p->probed_ns);
        forecasts_remember(&s->forecasts, p->plan, p->probed_ns);
        row_probed(p->row, a.result, what);
        p->setup_ns = doc_num(a.result, "setup_ns", 0);
        if (!row_is_ok(p->row)) sweep_write_row(s, p); /* inaccurate: its time is withheld */
    }
    free(reason);
    sweep_forget(&a);
}
