/* referee.c -- a variant before the contract. */
#include "referee.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "colour.h"
#include "plugins_asked.h"
#include "stopwatch.h"
#include "test_case.h"
#include "text.h"

enum { THREADS = 3, TRIES = 120, SHOWN_MAX = 8 };
static const double SILENCE_SECONDS = 20, SILENCE_SMALL_SECONDS = 5;

/* ---- what a child said -------------------------------------------------------------------------- */

struct testimony {
    const char *name;
    struct doc *at;     /* the case under way */
    struct doc *broken; /* [{promise, detail, in}] */
    long checks;        /* -1: it never came to the end */
};

static void listen(void *context, struct doc *event) {
    struct testimony *v = context;
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

static void forget(struct testimony *v) {
    doc_free(v->at);
    doc_free(v->broken);
}

static void add_broken(struct testimony *v, const char *promise, const char *detail) {
    struct doc *one = doc_object();
    doc_put_str(one, "promise", promise);
    doc_put_str(one, "detail", detail);
    doc_put(one, "in", v->at ? doc_copy(v->at) : doc_object());
    doc_add(v->broken, one);
}

/* Runs a child over the job, taken over. A death that it did not explain itself is a broken promise as well;
   so are words on its output. */
static void examine(const char *name, struct doc *job, double silence, struct testimony *v, struct child *c) {
    const char *arguments[] = {"check-child", name, NULL};
    *v = (struct testimony){.name = name, .broken = doc_array(), .checks = -1};
    *c = (struct child){.arguments = arguments,
                        .job = job,
                        .data = -1,
                        .threads = THREADS,
                        .patient = 1,
                        .silence = silence,
                        .with_plugins = 1,
                        .event = listen,
                        .context = v};
    child_run(c);
    doc_free(job);
    const struct doc *last = doc_at(v->broken, doc_len(v->broken) - 1);
    if (c->end == CHILD_CRASHED && doc_flag(last, "fatal")) return; /* it has said why; see check_faults.c */
    if (c->end == CHILD_INTERRUPTED || (c->end == CHILD_FAILED && c->code == EXIT_USAGE)) return;
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

struct search {
    const char *name, *promise;
    char *detail;   /* of the last case that broke it */
    double silence; /* seconds without a word that a try may take */
    const struct shown *shown;
    size_t nshown;
    int known; /* it came down to a case that those shown explain: no further try */
};

static int breaks_it(void *context, const struct doc *test_case) {
    struct search *s = context;
    struct doc *job = doc_object();
    struct testimony v;
    struct child c;
    int found = 0;
    if (s->known || child_interrupted()) return 0;
    doc_put(job, "case", doc_copy(test_case));
    examine(s->name, job, s->silence, &v, &c);
    for (size_t i = 0; !found && i < doc_len(v.broken); i++) {
        const struct doc *one = doc_at(v.broken, i);
        if (strcmp(doc_str(one, "promise", ""), s->promise)) continue;
        found = 1;
        free(s->detail);
        s->detail = xstrdup(doc_str(one, "detail", ""));
    }
    forget(&v);
    s->known = found && explained(s->shown, s->nshown, s->promise, case_features(test_case));
    return found;
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
    *how = breaks_it(s, in) ? SMALLEST : NOT_ALONE; /* as long as it took among the others */
    s->silence = SILENCE_SMALL_SECONDS;
    return *how == SMALLEST ? case_shrink(in, breaks_it, s, TRIES) : doc_copy(in);
}

static void show_one(const struct search *s, const struct doc *test_case, enum how how) {
    char *with = case_features_words(case_features(test_case), doc_get(test_case, "params")),
         *words = case_words(test_case);
    printf("%-14s ", s->name);
    colour_word(stdout, 0, "BROKEN");
    printf(" %s%s: %s\n", s->promise, how == SMALLEST ? with : "", s->detail);
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
static int show_broken(const struct testimony *v, int shrink) {
    struct shown shown[SHOWN_MAX];
    size_t n = 0;
    char *done = xmalloc(doc_len(v->broken) + 1);
    memset(done, 0, doc_len(v->broken) + 1);
    for (int i; n < SHOWN_MAX && !child_interrupted() && (i = plainest(v->broken, done)) >= 0;) {
        const struct doc *one = doc_at(v->broken, (size_t)i), *in = doc_get(one, "in");
        struct search s = {.name = v->name,
                           .promise = doc_str(one, "promise", ""),
                           .detail = xstrdup(doc_str(one, "detail", "")),
                           .silence = SILENCE_SECONDS,
                           .shown = shown,
                           .nshown = n};
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

/* What a child that refused its job said, without the name of the program. */
static const char *refusal(const struct child *c) {
    static const char name[] = "attnbench: ";
    return strncmp(c->words, name, strlen(name)) ? c->words : c->words + strlen(name);
}

int referee_judge(const char *name, struct doc *job, struct attn_error *error) {
    struct testimony v;
    struct child c;
    double start = stopwatch_seconds();
    int all = !doc_get(job, "case"), broken = -1;
    examine(name, job, SILENCE_SECONDS, &v, &c);
    if (c.end == CHILD_FAILED && c.code == EXIT_USAGE)
        snprintf(error->text, sizeof error->text, "%s", refusal(&c));
    else broken = show_broken(&v, all);
    if (broken == 0 && !child_interrupted()) {
        printf("%-14s ", name);
        colour_word(stdout, -6, "ok");
        printf(" %ld checks in %s\n", v.checks, show_seconds(stopwatch_seconds() - start));
    }
    fflush(stdout);
    forget(&v);
    return broken;
}
