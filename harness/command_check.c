/* command_check.c -- `attnbench check`: each variant in a process of its own, which may crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "child.h"
#include "commands.h"
#include "isa.h"
#include "registry.h"
#include "stopwatch.h"
#include "text.h"

/* ---- the child ---------------------------------------------------------------------------------- */

static void send_begin(const char *what) {
    struct doc *d = doc_object();
    doc_put_str(d, "case", what);
    child_send(d);
}

static void send_fail(const char *promise, const char *detail) {
    struct doc *d = doc_object();
    doc_put_str(d, "promise", promise);
    doc_put_str(d, "detail", detail);
    child_send(d);
}

int command_check_child(int argc, char **argv) {
    const struct attn_variant *v = argc == 2 ? registry_find(argv[1]) : NULL;
    child_settle();
    if (!v) die(EXIT_USAGE, "this command is for the program's own use");
    char *reason;
    int isa = isa_forced(&reason);
    if (isa < 0) die(EXIT_USAGE, "%s", reason);
    long checks = check_variant(v, isa, send_begin, send_fail);
    struct doc *d = doc_object();
    doc_put_num(d, "checks", (double)checks);
    child_send(d);
    return EXIT_FINE;
}

/* ---- the parent --------------------------------------------------------------------------------- */

struct verdict {
    const char *name;
    char *at; /* the case under way */
    long checks;
    int broken;
};

static void listen(void *context, struct doc *event) {
    struct verdict *v = context;
    if (doc_get(event, "case")) {
        free(v->at);
        v->at = xstrdup(doc_str(event, "case", ""));
    } else if (doc_get(event, "promise")) {
        printf("%-11s BROKEN %s: %s\n", v->name, doc_str(event, "promise", ""), doc_str(event, "detail", ""));
        v->broken++;
    } else {
        v->checks = (long)doc_num(event, "checks", 0);
    }
}

static int check_one(const struct attn_variant *v) {
    const char *arguments[] = {"check-child", v->name, NULL};
    struct verdict verdict = {.name = v->name};
    struct child c = {.arguments = arguments,
                      .data = -1,
                      .threads = 3,
                      .silence = 30,
                      .event = listen,
                      .context = &verdict};
    double start = stopwatch_seconds();
    child_run(&c);
    if (c.end != CHILD_DONE) {
        char *reason = child_reason(&c);
        printf("%-11s BROKEN survival: %s; in %s\n", v->name, reason,
               verdict.at ? verdict.at : "its first case");
        free(reason);
        verdict.broken++;
    }
    if (!verdict.broken)
        printf("%-11s ok     %ld checks in %s\n", v->name, verdict.checks,
               show_seconds(stopwatch_seconds() - start));
    fflush(stdout);
    free(verdict.at);
    return verdict.broken;
}

int command_check(int argc, char **argv) {
    int broken = 0;
    child_catch_signals();
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        puts("usage: attnbench check [VARIANT...]\n\n"
             "Holds variants, or all of them, to their contract: definition in double, masks, shapes, "
             "strides,\n"
             "guard pages, threads, causality, NaN in masked keys. Exit code 1 where a promise is broken.");
        return EXIT_FINE;
    }
    for (int i = 1; i < argc; i++)
        if (!registry_find(argv[i]))
            die(EXIT_USAGE, "no variant '%s'; %s", argv[i], registry_suggest(argv[i]));
    char *reason;
    if (isa_forced(&reason) < 0) die(EXIT_USAGE, "%s", reason);
    for (int i = 1; i < argc; i++) broken += check_one(registry_find(argv[i]));
    for (size_t i = 0; argc == 1 && i < registry_count() && !child_interrupted(); i++)
        broken += check_one(registry_at(i));
    if (child_interrupted()) return EXIT_INTERRUPTED;
    return broken ? EXIT_REGRESSION : EXIT_FINE;
}
