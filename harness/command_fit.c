/* command_fit.c -- `attnbench fit`. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fit.h"
#include "fit_table.h"
#include "published.h"
#include "published_table.h"
#include "results.h"
#include "text.h"

static const char usage[] =
    "usage: attnbench fit DIR [options]\n"
    "\n"
    "Answers from the rows of a folder of results: how time and memory grow, from which length on which\n"
    "variant is faster, and which no other beats; where the config has published numbers, which of them\n"
    "agree; with three sizes of a head or more, how each type of layer grows with n and with the size.\n"
    "\n"
    "      --baseline LABEL    compare with this curve; default: the fastest exact one of each series\n"
    "      --json              the answers as one document, which is written to DIR/fit.json as well\n"
    "      --strict            exit code 1 where a declared exponent is contradicted\n"
    "  -h, --help              this text\n";

enum { BASELINE = 256, JSON, STRICT };

static const struct option longs[] = {
    {"baseline", required_argument, NULL, BASELINE},
    {"json", no_argument, NULL, JSON},
    {"strict", no_argument, NULL, STRICT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct fit_options {
    const char *dir, *baseline;
    int json, strict;
};

static void parse(int argc, char **argv, struct fit_options *o) {
    *o = (struct fit_options){0};
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) switch (c) {
        case BASELINE: o->baseline = optarg; break;
        case JSON: o->json = 1; break;
        case STRICT: o->strict = 1; break;
        case 'h': fputs(usage, stdout); exit(EXIT_FINE);
        case ':': die(EXIT_USAGE, "%s needs a value; see 'attnbench fit --help'", argv[optind - 1]);
        default: die(EXIT_USAGE, "unknown option '%s'; see 'attnbench fit --help'", argv[optind - 1]);
        }
    if (optind + 1 != argc)
        die(EXIT_USAGE, "fit takes one folder, for example 'attnbench fit results/quick'");
    o->dir = argv[optind];
}

static void require_baseline(const struct doc *growth, const char *baseline) {
    const char **labels = xmalloc((doc_len(growth) + 1) * sizeof *labels);
    size_t n = 0;
    for (size_t i = 0; i < doc_len(growth); i++) {
        const char *label = doc_str(doc_at(growth, i), "label", "");
        size_t seen = 0;
        if (!strcmp(label, baseline)) {
            free(labels);
            return;
        }
        while (seen < n && strcmp(labels[seen], label)) seen++;
        if (seen == n) labels[n++] = label;
    }
    die(EXIT_USAGE, "--baseline %s: no timed curve has this label; %s", baseline,
        suggestion(baseline, labels, n));
}

static int contradicted(const struct doc *growth) {
    for (size_t i = 0; i < doc_len(growth); i++) {
        const struct doc *one = doc_at(growth, i);
        if (!strcmp(doc_str(one, "time.verdict", ""), "contradicted") ||
            !strcmp(doc_str(one, "memory.verdict", ""), "contradicted"))
            return 1;
    }
    return 0;
}

static void give_document(const char *dir, const struct doc *answers) {
    char *text = doc_text(answers, 1), *lines = format("%s\n", text);
    if (results_write(dir, "fit.json", lines))
        die(EXIT_USAGE, "cannot write %s/fit.json: %s", dir, strerror(errno));
    fputs(lines, stdout);
    free(text), free(lines);
}

/* 0: not known. */
static double last_cache(const struct doc *manifest) {
    const struct doc *caches = doc_get(manifest, "machine.caches");
    double most = 0;
    for (size_t i = 0; i < doc_len(caches); i++) most = fmax(most, doc_num(doc_at(caches, i), "bytes", 0));
    return most;
}

/* What the folder's manifest adds: the machine's caches, and what the config says that a paper says. */
static void add_manifest(struct doc *answers, const char *dir, const struct doc *rows) {
    struct doc *manifest = results_manifest(dir), *published;
    if (!manifest) return;
    published = published_judge(doc_get(manifest, "published"), doc_get(manifest, "absent"), rows);
    if (published) doc_put(answers, "published", published);
    if (last_cache(manifest) > 0) fit_mark_caches(answers, last_cache(manifest));
    doc_free(manifest);
}

int command_fit(int argc, char **argv) {
    struct fit_options o;
    parse(argc, argv, &o);
    struct doc *rows = results_read(o.dir), *answers = fit_answers(rows, o.baseline);
    add_manifest(answers, o.dir, rows);
    const struct doc *growth = doc_get(answers, "growth"), *published = doc_get(answers, "published");
    if (!doc_len(growth) && !published)
        die(EXIT_USAGE, "%s/points.jsonl: no row with a time at nq = nk, so there is nothing to fit", o.dir);
    if (o.baseline) require_baseline(growth, o.baseline);
    if (o.json) give_document(o.dir, answers);
    else fit_table_print(answers);
    if (!o.json && published) published_table_print(published);
    int code = o.strict && contradicted(growth) ? EXIT_REGRESSION : EXIT_FINE;
    doc_free(answers);
    doc_free(rows);
    return code;
}
