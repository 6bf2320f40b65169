/* same_machine.c -- may the times of two runs be compared? */
#include "same_machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum weight {
    NOTED,   /* may explain a difference */
    BUILD,   /* the same, and rows of one run shall have it in common */
    MACHINE, /* times that differ in it tell nothing about the code */
};

static const struct {
    const char *path, *what;
    enum weight weight;
} fields[] = {
    {"machine.architecture", "architecture", MACHINE},
    {"machine.cpu", "CPU", MACHINE},
    {"machine.usable_cores", "usable cores", MACHINE},
    {"machine.caches", "caches", MACHINE},
    {"machine.isa", "instruction sets", MACHINE},
    {"machine.governor", "clock governor", MACHINE},
    {"machine.huge_pages", "transparent huge pages", MACHINE},
    {"machine.host", "host", NOTED},
    {"machine.kernel", "system kernel", NOTED},
    {"build.compiler", "compiler", BUILD},
    {"build.flags", "flags of the compiler", BUILD},
    {"build.mode", "build mode", BUILD},
    {"measure.what", "what is measured", NOTED},
    {"measure.replicates", "processes a point", NOTED},
    {"measure.rows", "rows judged", NOTED},
    {"measure.max_seconds", "seconds a point", NOTED},
    {"openmp", "OpenMP settings", NOTED},
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* Sizes of memory within this factor are one class: firmware and kernels keep different shares for themselves. */
static const double MEMORY_FACTOR = 1.25;

static char *show(const struct doc *x) {
    const char *word = doc_as_str(x);
    if (doc_is_number(x)) return format("%g", doc_as_num(x));
    return word ? xstrdup(word) : x ? doc_text(x, 0) : xstrdup("unknown");
}

struct pair { /* of manifests, and what a sentence calls them */
    const struct doc *a, *b;
    const char *in_a, *in_b;
};

/* Takes the texts over. */
static void differ(const struct pair *p, struct doc *list, const char *what, char *a, char *b) {
    char *text = format("%s: %s %s, %s %s", what, a, p->in_a, b, p->in_b);
    doc_add(list, doc_string(text));
    free(text), free(a), free(b);
}

static void compare_field(const struct pair *p, const char *path, const char *what, struct doc *list) {
    char *a = show(doc_get(p->a, path)), *b = show(doc_get(p->b, path));
    if (strcmp(a, b)) differ(p, list, what, a, b);
    else free(a), free(b);
}

static void compare_memory(const struct pair *p, struct doc *refused) {
    double a = doc_num(p->a, "machine.memory_bytes", 0), b = doc_num(p->b, "machine.memory_bytes", 0);
    if (!(a > 0) || !(b > 0)) return; /* earlier builds did not write it */
    if (fmax(a, b) > MEMORY_FACTOR * fmin(a, b))
        differ(p, refused, "memory", xstrdup(show_bytes(a)), xstrdup(show_bytes(b)));
}

/* The kernels that OpenBLAS chose, for each number of threads that both have. */
static void compare_blas(const struct pair *p, struct doc *noted) {
    const struct doc *ceilings = doc_get(p->a, "ceilings");
    for (size_t i = 0; i < doc_len(ceilings); i++) {
        const char *threads = doc_key(ceilings, i);
        char *path = format("ceilings.%s.blas.config", threads), *at = format("ceilings.%s", threads);
        if (doc_get(p->b, at)) compare_field(p, path, "OpenBLAS", noted);
        free(path), free(at);
    }
}

void same_machine(const struct doc *a, const struct doc *b, struct doc *refused, struct doc *noted) {
    const struct pair p = {a, b, "in A", "in B"};
    for (size_t i = 0; i < FIELDS; i++)
        compare_field(&p, fields[i].path, fields[i].what, fields[i].weight == MACHINE ? refused : noted);
    compare_memory(&p, refused);
    compare_blas(&p, noted);
}

void same_session(const struct doc *earlier, const struct doc *now, struct doc *refused) {
    const struct pair p = {earlier, now, "then", "now"};
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].weight != NOTED) compare_field(&p, fields[i].path, fields[i].what, refused);
    compare_memory(&p, refused);
    compare_field(&p, "build.version", "version of attnbench", refused);
    if (doc_get(earlier, "blas_core")) /* earlier builds did not write it */
        compare_field(&p, "blas_core", "--blas-core", refused);
}
