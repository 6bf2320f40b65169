/* compare_print.c -- a comparison for people. */
#include "compare_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colour.h"
#include "text.h"

enum { APART_SHOWN = 5 };
static const double SHOWN_PERCENT = 0.05;

static double nth(const struct doc *d, const char *path, size_t i, double fallback) {
    const struct doc *x = doc_at(doc_get(d, path), i);
    return doc_is_number(x) ? doc_as_num(x) : fallback;
}

/* ---- where they come from ---------------------------------------------------------------------- */

static void print_run(const char *letter, const struct doc *run) {
    printf("%s  %s%s%s, build %s, %s, %d processes a point\n", letter, doc_str(run, "dir", "?"),
           doc_get(run, "baseline") ? ", baseline " : "", doc_str(run, "baseline", ""),
           doc_str(run, "build", "unknown"), doc_str(run, "started", "time unknown"),
           doc_int(run, "replicates", 0));
}

static void print_list(const struct doc *list, const char *head) {
    for (size_t i = 0; i < doc_len(list); i++) printf("%s%s\n", head, doc_as_str(doc_at(list, i)));
}

static const char *slower_or_faster(double ratio) { return ratio > 1 ? "slower" : "faster"; }

/* How far a ratio is from 1, in percent of the faster. */
static double percent(double ratio) { return 100 * expm1(fabs(log(ratio))); }

static void print_apart(const struct doc *groups) {
    size_t shown = doc_len(groups) > APART_SHOWN ? APART_SHOWN : doc_len(groups);
    if (doc_len(groups))
        puts("  Groups that moved as a whole beside the others, by more than the threshold:");
    for (size_t i = 0; i < shown; i++) {
        double ratio = doc_num(doc_at(groups, i), "ratio", 1);
        printf("    %.1f %% %s: %s\n", percent(ratio), slower_or_faster(ratio),
               doc_str(doc_at(groups, i), "group", ""));
    }
    if (shown < doc_len(groups)) printf("    and %zu more\n", doc_len(groups) - shown);
}

static void print_shift(const struct doc *noise, double threshold) {
    double ratio = doc_num(noise, "shift", 1), credited = doc_num(noise, "credited", 1);
    if (!doc_is_number(doc_get(noise, "shift"))) {
        puts("Shift of the whole machine: not known, that takes three variants or more in both runs.");
        return;
    }
    if (percent(ratio) < SHOWN_PERCENT) printf("B is as fast as A throughout (median of all points)");
    else printf("B is %.1f %% %s throughout (median of all points)", percent(ratio), slower_or_faster(ratio));
    if (doc_is_number(doc_get(noise, "controls")))
        printf("; the controls %.1f %% %s", percent(doc_num(noise, "controls", 1)),
               slower_or_faster(doc_num(noise, "controls", 1)));
    if (doc_is_number(doc_get(noise, "sentinel")))
        printf("; the sentinel %.1f %% %s", percent(doc_num(noise, "sentinel", 1)),
               slower_or_faster(doc_num(noise, "sentinel", 1)));
    if (percent(ratio) < SHOWN_PERCENT) puts(".");
    else if (credited == ratio) puts(".\n  Put down to the machine, not to the variants.");
    else
        printf(".\n  More than the threshold of %.3g %%: %.1f %% are put down to the machine, as far as "
               "controls "
               "or sentinel bear it out.\n",
               100 * threshold, percent(credited));
    if (doc_is_number(doc_get(noise, "spread")))
        printf("  Around that, %d groups of points stray by %.1f %% (one deviation).\n",
               doc_int(noise, "spread_groups", 0), 100 * doc_num(noise, "spread", 0));
    else puts("  How groups of points stray around that is not known: it takes three groups of three.");
    print_apart(doc_get(noise, "groups_apart"));
}

static void print_noise(const struct doc *c) {
    const struct doc *noise = doc_get(c, "noise");
    double least = doc_num(noise, "detectable", (double)NAN);
    if (doc_int(c, "counts.timed", 0) == 0) return;
    if (!doc_get(c, "variants")) print_shift(noise, doc_num(c, "threshold", 0));
    if (doc_is_number(doc_get(noise, "floor")))
        printf("Noise floor %.1f %%: one variant against itself, over %d groups.\n",
               100 * doc_num(noise, "floor", 0), doc_int(noise, "floor_groups", 0));
    else puts("Noise floor unknown: no A/A measurement in these runs; the threshold stands alone.");
    if (isnan(least)) puts("One process a side has no scatter: there are no verdicts on time.");
    else printf("Half of the points could show a change of %.1f %%.\n", 100 * least);
}

/* Two runs, or two variants of one. */
static void print_sides(const struct doc *c) {
    const struct doc *variants = doc_get(c, "variants");
    print_run(variants ? "in" : "A", doc_get(c, "a"));
    if (!variants) print_run("B", doc_get(c, "b"));
    for (size_t i = 0; i < doc_len(variants); i++)
        printf("%c  %s\n", "AB"[i], doc_as_str(doc_at(variants, i)));
}

static void print_head(const struct doc *c) {
    print_sides(c);
    print_list(doc_get(c, "machine.refused"), "!  other machine: ");
    print_list(doc_get(c, "machine.noted"), "   ");
    print_list(doc_get(c, "notes"), "   ");
    puts("");
    print_noise(c);
}

/* ---- sections ---------------------------------------------------------------------------------- */

static void print_title(const char *title) {
    putchar('\n');
    colour_word(stdout, 0, title);
    putchar('\n');
}

static void print_time(const struct doc *point) {
    char from[32], to[32];
    double low = nth(point, "time.ci", 0, 0), high = nth(point, "time.ci", 1, (double)INFINITY);
    snprintf(from, sizeof from, "%s", show_seconds(nth(point, "time.median_ns", 0, 0) * 1e-9));
    snprintf(to, sizeof to, "%s", show_seconds(nth(point, "time.median_ns", 1, 0) * 1e-9));
    printf("  %6.3f  %.3f .. %.3f  %9s -> %-9s  %s\n", doc_num(point, "time.ratio", 0), low, high, from, to,
           doc_str(point, "id", ""));
    if (doc_get(point, "beside")) printf("          %s\n", doc_str(point, "beside", ""));
}

/* The points, controls or others, whose time has this verdict. */
static void print_times(const struct doc *points, const char *word, int controls, const char *title) {
    int any = 0;
    for (size_t i = 0; i < doc_len(points); i++) {
        const struct doc *point = doc_at(points, i);
        const char *why = doc_str(point, "time.why", NULL);
        if (strcmp(doc_str(point, "time.verdict", ""), word) || doc_flag(point, "control") != controls)
            continue;
        if (!any++) {
            print_title(title);
            puts("   B/A    0.95 interval          A -> B");
        }
        print_time(point);
        if (why) printf("          %s\n", why);
    }
}

static void print_changes(const struct doc *points, const char *kind, const char *title) {
    int any = 0;
    for (size_t i = 0; i < doc_len(points); i++) {
        const struct doc *changes = doc_get(doc_at(points, i), "changes");
        for (size_t k = 0; k < doc_len(changes); k++) {
            const struct doc *change = doc_at(changes, k);
            if (strcmp(doc_str(change, "kind", ""), kind)) continue;
            if (!any++) print_title(title);
            printf("  %s\n    %s: %s\n", doc_str(doc_at(points, i), "id", ""), doc_str(change, "field", ""),
                   doc_str(change, "text", ""));
        }
    }
}

static void print_repros(const struct doc *points) {
    int any = 0;
    for (size_t i = 0; i < doc_len(points); i++) {
        const char *repro = doc_str(doc_at(points, i), "repro", NULL);
        if (!doc_flag(doc_at(points, i), "regression") || !repro) continue;
        if (!any++) puts("\nregressions again");
        printf("  %s\n", repro);
    }
}

static void print_only(const struct doc *ids, const char *letter) {
    if (doc_len(ids) == 0) return;
    printf("\nonly in %s\n", letter);
    print_list(ids, "  ");
}

static void print_summary(const struct doc *c) {
    static const char *const verdicts[] = {"slower", "faster", "ambiguous", "same"};
    const struct doc *counts = doc_get(c, "counts");
    printf("\n%d of %d points are regressions. Time:", doc_int(counts, "regressions", 0),
           doc_int(counts, "points", 0));
    for (int i = 0; i < 4; i++) {
        int count = doc_int(counts, verdicts[i], 0);
        printf("%s %d ", i ? "," : "", count);
        if (count) colour_word(stdout, 0, verdicts[i]);
        else printf("%s", verdicts[i]);
    }
    printf(" (threshold %.3g %%).", 100 * doc_num(c, "threshold", 0));
    if (doc_len(doc_get(c, "only_in_a")) + doc_len(doc_get(c, "only_in_b")) > 0)
        printf(" %zu only in A, %zu only in B.", doc_len(doc_get(c, "only_in_a")),
               doc_len(doc_get(c, "only_in_b")));
    puts("");
}

void compare_print(const struct doc *c, int all) {
    const struct doc *points = doc_get(c, "points");
    print_head(c);
    print_changes(points, "worse", "worse");
    print_times(points, "slower", 0, "slower");
    print_repros(points);
    print_times(points, "faster", 0, "faster");
    print_changes(points, "better", "better");
    print_times(points, "slower", 1, "controls that are slower: the machine or the harness, no regression");
    print_times(points, "faster", 1, "controls that are faster");
    print_times(points, "ambiguous", 0, "ambiguous");
    print_times(points, "ambiguous", 1, "ambiguous controls");
    print_changes(points, "note", "different");
    all |= doc_get(c, "variants") != NULL;
    for (int controls = 0; all && controls < 2; controls++)
        print_times(points, "same", controls, controls ? "controls that are the same" : "same");
    print_only(doc_get(c, "only_in_a"), "A");
    print_only(doc_get(c, "only_in_b"), "B");
    print_summary(c);
}
