/* command_run.c -- `attnbench run` and `attnbench plot`. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attn.h"
#include "child.h"
#include "commands.h"
#include "doctor.h"
#include "isa.h"
#include "manifest.h"
#include "options.h"
#include "plan.h"
#include "plot.h"
#include "plugins_asked.h"
#include "published.h"
#include "published_table.h"
#include "report.h"
#include "results.h"
#include "session.h"
#include "stopwatch.h"
#include "sweep.h"
#include "table.h"
#include "text.h"

static void print_plan(const struct doc *plan) {
    const struct doc *points = doc_get(plan, "points");
    for (size_t i = 0; i < doc_len(points); i++) doc_print(doc_at(points, i), 0);
}

/* " option word", quoted for a shell. */
static void add_option(struct text *t, const char *option, const char *word) {
    char *const argv[] = {NULL, (char *)(uintptr_t)word};
    char *quoted = manifest_command(2, argv);
    text_add(t, "%s%s", option, quoted + strlen("attnbench"));
    free(quoted);
}

/* A command line, freed, with the plugins that were taken out of it. */
static char *with_plugins(char *command) {
    struct text t = {0};
    text_add(&t, "%s", command);
    for (size_t i = 0; i < plugins_asked_count(); i++) add_option(&t, " --plugin", plugins_asked_at(i));
    free(command);
    return t.s;
}

/* What of the command line another run of one of its points has to repeat. */
static char *repeated(const char *program, const struct run_options *o) {
    char *reason = NULL;
    int isa = isa_forced(&reason); /* where it is none, planning says so */
    struct text t = {0};
    text_add(&t, "%s run", program);
    if (isa > 0) add_option(&t, " --set", "isa=");
    if (isa > 0) text_add(&t, "%s", attn_isa_name(isa));
    free(reason);
    add_option(&t, "", o->config);
    for (size_t i = 0; i < plugins_asked_count(); i++) add_option(&t, " --plugin", plugins_asked_at(i));
    for (size_t i = 0; i < o->nsets; i++) add_option(&t, " --set", o->sets[i]);
    if (o->threads) text_add(&t, " --threads %d", o->threads);
    if (o->seed >= 0) text_add(&t, " --seed %.0f", o->seed);
    if (o->blas_core) add_option(&t, " --blas-core", o->blas_core);
    return t.s;
}

static void print_published(const struct doc *plan, const struct doc *rows) {
    struct doc *judged = published_judge(doc_get(plan, "published"), doc_get(plan, "absent"), rows);
    if (judged) published_table_print(judged);
    if (judged) doc_free(judged);
}

/* An optional variant that is spelt wrong would be missing as well. */
static void print_absent(const struct doc *absent) {
    for (size_t i = 0; i < doc_len(absent); i++)
        printf("%s%s",
               i ? ", " : "\nLeft out, for want of a variant of that name: ", doc_as_str(doc_at(absent, i)));
    if (doc_len(absent)) putchar('\n');
}

/* Takes the text over; -1 after a warning. */
static int save(const char *dir, const char *name, char *text) {
    int failed = results_write(dir, name, text);
    if (failed) warn("cannot write %s/%s: %s", dir, name, strerror(errno));
    free(text);
    return failed;
}

/* The manifest of the run, with what it has of the sessions before this one. */
static int save_manifest(const struct results *r, const struct doc *manifest) {
    struct doc *run = session_join(r->earlier, manifest);
    int failed = save(r->dir, "manifest.json", doc_text(run, 1));
    doc_free(run);
    return failed;
}

/* The first word of the manifest, without which a run would not know later where its rows come from. */
static void open_manifest(const struct results *r, struct doc *manifest) {
    struct doc *differences = r->earlier ? session_differences(r->earlier, manifest) : doc_array();
    if (!r->earlier && doc_len(r->rows)) /* told to go on nevertheless */
        doc_add(differences,
                doc_string("the manifest was missing or torn, so that it is not known what differs"));
    doc_put(manifest, "differences", differences);
    if (save_manifest(r, manifest))
        die(EXIT_USAGE, "nothing was measured; make room, or choose another folder with -o");
}

/* The last word of the manifest: how it ended, and where the wall time went. Returns the exit code. */
static int close_manifest(const struct results *r, struct doc *manifest, int code, double start,
                          double planned, double drawn) {
    double wall = stopwatch_seconds() - start, known = planned + drawn;
    const struct doc *phases = doc_get(manifest, "phases");
    for (size_t i = 0; i < doc_len(phases); i++) known += doc_as_num(doc_at(phases, i));
    doc_put_num(manifest, "phases.plan", planned);
    doc_put_num(manifest, "phases.summary", drawn);
    doc_put_num(manifest, "phases.other", wall - known);
    doc_put_num(manifest, "wall_seconds", wall);
    doc_put_str(manifest, "state", code == EXIT_INTERRUPTED ? "interrupted" : "finished");
    doc_put_num(manifest, "exit_code", code);
    doc_put_str(manifest, "finished", manifest_time());
    return save_manifest(r, manifest) ? EXIT_INCOMPLETE : code;
}

int command_run(int argc, char **argv) {
    struct run_options o;
    struct results results;
    double start = stopwatch_seconds(), planned, before;
    options_parse(argc, argv, &o);
    child_catch_signals();
    struct doc *plan = plan_fetch(&o, argc, argv);
    if (o.dry_run) {
        print_plan(plan);
        return EXIT_FINE;
    }
    char *dir = o.output ? xstrdup(o.output) : format("results/%s", doc_str(plan, "name", "run"));
    char *again = repeated(strncmp(argv[-1], "./", 2) ? "attnbench" : argv[-1], &o),
         *command = with_plugins(manifest_command(argc + 1, argv - 1));
    struct doc *manifest = manifest_make(plan, &o, command);
    results_open(&results, dir, plan,
                 o.force       ? RESULTS_RESUME_MIXED
                 : o.resume    ? RESULTS_RESUME
                 : o.overwrite ? RESULTS_OVERWRITE
                               : RESULTS_NEW,
                 manifest);
    doctor_warn();
    open_manifest(&results, manifest);
    size_t before_us = doc_len(results.rows);
    planned = stopwatch_seconds() - start;
    int code = sweep_run(plan, &o, again, &results, manifest);
    before = stopwatch_seconds();
    save(dir, "summary.csv", table_csv(results.rows));
    int pictures = o.no_plots || code == EXIT_INTERRUPTED ? 0 : plot_all(dir, results.rows);
    if (code == EXIT_FINE && child_interrupted()) {
        warn("interrupted while the pictures were drawn; every point is measured; 'attnbench plot %s' draws "
             "them",
             dir);
        code = EXIT_INTERRUPTED;
    }
    doc_put_num(manifest, "points_done", (double)(doc_len(results.rows) - before_us));
    code = close_manifest(&results, manifest, code, start, planned, stopwatch_seconds() - before);
    int reported = !o.no_plots && !report_write(dir, results.rows); /* it shows the closed manifest */
    table_print(doc_str(plan, "question", ""), results.rows);
    print_absent(doc_get(plan, "absent"));
    print_published(plan, results.rows);
    printf("\n%zu of %zu points in %s", doc_len(results.rows), doc_len(doc_get(plan, "points")), dir);
    if (pictures > 0) printf("; %d pictures in %s/plots", pictures, dir);
    if (reported) printf("%s %s/report.html", pictures > 0 ? " and" : ";", dir);
    puts("");
    if (doc_len(results.rows) < doc_len(doc_get(plan, "points")) && code == EXIT_INTERRUPTED)
        warn("interrupted; go on with --resume");
    results_close(&results);
    doc_free(manifest);
    doc_free(plan);
    free(dir), free(again), free(command);
    return code;
}

int command_plot(int argc, char **argv) {
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        puts("usage: attnbench plot DIR\n\nDraws the pictures of a folder of results again, from its "
             "points.jsonl.");
        return EXIT_FINE;
    }
    if (argc != 2) die(EXIT_USAGE, "plot takes one folder, for example 'attnbench plot results/quick'");
    struct doc *rows = results_read(argv[1]);
    int drawn = plot_all(argv[1], rows);
    doc_free(rows);
    if (drawn < 0) return EXIT_USAGE;
    printf("%d pictures in %s/plots\n", drawn, argv[1]);
    return EXIT_FINE;
}
