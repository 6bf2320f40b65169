/* inputs_file.h -- queries, keys and values out of tensor files; the functions of inputs.h for `file`. */
#ifndef INPUTS_FILE_H
#define INPUTS_FILE_H

#include "attn.h"
#include "doc.h"

int inputs_file_adjust(const struct doc *input, struct attn_problem *, struct attn_error *);
int inputs_file_longest(const struct doc *input, struct attn_error *);
int inputs_file_verify(const struct doc *input, struct attn_error *);
int inputs_file_suffice(const struct doc *input, const struct attn_problem *, struct attn_error *);
int inputs_file_fill(const struct doc *input, const struct attn_problem *, float *q, float *k, float *v,
                     struct attn_error *);

#endif
