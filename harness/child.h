/*
 * child.h -- the program executed again, as a child that may crash, hang or eat memory.
 *
 * A child reads its job, one JSON document, from descriptor 0, and writes JSON documents, one a line,
 * to CHILD_EVENTS. What it prints is kept for the reason of a failure. It dies with its parent.
 */
#ifndef CHILD_H
#define CHILD_H

#include "doc.h"

enum { CHILD_EVENTS = 3, CHILD_DATA = 4 }; /* descriptors of a child */

enum child_end {
    CHILD_DONE,
    CHILD_FAILED,      /* it ended with the exit code `code` */
    CHILD_CRASHED,     /* it died of the signal `code` */
    CHILD_SILENT,      /* no event within `silence` seconds: killed */
    CHILD_OVER_MEMORY, /* resident beyond `memory`: killed */
    CHILD_KILLED,      /* SIGKILL of the kernel's out-of-memory killer, as far as can be told */
    CHILD_STRAY,       /* SIGKILL that neither we nor the kernel sent */
    CHILD_INTERRUPTED, /* we were told to stop */
};

struct child {
    const char *const *arguments; /* behind the program's name; NULL-terminated */
    const struct doc *job;        /* NULL: none */
    int data;                     /* a descriptor to pass on as CHILD_DATA; -1: none */
    int threads;                  /* OMP_NUM_THREADS of the child; 0: leave */
    int patient; /* others run beside it: its threads sleep while they wait, and no core is theirs */
    const char *blas_core; /* OPENBLAS_CORETYPE of the child; NULL: let OpenBLAS choose */
    double silence;        /* seconds; 0: no limit */
    double memory;         /* bytes; 0: no limit */
    int pass_output;       /* let it print to our own stderr instead */
    int with_plugins;      /* give it the --plugin options of our own command line */
    void (*event)(void *context, struct doc *event); /* may be NULL; the document stays ours */
    void *context;

    enum child_end end; /* the rest is the result */
    int code;
    char words[400]; /* the last of what it printed, one line */
};

void child_run(struct child *);

/* "crashed: segmentation fault; last words: ..." The caller frees it. */
char *child_reason(const struct child *);

/* The exit code of a child that did not end well; says why, after `what`, unless the child has said it. */
int child_failure(const struct child *, const char *what);

/* SIGINT and SIGTERM end the running child and make child_interrupted() true; a reader of our output who leaves
   ends nothing. */
void child_catch_signals(void);
int child_interrupted(void);

/* On the other side: */
void child_settle(void);            /* main calls it first: be the first to be killed for memory */
struct doc *child_job(void);        /* the job from descriptor 0 */
void child_send(struct doc *event); /* writes and frees it */

#endif
