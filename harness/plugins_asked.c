/* plugins_asked.c -- the `--plugin FILE.so` of a command line. */
#include "plugins_asked.h"

#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "plugin.h"
#include "registry.h"
#include "text.h"

static const char option[] = "--plugin";

static const char **files;
static size_t nfiles;
static struct doc *roster;
static char *suspect;

void plugins_asked_take(int *argc, char **argv) {
    size_t length = strlen(option);
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        const char *file = NULL;
        if (!strncmp(argv[i], option, length) && argv[i][length] == '=') file = argv[i] + length + 1;
        else if (!strcmp(argv[i], option)) file = i + 1 < *argc ? argv[++i] : "";
        else argv[kept++] = argv[i];
        if (!file) continue;
        if (!*file) die(EXIT_USAGE, "%s needs a file, for example --plugin ./mine.so", option);
        files = xrealloc(files, (nfiles + 1) * sizeof *files);
        files[nfiles++] = file;
    }
    *argc = kept;
    argv[kept] = NULL;
}

size_t plugins_asked_count(void) { return nfiles; }
const char *plugins_asked_at(size_t index) { return files[index]; }

void plugins_asked_announce(const char *path) {
    struct doc *d = doc_object();
    doc_put_str(d, "loading", path);
    child_send(d);
}

int plugins_asked_heard(const struct doc *event) {
    const char *path = doc_str(event, "loading", NULL);
    if (!path) return 0;
    free(suspect);
    suspect = xstrdup(path);
    return 1;
}

const char *plugins_asked_suspect(void) { return suspect; }

void plugins_asked_load(int is_child) {
    struct attn_error error;
    for (size_t i = 0; i < nfiles; i++) {
        if (is_child) plugins_asked_announce(files[i]);
        if (plugin_load(files[i], &error)) die(EXIT_USAGE, "%s", error.text);
    }
}

int plugins_asked_child(int argc, char **argv) {
    struct doc *answer = doc_object(), *variants = doc_array();
    (void)argc, (void)argv;
    for (size_t i = 0; i < registry_count(); i++) {
        const char *path = registry_plugin(registry_at(i), NULL);
        if (!path) continue;
        struct doc *one = doc_object();
        doc_put_str(one, "name", registry_at(i)->name);
        doc_put_str(one, "plugin", path);
        doc_add(variants, one);
    }
    doc_put(answer, "variants", variants);
    child_send(answer);
    return EXIT_FINE;
}

static void listen(void *context, struct doc *event) {
    (void)context;
    if (plugins_asked_heard(event)) return;
    doc_free(roster);
    roster = doc_copy(doc_get(event, "variants"));
}

void plugins_asked_try(void) {
    static const char *const arguments[] = {"roster-child", NULL};
    struct child c = {.arguments = arguments,
                      .data = -1,
                      .with_plugins = 1,
                      .silence = 10,
                      .pass_output = 1,
                      .event = listen};
    roster = doc_array();
    if (!nfiles) return;
    child_run(&c);
    if (c.end == CHILD_DONE) return;
    if (c.end == CHILD_FAILED && c.code == EXIT_USAGE) exit(EXIT_USAGE); /* it has said why */
    char *reason = child_reason(&c);
    die(EXIT_USAGE, "plugin %s: could not even be loaded: %s", suspect ? suspect : files[0], reason);
}

const struct doc *plugins_asked_roster(void) { return roster; }
