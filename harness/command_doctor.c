/* command_doctor.c -- `attnbench doctor`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "colour.h"
#include "commands.h"
#include "doctor.h"
#include "text.h"

static void print(const struct doc *all) {
    int warnings = 0;
    for (size_t i = 0; i < doc_len(all); i++) {
        const struct doc *one = doc_at(all, i);
        const char *level = doc_str(one, "level", ""), *remedy = doc_str(one, "remedy", NULL);
        warnings += !strcmp(level, "warn");
        colour_word(stdout, -5, level);
        printf(" %-12s %s\n", doc_str(one, "topic", ""), doc_str(one, "finding", ""));
        if (remedy) printf("%-18s -> %s\n", "", remedy);
    }
    if (warnings == 0) puts("\nNothing here spoils a measurement.");
    else printf("\n%d of these spoil%s measurements.\n", warnings, warnings == 1 ? "s" : "");
}

int command_doctor(int argc, char **argv) {
    int json = argc == 2 && !strcmp(argv[1], "--json");
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        puts("usage: attnbench doctor [--json]\n\nWhat on this machine would spoil a measurement, and the "
             "remedy: "
             "ok, note (good to know), warn.");
        return EXIT_FINE;
    }
    if (argc > 1 && !json)
        die(EXIT_USAGE, "unknown option '%s'; doctor takes --json only", argv[argc == 2 ? 1 : 2]);
    child_catch_signals();
    struct doc *all = doctor_findings();
    if (json) doc_print(all, 1);
    else print(all);
    doc_free(all);
    return child_interrupted() ? EXIT_INTERRUPTED : EXIT_FINE;
}
