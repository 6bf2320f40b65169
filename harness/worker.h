/* worker.h -- the jobs that run in a child: ceilings, prepare, probe, time. */
#ifndef WORKER_H
#define WORKER_H

#include "block.h"
#include "doc.h"
#include "group.h"
#include "subject.h"

/* `attnbench worker`: takes one job {kind, ...} and sends its events; returns the exit code. */
int worker_main(void);

/* Private read-only copies of a group's inputs between guard pages, and an output of its own. A layer begins at x and
   the context, and the call is on what lies between its projections, or on q, k and v that stand in for it. */
struct stage {
    struct group group;
    struct block inputs[3], x, context, output, between;
    struct attn_call call;  /* on the copies */
    struct layered layered; /* the same; weights stay the group's */
};
int stage_open(struct stage *, struct attn_error *); /* from descriptor CHILD_DATA */

/* A subject of the point on the stage, within its layer if it has one. -1 and the reason as of subject_make(). */
int stage_subject(const struct stage *, const struct doc *point, struct subject *, struct attn_error *);

/* The jobs. A failure is sent as {status, reason}; status is a row's. */
void job_fail(const char *status, const char *reason);
void job_prepare(const struct doc *job); /* {point, rows} -> {ok, descriptors{}} */
void job_probe(const struct doc *job);  /* {point, what[], seeds, memory_limit} -> {isa, setup_ns, forward_ns,
                                             memory{}, accuracy{}} */
void job_time(const struct doc *job);   /* see job_time.c */
void job_doctor(const struct doc *job); /* {threads} -> {blas{}, cores, clear_refs, clock_ns} */
void job_ceilings(const struct doc *job); /* {threads} -> {fma_flops, read_bytes, blas{}} */

#endif
