/*
 * command_apply.c -- `attnbench apply`: one variant, once, on the user's own tensors.
 *
 * The parent opens a draft for each result and starts a child, which reads, computes and fills the drafts.
 * The child may crash or be killed; only where it ends well do the drafts take the names of the results.
 */
#include <stdlib.h>
#include <string.h>

#include "apply_inputs.h"
#include "apply_judge.h"
#include "apply_options.h"
#include "apply_results.h"
#include "child.h"
#include "commands.h"
#include "draft.h"
#include "machine.h"
#include "param_option.h"
#include "params.h"
#include "problem.h"
#include "subject.h"
#include "text.h"

/* ---- the child --------------------------------------------------------------------------------- */

/* Reads, computes, fills the drafts at `paths`, and tells the errors; the exit code. */
static int apply(const struct apply_options *o, const struct doc *paths) {
    const struct attn_variant *v = variant_option(o->variant);
    void *params = params_defaults(v);
    struct apply_inputs in;
    struct apply_results results;
    struct subject s;
    struct block scratch;
    struct attn_error error;
    apply_results_verify(o, v);
    for (size_t i = 0; i < o->nsets; i++) param_option(v, params, o->sets[i]);
    apply_inputs_open(&in, o);
    apply_positions_verify(&in.positions, &in.problem, v);
    if (problem_accept(v, &in.problem, params, &error)) die(EXIT_USAGE, "%s", error.text);
    apply_inputs_read(&in, o, v, params);
    apply_results_open(&results, o, &in, v, params, &in.call);
    if (subject_build(&s, v, &in.problem, params, &in.call, &error)) die(EXIT_USAGE, "%s", error.text);
    if (block_make(&scratch, s.need.scratch))
        die(EXIT_USAGE, "no memory for %s of scratch of %s", show_bytes((double)s.need.scratch), v->name);
    if (subject_create(&s, &error)) die(EXIT_USAGE, "%s: %s", v->name, error.text);
    s.call.scratch = scratch.data;
    v->forward(&s.call);
    apply_results_write(&results, o, &in, &s, paths);
    int code = apply_judge(o, &s) ? EXIT_REGRESSION : EXIT_FINE;
    subject_free(&s);
    block_free(&scratch);
    apply_results_free(&results);
    apply_inputs_free(&in);
    free(params);
    return code;
}

int command_apply_child(int argc, char **argv) {
    struct apply_options o;
    struct doc *paths = child_job();
    apply_options_parse(argc, argv, &o);
    if (doc_len(paths) != o.noutputs) die(EXIT_USAGE, "this command is for the program's own use");
    int code = apply(&o, paths);
    apply_options_free(&o);
    doc_free(paths);
    return code;
}

/* ---- the parent -------------------------------------------------------------------------------- */

static void discard_all(struct draft *drafts, size_t n) {
    for (size_t i = 0; i < n; i++) draft_discard(&drafts[i]);
}

/* A draft for each output; the array of their paths. */
static struct doc *open_all(const struct apply_options *o, struct draft *drafts) {
    struct doc *paths = doc_array();
    struct attn_error error;
    for (size_t i = 0; i < o->noutputs; i++) {
        if (draft_open(&drafts[i], o->outputs[i].file, &error)) {
            discard_all(drafts, i);
            die(EXIT_USAGE, "cannot write %s: %s", o->outputs[i].file, error.text);
        }
        doc_add(paths, doc_string(drafts[i].path));
    }
    return paths;
}

static void keep_all(struct draft *drafts, size_t n) {
    struct attn_error error;
    for (size_t i = 0; i < n; i++)
        if (draft_keep(&drafts[i], &error)) {
            discard_all(drafts, n);
            die(EXIT_USAGE, "cannot write %s: %s", drafts[i].target, error.text);
        }
}

int command_apply(int argc, char **argv) {
    struct apply_options o;
    apply_options_parse(argc, argv, &o);
    const char **arguments = xmalloc(((size_t)argc + 1) * sizeof *arguments);
    memcpy(arguments, argv, ((size_t)argc + 1) * sizeof *arguments);
    arguments[0] = "apply-child";
    struct draft *drafts = xmalloc(o.noutputs * sizeof *drafts);
    child_catch_signals();
    struct doc *paths = open_all(&o, drafts);
    struct child c = {.arguments = arguments,
                      .job = paths,
                      .data = -1,
                      .threads = o.threads ? o.threads : machine_cores(),
                      .pass_output = 1,
                      .with_plugins = 1};
    child_run(&c);
    int judged =
        c.end == CHILD_FAILED && c.code == EXIT_REGRESSION; /* a result that misses its definition is one */
    int code = c.end == CHILD_DONE ? EXIT_FINE
               : judged            ? EXIT_REGRESSION
                                   : child_failure(&c, "nothing was written");
    if (code == EXIT_FINE || code == EXIT_REGRESSION) keep_all(drafts, o.noutputs);
    else discard_all(drafts, o.noutputs);
    doc_free(paths);
    free(drafts), free(arguments);
    apply_options_free(&o);
    return code;
}
