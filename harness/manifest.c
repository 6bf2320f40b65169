/* manifest.c -- where results come from. The Makefile defines BUILD_VERSION, BUILD_COMPILER, BUILD_FLAGS
   and BUILD_MODE for this file alone. */
#include "manifest.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "machine.h"
#include "text.h"

const char *build_version(void) { return BUILD_VERSION; }

const char *manifest_time(void) {
    static char text[32];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

char *manifest_command(int argc, char *const *argv) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./,:@%^";
    struct text t = {0};
    text_add(&t, "attnbench");
    for (int i = 1; i < argc; i++) {
        if (*argv[i] && argv[i][strspn(argv[i], plain)] == '\0') {
            text_add(&t, " %s", argv[i]);
            continue;
        }
        text_add(&t, " '");
        for (const char *c = argv[i]; *c; c++) text_add(&t, *c == '\'' ? "'\\''" : "%c", *c);
        text_add(&t, "'");
    }
    return t.s;
}

struct doc *manifest_make(const struct doc *plan, const struct run_options *o, const char *command) {
    struct doc *d = doc_object();
    doc_put_num(d, "schema", 1);
    doc_put_str(d, "name", doc_str(plan, "name", ""));
    doc_put_str(d, "question", doc_str(plan, "question", ""));
    doc_put_str(d, "state", "running");
    doc_put_str(d, "command", command);
    doc_put_str(d, "started", manifest_time());
    doc_put_str(d, "source", doc_str(plan, "source", ""));
    doc_put_str(d, "config", doc_str(plan, "config", ""));
    doc_put(d, "plugins", doc_copy(doc_get(plan, "plugins")));
    doc_put(d, "measure", doc_copy(doc_get(plan, "measure")));
    doc_put(d, "absent", doc_copy(doc_get(plan, "absent")));
    if (doc_get(plan, "published")) doc_put(d, "published", doc_copy(doc_get(plan, "published")));
    doc_put_num(d, "points", (double)doc_len(doc_get(plan, "points")));
    doc_put_num(d, "point_timeout_seconds", o->point_timeout);
    doc_put_str(d, "blas_core", o->blas_core ? o->blas_core : "auto");
    doc_put(d, "machine", machine_doc());
    doc_put_str(d, "build.version", BUILD_VERSION);
    doc_put_str(d, "build.compiler", BUILD_COMPILER);
    doc_put_str(d, "build.flags", BUILD_FLAGS);
    doc_put_str(d, "build.mode", BUILD_MODE);
    doc_put_str(d, "openmp.OMP_DYNAMIC", "false");
    doc_put_str(d, "openmp.OMP_PROC_BIND", "close");
    doc_put_str(d, "openmp.OMP_PLACES", "cores");
    return d;
}
