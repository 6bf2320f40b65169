/* compare_facts.c -- what two rows of one point differ in besides time. */
#include "compare_facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Resident memory comes in pages and depends on what the libraries did before. */
static const double HWM_SHARE = 0.1, HWM_BYTES = 1 << 20;

/* Other instruction sets and orders of summation move the rounding; this is more. Below a hundredth of the
   bound nobody asks. */
static const double ERROR_FACTOR = 2, ERROR_OF_BOUND = 0.01;

/* Takes the text over. */
static void add(struct doc *changes, const char *field, const char *kind, char *text) {
    struct doc *d = doc_object();
    doc_put_str(d, "field", field);
    doc_put_str(d, "kind", kind);
    doc_put_str(d, "text", text);
    doc_add(changes, d);
    free(text);
}

static int both(const struct doc *a, const struct doc *b, const char *path) {
    return doc_is_number(doc_get(a, path)) && doc_is_number(doc_get(b, path));
}

/* Compares the status; 1 where both are ok, so that there is more to compare. */
static int status(struct doc *changes, const struct doc *a, const struct doc *b) {
    const char *before = doc_str(a, "status", ""), *now = doc_str(b, "status", "");
    int was = !strcmp(before, "ok"), is = !strcmp(now, "ok");
    const char *reason = doc_str(is ? a : b, "reason", "no reason given");
    if (strcmp(before, now))
        add(changes, "status",
            was  ? "worse"
            : is ? "better"
                 : "note",
            format("%s -> %s%s (%s)", before, now, is ? ", before" : "", reason));
    return was && is;
}

static void add_bytes(struct doc *changes, const char *field, double before, double now) {
    double by = now - before;
    add(changes, field, by > 0 ? "worse" : "better",
        format("%s -> %s (%s%.0f bytes)", show_bytes(before), show_bytes(now), by > 0 ? "+" : "", by));
}

static void memory(struct doc *changes, const struct doc *a, const struct doc *b) {
    static const char *const given[] = {"memory.state_bytes", "memory.scratch_bytes"};
    double before = 0, now = 0;
    for (int i = 0; i < 2; i++) before += doc_num(a, given[i], 0), now += doc_num(b, given[i], 0);
    if (both(a, b, given[0]) && both(a, b, given[1]) && before != now)
        add_bytes(changes, "memory.state_bytes + memory.scratch_bytes", before, now);
    if (!both(a, b, "memory.hwm_bytes")) return;
    before = doc_num(a, "memory.hwm_bytes", 0);
    now = doc_num(b, "memory.hwm_bytes", 0);
    if (fabs(now - before) > HWM_BYTES + HWM_SHARE * fmin(before, now))
        add_bytes(changes, "memory.hwm_bytes", before, now);
}

static char *show_change(double before, double now) { return format("%.3g -> %.3g", before, now); }

static void definition(struct doc *changes, const struct doc *a, const struct doc *b) {
    const char *path = "accuracy.definition.rel_fro";
    double bound = doc_num(b, "accuracy.definition.bound", (double)INFINITY);
    if (!doc_is_number(doc_get(b, path))) {
        if (doc_is_number(doc_get(a, path))) add(changes, path, "note", xstrdup("measured in A alone"));
        return;
    }
    double now = doc_num(b, path, 0), before = doc_num(a, path, now);
    if (now > bound) add(changes, path, "worse", format("%.3g, beyond its bound of %.3g", now, bound));
    else if (now > ERROR_FACTOR * before && now > ERROR_OF_BOUND * bound)
        add(changes, path, "worse", show_change(before, now));
    else if (before > ERROR_FACTOR * now && before > ERROR_OF_BOUND * bound)
        add(changes, path, "better", show_change(before, now));
}

/*
 * The seed is part of the id, so a mechanism gives the same numbers in both runs but for its implementation
 * errors, which are relative to an output of norm 1 + distance at most (softmax being 1). Two distances
 * further apart than these allow mean another mechanism: other features, weights or blocks.
 */
static void distance(struct doc *changes, const struct doc *a, const struct doc *b) {
    const char *path = "accuracy.softmax.rel_fro", *error = "accuracy.definition.rel_fro";
    if (!both(a, b, path)) return;
    if (doc_num(a, "accuracy.rows", 0) != doc_num(b, "accuracy.rows", 0)) {
        add(changes, path, "note", xstrdup("not compared: other rows were judged"));
        return;
    }
    double before = doc_num(a, path, 0), now = doc_num(b, path, 0);
    double allowed = (doc_num(a, error, 0) + doc_num(b, error, 0)) * (1 + fmax(before, now)) + 1e-12;
    if (fabs(now - before) > allowed)
        add(changes, path, "worse",
            format("%.6g -> %.6g: another result than before, by more than rounding", before, now));
}

void compare_facts(struct doc *changes, const struct doc *a, const struct doc *b) {
    if (!status(changes, a, b)) return;
    memory(changes, a, b);
    definition(changes, a, b);
    distance(changes, a, b);
}
