/*
 * command_check.c -- `attnbench check`: each variant in a process of its own, which may crash.
 *
 * The child runs all cases and says which promise was broken in which. The parent then looks for the smallest
 * case that still breaks it, every try in a fresh child, so that a crash is a result like any other.
 */
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
#include "registry.h"
#include "stopwatch.h"
#include "test_case.h"
#include "text.h"

enum { THREADS = 3, TRIES = 120, SHOWN_MAX = 8 };
static const double SILENCE_SECONDS = 20, SILENCE_SMALL_SECONDS = 5;

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

/* ---- what a child said -------------------------------------------------------------------------- */

struct verdict {
    const char *name;
    struct doc *at;     /* the case under way */
    struct doc *broken; /* [{promise, detail, in}] */
    long checks;        /* -1: it never came to the end */
};

static void listen(void *context, struct doc *event) {
    struct verdict *v = context;
    if (plugins_asked_heard(event)) return;
    if (doc_get(event, "case")) {
        doc_free(v->at);
        v->at = doc_copy(doc_get(event, "case"));
    } else if (doc_get(event, "promise")) {
        struct doc *one = doc_copy(event);
        if (!doc_get(one, "in")) doc_put(one, "in", v->at ? doc_copy(v->at) : doc_object());
        doc_add(v->broken, one);
    } else {
        v->checks = (long)doc_num(event, "checks", 0);
    }
}

static void forget(struct verdict *v) {
    doc_free(v->at);
    doc_free(v->broken);
}

static void add_broken(struct verdict *v, const char *promise, const char *detail) {
    struct doc *one = doc_object();
    doc_put_str(one, "promise", promise);
    doc_put_str(one, "detail", detail);
    doc_put(one, "in", v->at ? doc_copy(v->at) : doc_object());
    doc_add(v->broken, one);
}

/* Runs a child over the job, taken over. A death that it did not explain itself is a broken promise as well;
   so are words on its output. */
static void examine(const char *name, struct doc *job, double silence, struct verdict *v, struct child *c) {
    const char *arguments[] = {"check-child", name, NULL};
    *v = (struct verdict){.name = name, .broken = doc_array(), .checks = -1};
    *c = (struct child){.arguments = arguments,
                        .job = job,
                        .data = -1,
                        .threads = THREADS,
                        .silence = silence,
                        .with_plugins = 1,
                        .event = listen,
                        .context = v};
    child_run(c);
    doc_free(job);
    const char *last = doc_str(doc_at(v->broken, doc_len(v->broken) - 1), "promise", "");
    int explained =
        c->end == CHILD_CRASHED && strstr(last, "s_outside"); /* reads or writes; see check_faults.c */
    explained |= c->end == CHILD_CRASHED && !strcmp(last, "writes_inputs");
    if (c->end == CHILD_INTERRUPTED || explained || (c->end == CHILD_FAILED && c->code == EXIT_USAGE)) return;
    if (c->end != CHILD_DONE || v->checks < 0) {
        char *reason = child_reason(c);
        add_broken(v, "survival", reason);
        free(reason);
    } else if (*c->words) {
        char *detail = format("it printed '%.60s'", c->words);
        add_broken(v, "prints", detail);
        free(detail);
    }
}

/* ---- the smallest case --------------------------------------------------------------------------- */

struct search {
    const char *name, *promise;
    char *detail; /* of the last case that broke it */
};

static int breaks_it(void *context, const struct doc *test_case) {
    struct search *s = context;
    struct doc *job = doc_object();
    struct verdict v;
    struct child c;
    int found = 0;
    if (child_interrupted()) return 0;
    doc_put(job, "case", doc_copy(test_case));
    examine(s->name, job, SILENCE_SMALL_SECONDS, &v, &c);
    for (size_t i = 0; !found && i < doc_len(v.broken); i++) {
        const struct doc *one = doc_at(v.broken, i);
        if (strcmp(doc_str(one, "promise", ""), s->promise)) continue;
        found = 1;
        free(s->detail);
        s->detail = xstrdup(doc_str(one, "detail", ""));
    }
    forget(&v);
    return found;
}

struct shown { /* a promise, and the features it takes to break it */
    char *promise;
    unsigned features;
};

/* Does the case have a feature that the promise is named after? "bias" is in "dense bias". */
static int is_about(const char *promise, unsigned features) {
    for (unsigned bit = 0; trial_feature(bit); bit++)
        if ((features & 1u << bit) && strstr(trial_feature(bit), promise)) return 1;
    return 0;
}

/* Is it explained by one that was shown: the same promise without a feature that this case lacks, or one that
   says that a feature of this case is ignored? */
static int explained(const struct shown *all, size_t n, const char *promise, unsigned features) {
    for (size_t i = 0; i < n; i++)
        if (is_about(all[i].promise, features) ||
            (!strcmp(all[i].promise, promise) && (all[i].features & ~features) == 0))
            return 1;
    return 0;
}

enum how {
    SMALLEST,  /* the case was made as small as it goes */
    AS_FOUND,  /* it was not: growth is a matter of size, and a hang costs seconds at each try */
    NOT_ALONE, /* it takes other calls before it in the same process */
};

/* The case to show; the caller frees it. */
static struct doc *smallest(struct search *s, const struct doc *in, enum how *how) {
    *how = AS_FOUND;
    if (!strcmp(doc_str(in, "group", ""), "growth") || strstr(s->detail, "no sign of life"))
        return doc_copy(in);
    *how = breaks_it(s, in) ? SMALLEST : NOT_ALONE;
    return *how == SMALLEST ? case_shrink(in, breaks_it, s, TRIES) : doc_copy(in);
}

static void show_one(const struct search *s, const struct doc *test_case, enum how how) {
    char *with = case_features_words(case_features(test_case), doc_get(test_case, "params")),
         *words = case_words(test_case);
    printf("%-14s BROKEN %s%s: %s\n", s->name, s->promise, how == SMALLEST ? with : "", s->detail);
    printf("%-14s again: attnbench", "");
    for (size_t i = 0; i < plugins_asked_count(); i++) printf(" --plugin %s", plugins_asked_at(i));
    printf(" check %s", s->name);
    if (how == NOT_ALONE) printf("   (not alone: after other calls, in '%s')\n", words);
    else printf(" --case '%s'\n", words);
    free(words), free(with);
    fflush(stdout);
}

/* The broken promise whose case is plainest among those that `done` does not mark; -1: none is left. */
static int plainest(const struct doc *broken, const char *done) {
    int best = -1, fewest = 0;
    for (size_t i = 0; i < doc_len(broken); i++) {
        const struct doc *in = doc_get(doc_at(broken, i), "in");
        int features = trial_options(case_features(in)) + (int)doc_len(doc_get(in, "params"));
        if (done[i] || (best >= 0 && features >= fewest)) continue;
        best = (int)i;
        fewest = features;
    }
    return best;
}

/* Shows every broken promise with its smallest case; how many there are. */
static int show_broken(const struct verdict *v, int shrink) {
    struct shown shown[SHOWN_MAX];
    size_t n = 0;
    char *done = xmalloc(doc_len(v->broken) + 1);
    memset(done, 0, doc_len(v->broken) + 1);
    for (int i; n < SHOWN_MAX && !child_interrupted() && (i = plainest(v->broken, done)) >= 0;) {
        const struct doc *one = doc_at(v->broken, (size_t)i), *in = doc_get(one, "in");
        struct search s = {v->name, doc_str(one, "promise", ""), xstrdup(doc_str(one, "detail", ""))};
        done[i] = 1;
        if (!explained(shown, n, s.promise, case_features(in))) {
            enum how how = AS_FOUND;
            struct doc *small = shrink ? smallest(&s, in, &how) : doc_copy(in);
            if (!explained(shown, n, s.promise, case_features(small))) {
                show_one(&s, small, how);
                shown[n++] = (struct shown){xstrdup(s.promise), case_features(small)};
            }
            doc_free(small);
        }
        free(s.detail);
    }
    for (size_t i = 0; i < n; i++) free(shown[i].promise);
    free(done);
    return (int)n;
}

/* ---- the command -------------------------------------------------------------------------------- */

struct check_options {
    const char *words; /* of one case; NULL: all */
    int every;
};

static int check_one(const char *name, const struct check_options *o) {
    struct doc *job = doc_object();
    struct verdict v;
    struct child c;
    double start = stopwatch_seconds();
    if (o->words) {
        struct attn_error error;
        struct doc *test_case = case_parse(o->words, &error);
        if (!test_case) die(EXIT_USAGE, "--case '%s': %s", o->words, error.text);
        doc_put(job, "case", test_case);
    }
    doc_put_num(job, "every", o->every);
    examine(name, job, SILENCE_SECONDS, &v, &c);
    if (c.end == CHILD_FAILED && c.code == EXIT_USAGE) {
        const char *told =
            strstr(c.words, "attnbench: ") == c.words ? c.words + strlen("attnbench: ") : c.words;
        die(EXIT_USAGE, "%s", told);
    }
    int broken = show_broken(&v, !o->words);
    if (!broken && !child_interrupted())
        printf("%-14s ok     %ld checks in %s\n", name, v.checks, show_seconds(stopwatch_seconds() - start));
    fflush(stdout);
    forget(&v);
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
    "growth_of_time, growth_of_memory, survival; and what may not be ignored: scale, softcap, shift, mask,\n"
    "key_lengths, bias.\n"
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
