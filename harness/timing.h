/*
 * timing.h -- the entries of a group timed in turn: how many calls, in which order, and what is repeated.
 *
 * A block is one untimed call and then as many timed ones as fill 10 ms; their mean is one sample. Every round takes all
 * entries that have blocks left, in an order drawn anew. An entry has as many blocks as its share of seconds pays for. A
 * call longer than the share is made once: one sample, flagged. The first calls say how many fill a block, the first block
 * corrects it where they are too few, and is no sample then; a block that lasts too long has fewer calls. A block during which the system took the processor away for more than
 * a fiftieth of its time is a disturbed sample. Behind its blocks an entry that has such samples runs up to a third as many
 * again, one in each round: one that is not disturbed takes the place of a sample that is.
 *
 * Nothing here knows a variant or a process: a call is a function, and the time is that of stopwatch.h, so that tests run
 * all of it on a clock of their own.
 */
#ifndef TIMING_H
#define TIMING_H

#include <stdint.h>

enum { TIMING_BLOCKS = 20 }; /* of an entry, at most */

struct timing_entry {
    const char *id;
    void (*call)(void *with);
    void *with;
    double estimate; /* seconds of a call: what is known before, and then what the first calls say */
    double share;    /* seconds for which it may be timed */

    double samples_ns[TIMING_BLOCKS];
    unsigned char is_disturbed[TIMING_BLOCKS]; /* of each */
    int samples;
    int single;    /* longer than the share: the one sample is the first call */
    int repeated;  /* blocks run in place of disturbed ones */
    int disturbed; /* of the samples */

    double spent;               /* seconds of the share */
    int blocks, calls, repeats; /* left to run; timed calls in each; repetitions left */
    int corrections;            /* of that number of calls, left */
};

struct timing {
    uint64_t seed, replicate;                                  /* of the orders */
    void (*announce)(void *with, const struct timing_entry *); /* whose calls come next */
    void (*sentinel)(void *with); /* opens every round: what the machine gives just then */
    void *with;                   /* theirs */
    long (*switches)(void);       /* how often the system has taken a processor away so far */
};

/* Seconds that an entry of such a call takes at most for its samples, however large its share. */
double timing_most(double call);

void timing_run(const struct timing *, struct timing_entry *, int n);

#endif
