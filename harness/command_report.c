/* command_report.c -- `attnbench report`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "report.h"
#include "results.h"
#include "text.h"

struct report_options {
    const char *dir, *output; /* output NULL: DIR/report.html */
};

static void print_help(void) {
    puts("usage: attnbench report DIR [options]\n\n"
         "Writes one page of HTML on a folder of results: verdicts, curves, warnings and a table of all "
         "rows.\n"
         "It needs nothing but a browser, no network either.\n\n"
         "  -o, --output FILE.html  write there instead of DIR/report.html\n"
         "  -h, --help              this text");
}

/* 0 where help was asked for. */
static int parse(int argc, char **argv, struct report_options *o) {
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!strcmp(word, "--help") || !strcmp(word, "-h")) return 0;
        if (!strcmp(word, "-o") || !strcmp(word, "--output")) {
            if (++i == argc || !*argv[i]) die(EXIT_USAGE, "%s needs a value, the file to write", word);
            o->output = argv[i];
        } else if (!strncmp(word, "--output=", 9) && word[9]) o->output = word + 9;
        else if (word[0] == '-' && word[1])
            die(EXIT_USAGE, "unknown option '%s'; report takes -o FILE.html only", word);
        else if (o->dir) die(EXIT_USAGE, "report takes one folder; '%s' is one too many", word);
        else o->dir = word;
    }
    if (!o->dir) die(EXIT_USAGE, "report needs a folder, for example 'attnbench report results/quick'");
    return 1;
}

/* Writes the page to the path, or to report.html in the folder; returns the path, NULL after a warning. */
static char *write_page(const struct report_options *o, const char *page) {
    char *path = o->output ? xstrdup(o->output) : format("%s/report.html", o->dir), *folder = xstrdup(path);
    char *slash = strrchr(folder, '/');
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (slash) slash[slash == folder] = '\0'; /* "/x.html" is in "/" */
    int failed = results_write(slash ? folder : ".", name, page);
    if (failed) warn("cannot write %s: %s; name another file with -o", path, strerror(errno));
    free(folder);
    if (!failed) return path;
    free(path);
    return NULL;
}

int command_report(int argc, char **argv) {
    struct report_options o = {0};
    if (!parse(argc, argv, &o)) {
        print_help();
        return EXIT_FINE;
    }
    struct doc *rows = results_read(o.dir);
    char *page = report_page(o.dir, rows), *path = page ? write_page(&o, page) : NULL;
    if (path) puts(path);
    int code = path ? EXIT_FINE : EXIT_USAGE;
    doc_free(rows);
    free(page);
    free(path);
    return code;
}
