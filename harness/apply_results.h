/*
 * apply_results.h -- what `attnbench apply` writes: the output and every --out.
 *
 * Whatever cannot be had ends the program with exit code 2 and a message that names the option.
 */
#ifndef APPLY_RESULTS_H
#define APPLY_RESULTS_H

#include "apply_inputs.h"
#include "doc.h"
#include "subject.h"

struct apply_results {
    struct block o, lse, carried[TENSORS_MAX];
    struct attn_output views[TENSORS_MAX]; /* of carried */
};

/* Ends the program where the variant cannot give one of the outputs. */
void apply_results_verify(const struct apply_options *, const struct attn_variant *);

/* Makes room for what forward() writes, and lets `call` write there. */
void apply_results_open(struct apply_results *, const struct apply_options *, const struct apply_inputs *,
                        const struct attn_variant *, const void *params, struct attn_call *call);

/* Writes each output, after forward(), into the file paths[i] that stands for options->outputs[i]. */
void apply_results_write(const struct apply_results *, const struct apply_options *,
                         const struct apply_inputs *, const struct subject *, const struct doc *paths);

void apply_results_free(struct apply_results *);

#endif
