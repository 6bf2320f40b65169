/* command_check.c -- `attnbench check`: each variant in a process of its own, which may crash. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "child.h"
#include "commands.h"
#include "isa.h"
#include "option_value.h"
#include "plugins_asked.h"
#include "referee.h"
#include "registry.h"
#include "test_case.h"
#include "text.h"

/* ---- the child --------------------------------------------------------------------------------- */

static void send_begin(struct doc *test_case) {
    struct doc *d = doc_object();
    doc_put(d, "case", test_case);
    child_send(d);
}

static void send_fail(const char *promise, const char *detail, struct doc *test_case) {
    struct doc *d = doc_object();
    doc_put_str(d, "promise", promise);
    doc_put_str(d, "detail", detail);
    doc_put(d, "in", test_case);
    child_send(d);
}

/* The job: {every, sample} or {case}. */
int command_check_child(int argc, char **argv) {
    const struct attn_variant *v = argc == 2 ? registry_find(argv[1]) : NULL;
    struct doc *job = v ? child_job() : NULL, *test_case = doc_get(job, "case"), *d = doc_object();
    struct attn_error error;
    char *reason;
    if (!v) die(EXIT_USAGE, "this command is for the program's own use");
    struct check c = {
        v, isa_forced(&reason), doc_int(job, "every", 1), doc_int(job, "sample", 1), send_begin, send_fail};
    if (c.isa < 0) die(EXIT_USAGE, "%s", reason);
    long checks = test_case ? check_case(&c, test_case, &error) : check_variant(&c);
    if (checks < 0) die(EXIT_USAGE, "--case: %s", error.text);
    doc_put_num(d, "checks", (double)checks);
    child_send(d);
    doc_free(job);
    return EXIT_FINE;
}

/* ---- the command -------------------------------------------------------------------------------- */

struct check_options {
    const char *words; /* of one case; NULL: all */
    int every;
};

static int check_one(const char *name, const struct check_options *o) {
    struct doc *job = doc_object();
    struct attn_error error;
    if (o->words) {
        struct doc *test_case = case_parse(o->words, &error);
        if (!test_case) die(EXIT_USAGE, "--case '%s': %s", o->words, error.text);
        doc_put(job, "case", test_case);
    }
    doc_put_num(job, "every", o->every);
    int broken = referee_judge(name, job, &error);
    if (broken < 0) die(EXIT_USAGE, "%s", error.text);
    return broken;
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

static const char usage[] =
    "usage: attnbench check [VARIANT...] [options]\n"
    "\n"
    "Holds variants to their contract: those named, else those of the plugins, else all. For each broken "
    "promise\n"
    "it prints the smallest case that breaks it, and the command that shows it again.\n"
    "\n"
    "      --case WORDS            this case only, as it was printed: 'run nq=7 nk=7 dk=5 softcap=2'\n"
    "      --every N               only every N-th of the plain runs: for slow machines; default 1\n"
    "  -h, --help                  this text\n"
    "\n"
    "Promises: definition, weights, lse, cost, repeatable, uninitialised_scratch, writes_outside, "
    "reads_outside,\n"
    "writes_inputs, allocates, undeclared_memory, leaks, float_environment, prints, same_bits, "
    "same_bits_isa,\n"
    "causality, masked_nan, batch_independence, head_independence, grouped_heads, carry, reference, "
    "any_order,\n"
    "growth_of_time, growth_of_memory, growth_of_path, survival; and what may not be ignored: scale,\n"
    "softcap, shift, mask, key_lengths, bias.\n"
    "Exit code: 0 fine, 1 a promise is broken, 2 usage.\n";

static int parse(int argc, char **argv, struct check_options *o) {
    enum { CASE = 256, EVERY };
    static const struct option longs[] = {{"case", required_argument, NULL, CASE},
                                          {"every", required_argument, NULL, EVERY},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *o = (struct check_options){.every = 1};
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) switch (c) {
        case CASE: o->words = optarg; break;
        case EVERY: o->every = (int)option_whole("--every", optarg, 1, 1e6); break;
        case 'h': fputs(usage, stdout); exit(EXIT_FINE);
        case ':': die(EXIT_USAGE, "%s needs a value; see 'attnbench check --help'", argv[optind - 1]);
        default: die(EXIT_USAGE, "unknown option '%s'; see 'attnbench check --help'", argv[optind - 1]);
        }
    return optind;
}

int command_check(int argc, char **argv) {
    int broken = 0;
    char *reason;
    struct check_options o;
    int first = parse(argc, argv, &o);
    struct doc *all = roster();
    size_t from = plugins_asked_count() ? registry_count() : 0;
    for (int i = first; i < argc; i++) require(all, argv[i]);
    if (o.words && argc - first != 1) die(EXIT_USAGE, "--case is for one variant; name it");
    if (isa_forced(&reason) < 0) die(EXIT_USAGE, "%s", reason);
    child_catch_signals();
    for (int i = first; i < argc && !child_interrupted(); i++) broken += check_one(argv[i], &o);
    for (size_t i = from; argc == first && i < doc_len(all) && !child_interrupted(); i++)
        broken += check_one(doc_as_str(doc_at(all, i)), &o);
    doc_free(all);
    if (child_interrupted()) return EXIT_INTERRUPTED;
    return broken ? EXIT_REGRESSION : EXIT_FINE;
}
