/*
 * sweep_parts.h -- what the files of a sweep share, and nothing else looks at: sweep.c works off groups, sweep_skip.c
 * foresees, sweep_work.c runs workers, sweep_probe.c makes inputs and probes, sweep_time.c times, sweep_rows.c writes.
 */
#ifndef SWEEP_PARTS_H
#define SWEEP_PARTS_H

#include "budget.h"
#include "child.h"
#include "doc.h"
#include "forecast.h"
#include "journal.h"
#include "options.h"
#include "results.h"

enum phase { CEILINGS, PREPARE, PROBE, TIME, WRITE, PHASES };

enum {
    SWEEP_RESERVED_BYTES = 512 << 20
}; /* address space that stacks and arenas of a worker reserve and never touch */

struct point {
    const struct doc *plan;
    struct doc *row;      /* NULL once written */
    double probed_ns;     /* one call; 0 before the probe */
    struct doc *samples;  /* an array for each replicate */
    struct doc *parts;    /* of a layer: {name: the same} */
    struct doc *sentinel; /* its readings, an array for each replicate */
    struct doc *beside;   /* of a plugin: for each of them the median of the baseline timed beside it */
    const struct point *baseline;
    double setup_ns, grown_bytes;
    int single, repeated; /* blocks; see job_time.c */
};

struct sweep {
    const struct run_options *options;
    const char *command;
    struct results *results;
    struct journal journal;
    const struct doc *measure;
    struct doc *ceilings; /* for each number of threads */
    double limit;         /* bytes that one worker may take */
    int cores;            /* that we may use */
    double spent[PHASES], start;
    struct forecasts forecasts;
    struct budget budget;
    size_t begun;                       /* points that were not skipped */
    double share;                       /* seconds for which a point of the present group is timed */
    int incomplete, inaccurate, broken; /* broken: rows cannot be written any more */

    struct point *points; /* of the present group */
    size_t npoints;
    int data;                 /* descriptor of its inputs */
    struct doc *flops;        /* sentinel readings */
    const struct point *twin; /* the point that was timed as two entries, */
    struct doc *twins;        /* and in each process the time of the second over that of the first */
};

/* ---- sweep_rows.c: rows on their way out ----------------------------------------------------------- */

/* A measure of what is done with a point, for the time that is left. */
double sweep_weight(const struct doc *point);

/* What the row means for the exit code. */
void sweep_note_status(struct sweep *, const struct doc *row);

void sweep_write_row(struct sweep *, struct point *);
void sweep_end_row(struct sweep *, struct point *, const char *status, const char *reason);

/* ---- sweep_skip.c: what is foreseen ---------------------------------------------------------------- */

/* Bytes that a worker takes for the planned point, with or without its state and scratch. */
double sweep_bytes(const struct doc *point, int with_scratch);

/* For how long each point of the next group, which begins at `at`, may be timed, with all in view that come after. */
double sweep_share(struct sweep *, const struct doc *points, size_t at);

/* Writes the row of a point that shall not run; 0 where it may. */
int sweep_skip(struct sweep *, struct point *);

/* ---- sweep_work.c: workers -------------------------------------------------------------------------- */

struct answer {           /* what came back from a worker */
    struct doc *result;   /* the last event that is no announcement */
    char *call, *earlier; /* the last announcement; the last one before it that differed */
};

/* Runs one job, taken over; the caller looks at c->end and the result. A worker that somebody has killed is not to blame: it
   gets a second try. What was answered before an interruption is not asked again. Time goes to the phase. */
void sweep_work(struct sweep *, enum phase, struct doc *job, int threads, struct child *, struct answer *);
void sweep_forget(struct answer *);

/* "" where the worker did what it was asked, else status and reason of the failure; the caller frees the reason. */
const char *sweep_failure(const struct child *, const struct answer *, char **reason);

/* "fma_flops" or "read_bytes" of so many threads, measured at the first question; 0: not known. */
double sweep_ceiling(struct sweep *, int threads, const char *what);

/* ---- sweep_probe.c, sweep_time.c: the phases of a group ---------------------------------------------- */

/* The inputs of the present group, which the planned point is of. -1: they could not be made, and rows say why. */
int sweep_prepare(struct sweep *, const struct doc *point);
void sweep_probe(struct sweep *, struct point *);

/* All replicates of all points of the group that still have a row. */
void sweep_time_group(struct sweep *);

#endif
