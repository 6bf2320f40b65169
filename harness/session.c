/* session.c -- the sessions of a run. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "same_machine.h"

struct doc *session_differences(const struct doc *earlier, const struct doc *now) {
    struct doc *differences = doc_array();
    same_session(earlier, now, differences);
    return differences;
}

/* ---- one manifest out of two ------------------------------------------------------------------------ */

/* Puts a copy of the member into `to`, where `from` has it. */
static void take(struct doc *to, const struct doc *from, const char *key) {
    if (doc_get(from, key)) doc_put(to, key, doc_copy(doc_get(from, key)));
}

/* What the manifest of one session says of that session alone. */
static struct doc *summary(const struct doc *manifest) {
    static const char *const keys[] = {"started",     "finished",     "state",  "exit_code",   "command",
                                       "points_done", "wall_seconds", "phases", "differences", "blas_core"};
    struct doc *d = doc_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) take(d, manifest, keys[i]);
    doc_put_str(d, "build", doc_str(manifest, "build.version", NULL));
    if (doc_get(manifest, "machine.load")) doc_put_num(d, "load", doc_num(manifest, "machine.load", 0));
    return d;
}

/* The sessions before this one; a manifest without a list of them is that of one. */
static struct doc *sessions_of(const struct doc *earlier) {
    struct doc *all = doc_array();
    const struct doc *listed = doc_get(earlier, "sessions");
    for (size_t i = 0; i < doc_len(listed); i++) doc_add(all, doc_copy(doc_at(listed, i)));
    if (!doc_len(listed) && earlier) doc_add(all, summary(earlier));
    for (size_t i = 0; i < doc_len(all); i++) /* nothing but this session is alive, for it has the lock */
        if (!strcmp(doc_str(doc_at(all, i), "state", ""), "running"))
            doc_put_str(doc_at(all, i), "state", "killed");
    return all;
}

/* Sums of what the sessions took. One that was killed left no word of it. */
static void add_up(struct doc *run, const struct doc *sessions) {
    struct doc *phases = doc_object();
    double wall = 0;
    int known = 0;
    for (size_t i = 0; i < doc_len(sessions); i++) {
        const struct doc *one = doc_at(sessions, i), *spent = doc_get(one, "phases");
        known |= doc_get(one, "wall_seconds") != NULL;
        wall += doc_num(one, "wall_seconds", 0);
        for (size_t k = 0; k < doc_len(spent); k++) {
            const char *phase = doc_key(spent, k);
            doc_put_num(phases, phase, doc_num(phases, phase, 0) + doc_as_num(doc_at(spent, k)));
        }
    }
    if (known) doc_put_num(run, "wall_seconds", wall);
    if (doc_len(phases)) doc_put(run, "phases", phases);
    else doc_free(phases);
}

struct doc *session_join(const struct doc *earlier, const struct doc *now) {
    static const char *const firsts[] = {"started", "command", "machine", "build", "blas_core"};
    struct doc *run = doc_copy(now), *sessions = sessions_of(earlier), *ceilings = doc_object();
    const struct doc *both[] = {doc_get(earlier, "ceilings"), doc_get(now, "ceilings")};
    for (size_t i = 0; earlier && i < sizeof firsts / sizeof *firsts; i++) take(run, earlier, firsts[i]);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < doc_len(both[i]); k++)
            doc_put(ceilings, doc_key(both[i], k), doc_copy(doc_at(both[i], k)));
    doc_put(run, "ceilings", ceilings);
    doc_add(sessions, summary(now));
    add_up(run, sessions);
    doc_drop(run, "points_done");
    doc_drop(run, "differences");
    doc_put(run, "sessions", sessions);
    return run;
}
