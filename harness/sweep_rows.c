/* sweep_rows.c -- the rows of a sweep on their way out. */
#include <errno.h>
#include <string.h>

#include "progress.h"
#include "row.h"
#include "stopwatch.h"
#include "sweep_parts.h"
#include "text.h"

double sweep_weight(const struct doc *point) { return 1 + doc_num(point, "cost.flops", 0) * 1e-10; }

void sweep_note_status(struct sweep *s, const struct doc *row) {
    const char *status = doc_str(row, "status", "");
    s->inaccurate |= !strcmp(status, "inaccurate");
    s->incomplete |= !strcmp(status, "timeout") || !strcmp(status, "oom") || !strcmp(status, "crashed");
}

void sweep_write_row(struct sweep *s, struct point *p) {
    double start = stopwatch_seconds();
    sweep_note_status(s, p->row);
    if (!s->broken && results_add(s->results, p->row)) {
        warn(
            "cannot write to %s/points.jsonl: %s; %zu rows are safe there; make room and go on with --resume",
            s->results->dir, strerror(errno), doc_len(s->results->rows));
        s->broken = 1;
    }
    p->row = NULL;
    progress_done(1, sweep_weight(p->plan));
    s->spent[WRITE] += stopwatch_seconds() - start;
}

void sweep_end_row(struct sweep *s, struct point *p, const char *status, const char *reason) {
    row_status(p->row, status, reason);
    sweep_write_row(s, p);
}
