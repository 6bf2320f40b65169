/* command_report.c -- `attnbench report`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "attn.h"
#include "commands.h"
#include "draft.h"
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
         "  -o, --output FILE.html  write there instead of DIR/report.html; - is stdout\n"
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

/* The file that the page goes to, behind all links; ends the program where that is none to be written over. The
   caller frees it. */
static char *find_target(const struct report_options *o) {
    char *path = o->output ? xstrdup(o->output) : format("%s/report.html", o->dir), *real;
    struct stat st;
    if (lstat(path, &st)) return path; /* whatever is wrong with a new name, writing tells */
    if (stat(path, &st))
        die(EXIT_USAGE, "cannot write %s: it is a link to no file; remove it, or name another with -o", path);
    if (!S_ISREG(st.st_mode))
        die(EXIT_USAGE,
            "cannot write %s: it exists and is no regular file; name another with -o, or - for stdout", path);
    real = realpath(path, NULL);
    if (!real) die(EXIT_USAGE, "cannot write %s: %s; name another with -o", path, strerror(errno));
    if (results_owns(o->dir, real))
        die(EXIT_USAGE, "cannot write %s: the page is made from it; name another with -o", path);
    free(path);
    return real;
}

/* Fills the draft. -1 with errno where that fails. */
static int fill(const char *draft, const char *page) {
    size_t n = strlen(page);
    FILE *f = fopen(draft, "w");
    int failed = !f || fwrite(page, 1, n, f) != n;
    if (f && fclose(f)) failed = 1;
    return failed ? -1 : 0;
}

/* Writes the page whole or not at all; -1 after a warning. */
static int write_page(const char *path, const char *page) {
    struct draft draft;
    struct attn_error error;
    int failed = draft_open(&draft, path, &error);
    if (!failed && fill(draft.path, page)) {
        snprintf(error.text, sizeof error.text, "%s", strerror(errno));
        draft_discard(&draft);
        failed = -1;
    } else if (!failed) failed = draft_keep(&draft, &error);
    if (failed)
        warn("cannot write %s: %s%s name another file with -o", path, error.text,
             strchr(error.text, ';') ? ", or" : ";");
    return failed;
}

int command_report(int argc, char **argv) {
    struct report_options o = {0};
    if (!parse(argc, argv, &o)) {
        print_help();
        return EXIT_FINE;
    }
    struct doc *rows = results_read(o.dir);
    int to_stdout = o.output && !strcmp(o.output, "-"), failed;
    char *target = to_stdout ? NULL : find_target(&o), *page = report_page(o.dir, rows);
    if (to_stdout) failed = fputs(page, stdout) < 0;
    else failed = write_page(target, page);
    if (!failed && !to_stdout) puts(o.output ? o.output : target);
    doc_free(rows);
    free(page);
    free(target);
    return failed ? EXIT_USAGE : EXIT_FINE;
}
