/*
 * plan.h -- a sweep as data.
 *
 * The plan is one document: name, question, source, config (the text), measure {what[], replicates,
 * seeds, rows, max_seconds} absent[] (names of optional variants that this build
 * lacks), published {source, claims[]} where the config has it, as claims.h says, and points[]. A point has the fields that its row will repeat (id, variant,
 * params, shape, mask, logits, input, layer, seed, threads, isa), and kind, growth, label, group (its number),
 * need {state_bytes, scratch_bytes, inputs_bytes, outputs_bytes}, cost {flops, bytes}, where the entry gives
 * tensors these, {name: source} as tensor_source.h has it, and, where the variant refuses the point, status
 * "unsupported" and a reason.
 */
#ifndef PLAN_H
#define PLAN_H

#include "doc.h"
#include "options.h"
#include "text.h"

/* Evaluates the config and expands its axes. NULL and all that is wrong in `errors`, a line each. */
struct doc *plan_build(const struct run_options *, struct text *errors);

/* The same in a child process with limits of its own: what the parent uses. Ends the program with exit
   code 2, the child having said why, where there is no plan. */
struct doc *plan_fetch(const struct run_options *, int argc, char **argv);

/* The child's side. */
int plan_child(int argc, char **argv);

#endif
