/* param_option.h -- a variant, its parameters and tensors out of words of the command line; a wrong word ends the
   program with exit code 2. */
#ifndef PARAM_OPTION_H
#define PARAM_OPTION_H

#include "attn.h"

/* --set KEY=VALUE: a number, or else a word. */
void param_option(const struct attn_variant *, void *params, const char *word);

/* The variant of that name. */
const struct attn_variant *variant_option(const char *name);

/* The line of the variant's table that --tensor NAME=FILE means. */
size_t tensor_option(const struct attn_variant *, const char *name);

#endif
