/* command_check.c -- `attnbench check`: each variant in a process of its own, which may crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "child.h"
#include "commands.h"
#include "isa.h"
#include "plugins_asked.h"
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

static int check_one(const char *name) {
    const char *arguments[] = {"check-child", name, NULL};
    struct verdict verdict = {.name = name};
    struct child c = {.arguments = arguments,
                      .data = -1,
                      .threads = 3,
                      .silence = 30,
                      .with_plugins = 1,
                      .event = listen,
                      .context = &verdict};
    double start = stopwatch_seconds();
    child_run(&c);
    if (c.end != CHILD_DONE) {
        char *reason = child_reason(&c);
        printf("%-11s BROKEN survival: %s; in %s\n", name, reason,
               verdict.at ? verdict.at : "its first case");
        free(reason);
        verdict.broken++;
    }
    if (!verdict.broken)
        printf("%-11s ok     %ld checks in %s\n", name, verdict.checks,
               show_seconds(stopwatch_seconds() - start));
    fflush(stdout);
    free(verdict.at);
    return verdict.broken;
}

/* The variants of the program and of the plugins: the parent opens no plugin. */
static struct doc *roster(void) {
    const struct doc *plugged = plugins_asked_roster();
    struct doc *names = doc_array();
    for (size_t i = 0; i < registry_count(); i++) doc_add(names, doc_string(registry_at(i)->name));
    for (size_t i = 0; i < doc_len(plugged); i++)
        doc_add(names, doc_string(doc_str(doc_at(plugged, i), "name", "")));
    return names;
}

static void require(const struct doc *all, const char *name) {
    if (doc_has_word(all, name)) return;
    const char **names = xmalloc(doc_len(all) * sizeof *names);
    for (size_t i = 0; i < doc_len(all); i++) names[i] = doc_as_str(doc_at(all, i));
    die(EXIT_USAGE, "no variant '%s'; %s", name, suggestion(name, names, doc_len(all)));
}

int command_check(int argc, char **argv) {
    int broken = 0;
    char *reason;
    struct doc *all = roster();
    size_t first =
        plugins_asked_count() ? registry_count() : 0; /* without names: those of the plugins, or all */
    child_catch_signals();
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        puts("usage: attnbench check [VARIANT...]\n\n"
             "Holds variants, or all of them, to their contract: definition in double, masks, shapes, "
             "strides,\n"
             "guard pages, threads, causality, NaN in masked keys. Exit code 1 where a promise is broken.");
        return EXIT_FINE;
    }
    for (int i = 1; i < argc; i++) require(all, argv[i]);
    if (isa_forced(&reason) < 0) die(EXIT_USAGE, "%s", reason);
    for (int i = 1; i < argc; i++) broken += check_one(argv[i]);
    for (size_t i = first; argc == 1 && i < doc_len(all) && !child_interrupted(); i++)
        broken += check_one(doc_as_str(doc_at(all, i)));
    doc_free(all);
    if (child_interrupted()) return EXIT_INTERRUPTED;
    return broken ? EXIT_REGRESSION : EXIT_FINE;
}
