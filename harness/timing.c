/* timing.c -- the entries of a group timed in turn. */
#include "timing.h"

#include <math.h>
#include <stdlib.h>

#include "order.h"
#include "stopwatch.h"
#include "text.h"

enum { STREAM_ORDER = 9 };
static const double SAMPLE_SECONDS = 0.01,
                    OVERHEADS = 1000; /* readings of the clock that a sample outlasts */
static const double DISTURBED = 0.02,
                    SWITCH_SECONDS = 0.003; /* another process keeps a core about that long */

static double timed_calls(const struct timing_entry *e, int calls) {
    int64_t start = stopwatch();
    for (int i = 0; i < calls; i++) e->call(e->with);
    return (double)(stopwatch() - start);
}

/* How many blocks of how many calls the share pays for. */
static void schedule(struct timing_entry *e, double overhead) {
    double sample = fmax(SAMPLE_SECONDS, OVERHEADS * overhead), block;
    sample = fmin(sample, e->share / 3); /* a small share still gives more than one sample */
    e->calls = (int)fmin(fmax(ceil(sample / e->estimate), 1), 1e9);
    block = e->estimate * (e->calls + 1);
    e->blocks = (int)fmin(fmax(floor(e->share / block), 1), TIMING_BLOCKS);
    e->repeats = e->blocks / 3;
}

/* The untimed first call on touched memory corrects what was known before. */
static void estimate(const struct timing *t, struct timing_entry *e, double overhead) {
    t->announce(e->id);
    e->single = e->estimate > e->share;
    if (!e->single) e->estimate = fmax(timed_calls(e, 1), 20) * 1e-9;
    if (!e->single && e->estimate * 1000 < SAMPLE_SECONDS)
        e->estimate = fmax(timed_calls(e, 20) / 20, 1) * 1e-9;
    schedule(e, overhead);
}

static void run_block(const struct timing *t, struct timing_entry *e) {
    t->announce(e->id);
    for (;;) {
        if (!e->single) timed_calls(e, 1);
        long before = t->switches();
        double ns = timed_calls(e, e->calls), lost = (double)(t->switches() - before) * SWITCH_SECONDS;
        int disturbed = lost > DISTURBED * ns * 1e-9;
        if (disturbed && !e->single && e->repeats > 0) {
            e->repeats--;
            e->repeated++;
            continue;
        }
        e->samples_ns[e->samples++] = ns / e->calls;
        e->disturbed += disturbed;
        e->blocks--;
        return;
    }
}

void timing_run(const struct timing *t, struct timing_entry *all, int n) {
    double overhead = (double)stopwatch_overhead() * 1e-9;
    int *order = xmalloc((size_t)n * sizeof *order), left = 1;
    for (int i = 0; i < n; i++) estimate(t, &all[i], overhead);
    for (uint64_t round = 0; left; round++) {
        t->sentinel(t->with);
        order_draw(t->seed, STREAM_ORDER, t->replicate * TIMING_BLOCKS + round, n, order);
        left = 0;
        for (int i = 0; i < n; i++) {
            struct timing_entry *e = &all[order[i]];
            if (e->blocks > 0) run_block(t, e);
            left |= e->blocks > 0;
        }
    }
    free(order);
}
