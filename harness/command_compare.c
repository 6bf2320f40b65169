/* command_compare.c -- `attnbench compare` and `attnbench baseline`. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "commands.h"
#include "compare.h"
#include "compare_print.h"
#include "compare_variants.h"
#include "idset.h"
#include "option_value.h"
#include "results.h"
#include "same_machine.h"
#include "text.h"

static const char compare_usage[] =
    "usage: attnbench compare A B [options]\n"
    "       attnbench compare DIR --variants A,B [options]\n"
    "\n"
    "Is B slower than A, or larger, or less accurate? Both are folders of results or names of baselines\n"
    "and are matched point by point. Or, with --variants, two curves of one run.\n"
    "\n"
    "      --variants A,B       is variant B of this run slower than variant A? By their labels, process by\n"
    "                           process; memory and accuracy stand beside\n"
    "      --threshold PERCENT  what a change of time has to exceed to matter; default 5, of variants 2\n"
    "      --all                list the points that are the same, too\n"
    "      --require-all        a point of A that B lacks ends it with 3\n"
    "      --force              compare although the machines differ\n"
    "      --json               all of it as one JSON document\n"
    "  -h, --help               this text\n"
    "\n"
    "Time is slower or faster where that is no chance (a t-test on the logarithms of the process medians,\n"
    "0.05 over all points by Holm) and beyond threshold and noise floor; the same where the interval of the\n"
    "ratio lies within the threshold; else ambiguous.\n"
    "\n"
    "Exit code: 0 no regression; 1 a point that is slower, needs more memory, is less accurate, gives "
    "another\n"
    "result, or is no longer ok; 2 usage, unreadable folders, or different machines; 3 none of 1, but points "
    "of A\n"
    "are missing in B (--require-all).\n";

static const char baseline_usage[] = "usage: attnbench baseline [NAME DIR]\n"
                                     "\n"
                                     "Keeps the run in DIR as results/baselines/NAME, for 'attnbench compare "
                                     "NAME B'. Without arguments: lists\n"
                                     "the baselines. A name that is taken is refused.\n";

struct compare_options {
    const char *runs[2], *variants;
    double threshold; /* a share; below 0: as usual */
    int all, require_all, force, json;
};

enum { THRESHOLD = 256, VARIANTS, ALL, REQUIRE_ALL, FORCE, JSON };
static const double THRESHOLD_MAX = 1000; /* percent */
static const double THRESHOLD_OF_RUNS = 0.05,
                    THRESHOLD_OF_VARIANTS = 0.02; /* neighbours share their machine */
enum { REPLICATES_ENOUGH = 6 };

static const struct option longs[] = {
    {"threshold", required_argument, NULL, THRESHOLD},
    {"variants", required_argument, NULL, VARIANTS},
    {"all", no_argument, NULL, ALL},
    {"require-all", no_argument, NULL, REQUIRE_ALL},
    {"force", no_argument, NULL, FORCE},
    {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void parse(int argc, char **argv, struct compare_options *o) {
    *o = (struct compare_options){.threshold = -1};
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) switch (c) {
        case THRESHOLD: o->threshold = option_number("--threshold", optarg, 0, THRESHOLD_MAX) / 100; break;
        case VARIANTS: o->variants = optarg; break;
        case ALL: o->all = 1; break;
        case REQUIRE_ALL: o->require_all = 1; break;
        case FORCE: o->force = 1; break;
        case JSON: o->json = 1; break;
        case 'h': fputs(compare_usage, stdout); exit(EXIT_FINE);
        case ':': die(EXIT_USAGE, "%s needs a value; see 'attnbench compare --help'", argv[optind - 1]);
        default: die(EXIT_USAGE, "unknown option '%s'; see 'attnbench compare --help'", argv[optind - 1]);
        }
    if (o->threshold < 0) o->threshold = o->variants ? THRESHOLD_OF_VARIANTS : THRESHOLD_OF_RUNS;
    if (o->variants && argc - optind != 1)
        die(EXIT_USAGE, "compare --variants takes one run, for example 'attnbench compare results/quick "
                        "--variants flash,linear'");
    if (!o->variants && argc - optind != 2)
        die(EXIT_USAGE, "compare takes two runs, for example 'attnbench compare results/old results/new'");
    o->runs[0] = argv[optind];
    o->runs[1] = argv[optind + !o->variants];
}

/* ---- reading ----------------------------------------------------------------------------------- */

struct run {
    struct doc *rows, *manifest, *about;
};

/* The rows without those whose id stood there before. Takes them over. */
static struct doc *once(struct doc *rows, const char *dir) {
    struct idset seen = {0};
    struct doc *kept = doc_array();
    for (size_t i = 0; i < doc_len(rows); i++)
        if (idset_add(&seen, doc_str(doc_at(rows, i), "id", ""))) doc_add(kept, doc_copy(doc_at(rows, i)));
    if (doc_len(kept) < doc_len(rows))
        warn("%s/points.jsonl: %zu rows are of points that have one already; the first of each counts", dir,
             doc_len(rows) - doc_len(kept));
    idset_free(&seen);
    doc_free(rows);
    return kept;
}

static struct run read_run(const char *word) {
    int is_baseline;
    char *dir = baseline_find(word, &is_baseline);
    struct run r = {once(results_read(dir), dir), results_manifest(dir), doc_object()};
    doc_put_str(r.about, "dir", dir);
    if (is_baseline) doc_put_str(r.about, "baseline", word);
    doc_put_str(r.about, "build", doc_str(r.manifest, "build.version", NULL));
    doc_put_str(r.about, "started", doc_str(r.manifest, "started", NULL));
    doc_put_num(r.about, "replicates", doc_num(r.manifest, "measure.replicates", 0));
    free(dir);
    return r;
}

static void forget(struct run *r) {
    doc_free(r->rows), doc_free(r->manifest); /* `about` went into the document */
}

/* Ends the program where the machines differ, or cannot be known to be the same. */
static struct doc *machines(const struct run runs[2], const struct compare_options *o) {
    struct doc *d = doc_object(), *refused = doc_array(), *noted = doc_array();
    struct text all = {0};
    if (runs[0].manifest && runs[1].manifest)
        same_machine(runs[0].manifest, runs[1].manifest, refused, noted);
    else doc_add(refused, doc_string("a manifest.json is missing or broken, so it is not known"));
    for (size_t i = 0; i < doc_len(refused); i++)
        text_add(&all, "%s%s", i ? "; " : "", doc_as_str(doc_at(refused, i)));
    if (doc_len(refused) && !o->force)
        die(EXIT_USAGE, "not the same machine: %s. Measure both on one, or compare nevertheless with --force",
            all.s);
    free(all.s);
    doc_put(d, "refused", refused);
    doc_put(d, "noted", noted);
    return d;
}

static void add_note(struct doc *notes, char *text) {
    doc_add(notes, doc_string(text));
    free(text);
}

/* Sessions that went on with the run on another machine or with another build. */
static void note_sessions(struct doc *notes, const struct run *r, const char *name) {
    const struct doc *sessions = doc_get(r->manifest, "sessions");
    for (size_t i = 0; i < doc_len(sessions); i++) {
        const struct doc *differences = doc_get(doc_at(sessions, i), "differences");
        for (size_t k = 0; k < doc_len(differences); k++)
            add_note(notes, format("%s was resumed with --force, its rows are mixed: %s", name,
                                   doc_as_str(doc_at(differences, k))));
    }
}

/* What weakens the comparison on one side, in words; `name` is "A", "B" or "the run". */
static void add_weaknesses(struct doc *notes, const struct run *run, const char *name, double least) {
    const char *state = doc_str(run->manifest, "state", "finished");
    int processes = doc_int(run->about, "replicates", REPLICATES_ENOUGH);
    double load = doc_num(run->manifest, "machine.load", 0);
    int cores = doc_int(run->manifest, "machine.usable_cores", 1);
    if (load >= cores)
        add_note(notes, format("%s started at a load of %.1f on %d cores: other work was running", name, load,
                               cores));
    if (strcmp(state, "finished"))
        add_note(notes, format("%s is %s: points are missing", name,
                               !strcmp(state, "running") ? "still running, or was cut off" : state));
    note_sessions(notes, run, name);
    if (processes == 1)
        add_note(notes, format("%s has one process a point of the usual %d: it has no scatter of its own",
                               name, REPLICATES_ENOUGH));
    else if (processes > 1 && processes < REPLICATES_ENOUGH)
        add_note(notes, format("%s has %d of the usual %d processes a point: one wild process of fewer "
                               "than five counts in full, and half of the points need a change of %.1f %% "
                               "to show it",
                               name, processes, REPLICATES_ENOUGH, 100 * least));
}

/* ---- the commands ------------------------------------------------------------------------------ */

/* Prints it, with where it comes from; gives the exit code. */
static int give(struct doc *c, const struct compare_options *o) {
    size_t missing = o->require_all ? doc_len(doc_get(c, "only_in_a")) : 0;
    int code = doc_int(c, "counts.regressions", 0) ? EXIT_REGRESSION : missing ? EXIT_INCOMPLETE : EXIT_FINE;
    doc_put_num(c, "exit_code", code);
    if (o->json) doc_print(c, 1);
    else compare_print(c, o->all);
    if (missing)
        warn("%zu points of A are missing in B; measure them as well (run --resume), or leave --require-all "
             "out",
             missing);
    doc_free(c);
    return code;
}

static int between_variants(const struct compare_options *o) {
    struct run run = read_run(o->runs[0]);
    struct doc *notes = doc_array();
    char *labels[2];
    compare_split(run.rows, o->variants, labels);
    struct doc *c = compare_variants(run.rows, labels[0], labels[1], o->threshold);
    if (doc_int(c, "counts.points", 0) == 0)
        die(EXIT_USAGE, "%s has no point at which '%s' and '%s' differ in nothing else", o->runs[0],
            labels[0], labels[1]);
    add_weaknesses(notes, &run, "the run", doc_num(c, "noise.detectable", 0));
    doc_put(c, "notes", notes);
    doc_put(c, "a", run.about);
    int code = give(c, o);
    forget(&run);
    free(labels[0]), free(labels[1]);
    return code;
}

static int between_runs(const struct compare_options *o) {
    struct run runs[2] = {read_run(o->runs[0]), read_run(o->runs[1])};
    struct doc *machine = machines(runs, o), *c = compare_runs(runs[0].rows, runs[1].rows, o->threshold);
    struct doc *notes = doc_array();
    if (doc_int(c, "counts.points", 0) == 0)
        die(EXIT_USAGE, "%s and %s have no point in common, by their ids; compare runs of one config",
            o->runs[0], o->runs[1]);
    for (int i = 0; i < 2; i++)
        add_weaknesses(notes, &runs[i], i ? "B" : "A", doc_num(c, "noise.detectable", 0));
    doc_put(c, "notes", notes);
    doc_put(c, "machine", machine);
    doc_put(c, "a", runs[0].about);
    doc_put(c, "b", runs[1].about);
    int code = give(c, o);
    for (int i = 0; i < 2; i++) forget(&runs[i]);
    return code;
}

int command_compare(int argc, char **argv) {
    struct compare_options o;
    parse(argc, argv, &o);
    return o.variants ? between_variants(&o) : between_runs(&o);
}

int command_baseline(int argc, char **argv) {
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) fputs(baseline_usage, stdout);
    else if (argc > 1 && *argv[1] == '-')
        die(EXIT_USAGE, "unknown option '%s'; see 'attnbench baseline --help'", argv[1]);
    else if (argc == 1) baseline_list();
    else if (argc == 3) baseline_store(argv[1], argv[2]);
    else
        die(EXIT_USAGE,
            "baseline takes a name and a folder, for example 'attnbench baseline v1 results/quick'");
    return EXIT_FINE;
}
