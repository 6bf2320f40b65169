/* same_machine.c -- may the times of two runs be compared? */
#include "same_machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const struct {
    const char *path, *what;
    int refused;
} fields[] = {
    {"machine.architecture", "architecture", 1},
    {"machine.cpu", "CPU", 1},
    {"machine.usable_cores", "usable cores", 1},
    {"machine.caches", "caches", 1},
    {"machine.isa", "instruction sets", 1},
    {"machine.governor", "clock governor", 1},
    {"machine.huge_pages", "transparent huge pages", 1},
    {"machine.host", "host", 0},
    {"machine.kernel", "system kernel", 0},
    {"build.compiler", "compiler", 0},
    {"build.flags", "flags of the compiler", 0},
    {"build.mode", "build mode", 0},
    {"measure.what", "what is measured", 0},
    {"measure.replicates", "processes a point", 0},
    {"measure.rows", "rows judged", 0},
    {"measure.max_seconds", "seconds a point", 0},
    {"openmp", "OpenMP settings", 0},
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* Sizes of memory within this factor are one class: firmware and kernels keep different shares for themselves. */
static const double MEMORY_FACTOR = 1.25;

static char *show(const struct doc *x) {
    const char *word = doc_as_str(x);
    if (doc_is_number(x)) return format("%g", doc_as_num(x));
    return word ? xstrdup(word) : x ? doc_text(x, 0) : xstrdup("unknown");
}

/* Takes the texts over. */
static void differ(struct doc *list, const char *what, char *before, char *now) {
    char *text = format("%s: %s in A, %s in B", what, before, now);
    doc_add(list, doc_string(text));
    free(text), free(before), free(now);
}

static void compare_field(const struct doc *a, const struct doc *b, const char *path, const char *what,
                          struct doc *list) {
    char *before = show(doc_get(a, path)), *now = show(doc_get(b, path));
    if (strcmp(before, now)) differ(list, what, before, now);
    else free(before), free(now);
}

static void compare_memory(const struct doc *a, const struct doc *b, struct doc *refused) {
    double before = doc_num(a, "machine.memory_bytes", 0), now = doc_num(b, "machine.memory_bytes", 0);
    if (!(before > 0) || !(now > 0)) return; /* earlier builds did not write it */
    if (fmax(before, now) > MEMORY_FACTOR * fmin(before, now))
        differ(refused, "memory", xstrdup(show_bytes(before)), xstrdup(show_bytes(now)));
}

/* The kernels that OpenBLAS chose, for each number of threads that both have. */
static void compare_blas(const struct doc *a, const struct doc *b, struct doc *noted) {
    const struct doc *ceilings = doc_get(a, "ceilings");
    for (size_t i = 0; i < doc_len(ceilings); i++) {
        const char *threads = doc_key(ceilings, i);
        char *path = format("ceilings.%s.blas.config", threads), *at = format("ceilings.%s", threads);
        if (doc_get(b, at)) compare_field(a, b, path, "OpenBLAS", noted);
        free(path), free(at);
    }
}

void same_machine(const struct doc *a, const struct doc *b, struct doc *refused, struct doc *noted) {
    for (size_t i = 0; i < FIELDS; i++)
        compare_field(a, b, fields[i].path, fields[i].what, fields[i].refused ? refused : noted);
    compare_memory(a, b, refused);
    compare_blas(a, b, noted);
}
