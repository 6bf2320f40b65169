/* timing.c -- the entries of a group timed in turn. */
#include "timing.h"

#include <math.h>
#include <stdlib.h>

#include "order.h"
#include "stopwatch.h"
#include "text.h"

enum { STREAM_ORDER = 9, ROUNDS = 2 * TIMING_BLOCKS }; /* of a replicate, at most */
enum { ESTIMATES = 5, CORRECTIONS = 3, SAMPLES_MIN = 3 };
static const double ESTIMATE_SHARE = 0.25, /* of an entry's seconds */
    OFF = 1.25,                            /* a number of calls wrong by more is corrected */
    OVERRUN = 1.5;                         /* of that share */
static const double SAMPLE_SECONDS = 0.01,
                    OVERHEADS = 1000, /* readings of the clock that a sample outlasts, */
    LOOKS = 5000;                     /* and calls between two looks at it */
static const double DISTURBED = 0.02,
                    SWITCH_SECONDS = 0.003; /* another process keeps a core about that long */

double timing_most(double call) { return TIMING_BLOCKS * (SAMPLE_SECONDS + 2 * call); }

static double timed_calls(const struct timing_entry *e, int calls) {
    int64_t start = stopwatch();
    for (int i = 0; i < calls; i++) e->call(e->with);
    return (double)(stopwatch() - start);
}

static double block_seconds(const struct timing_entry *e, double overhead) {
    double seconds = fmax(SAMPLE_SECONDS, OVERHEADS * overhead);
    return fmin(seconds, e->share / 3); /* a small share still gives more than one sample */
}

/* Calls of `seconds` each that fill a block. */
static int calls_of(const struct timing_entry *e, double seconds, double overhead) {
    return (int)fmin(fmax(ceil(block_seconds(e, overhead) / seconds), 1), 1e9);
}

/* How many blocks of how many calls are paid for by what is left of the share. */
static void schedule(struct timing_entry *e, double overhead) {
    e->calls = calls_of(e, e->estimate, overhead);
    double block = e->estimate * (e->calls + 1);
    e->blocks = (int)fmin(fmax(floor((e->share - e->spent) / block), 1), TIMING_BLOCKS);
    e->repeats = e->blocks / 3;
}

/* Seconds of a call, the least of several runs of so many: the first call of a process pays for cold code, and any may
   lose the processor. */
static double least(struct timing_entry *e, int calls) {
    double shortest = (double)INFINITY;
    for (int i = 0; i < ESTIMATES; i++) {
        if (i > 0 && e->spent + shortest * calls > ESTIMATE_SHARE * e->share) break;
        double seconds = timed_calls(e, calls) * 1e-9;
        e->spent += seconds;
        shortest = fmin(shortest, seconds / calls);
    }
    return shortest;
}

/* Untimed first calls on touched memory correct what was known before. */
static void estimate(const struct timing *t, struct timing_entry *e, double overhead) {
    t->announce(t->with, e);
    e->single = e->estimate > e->share;
    if (!e->single) e->estimate = fmax(least(e, 1), 20e-9);
    if (!e->single && e->estimate * 1000 < SAMPLE_SECONDS) e->estimate = fmax(least(e, 20), 1e-9);
    e->corrections = CORRECTIONS;
    schedule(e, overhead);
}

/* Until an entry has its first sample, a block that is far too short for its calls makes the schedule anew. */
static int is_corrected(struct timing_entry *e, double seconds, double overhead) {
    if (e->single || e->samples > 0 || e->corrections == 0) return 0;
    if (calls_of(e, seconds, overhead) <= OFF * e->calls) return 0;
    e->corrections--;
    e->estimate = seconds;
    schedule(e, overhead);
    return 1;
}

static void add(struct timing_entry *e, double ns, int disturbed) {
    e->blocks--;
    e->is_disturbed[e->samples] = (unsigned char)disturbed;
    e->samples_ns[e->samples++] = ns;
    e->disturbed += disturbed;
}

/* A repetition; where it is disturbed as well, the sample that it was run for stays. */
static void replace(struct timing_entry *e, double ns, int disturbed) {
    int i = 0;
    e->repeats--;
    e->repeated++;
    if (disturbed) return;
    while (!e->is_disturbed[i]) i++;
    e->is_disturbed[i] = 0;
    e->samples_ns[i] = ns;
    e->disturbed--;
}

/* Nanoseconds of a call in a block of them. Where neighbours make them slower than they were estimated, it is cut short, so that
   blocks of all entries are as long: the longer a block, the more of it is lost to others. */
static double timed_block(const struct timing_entry *e, double overhead) {
    double most = OFF * block_seconds(e, overhead) * 1e9, ns;
    int step = (int)fmax(fmin(LOOKS * overhead / e->estimate, e->calls), 1), done = 0;
    int64_t start = stopwatch();
    do {
        for (int i = 0; i < step && done < e->calls; i++, done++) e->call(e->with);
        ns = (double)(stopwatch() - start);
    } while (done < e->calls && ns < most);
    return ns / done;
}

static void run_block(const struct timing *t, struct timing_entry *e, double overhead) {
    double start = stopwatch_seconds(), seconds;
    t->announce(t->with, e);
    if (!e->single) timed_calls(e, 1);
    long before = t->switches();
    double opened = stopwatch_seconds(), ns = timed_block(e, overhead);
    seconds = stopwatch_seconds() - opened;
    int disturbed = (double)(t->switches() - before) * SWITCH_SECONDS > DISTURBED * seconds;
    e->spent += opened + seconds - start;
    if (is_corrected(e, ns * 1e-9, overhead)) return;
    if (e->blocks > 0) add(e, ns, disturbed);
    else replace(e, ns, disturbed);
}

/* Where calls are slower than they were estimated, time may be up before the blocks are. */
static int is_pending(const struct timing_entry *e) {
    if (e->samples >= SAMPLES_MIN && e->spent > OVERRUN * e->share) return 0;
    return e->blocks > 0 || (e->repeats > 0 && e->disturbed > 0);
}

void timing_run(const struct timing *t, struct timing_entry *all, int n) {
    double overhead = (double)stopwatch_overhead() * 1e-9;
    int *order = xmalloc((size_t)n * sizeof *order), left = 1;
    for (int i = 0; i < n; i++) estimate(t, &all[i], overhead);
    for (uint64_t round = 0; left; round++) {
        t->sentinel(t->with);
        order_draw(t->seed, STREAM_ORDER, t->replicate * ROUNDS + round, n, order);
        left = 0;
        for (int i = 0; i < n; i++) {
            struct timing_entry *e = &all[order[i]];
            if (is_pending(e)) run_block(t, e, overhead);
            left |= is_pending(e);
        }
    }
    free(order);
}
