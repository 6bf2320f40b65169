/* params.h -- a variant's parameters, from its table. */
#ifndef PARAMS_H
#define PARAMS_H

#include "attn.h"
#include "doc.h"

/* A structure of v->params_size bytes with every default; the caller frees it. */
void *params_defaults(const struct attn_variant *);

const struct attn_param *params_find(const struct attn_variant *, const char *name); /* NULL: unknown */
char *params_suggest(const struct attn_variant *, const char *name);

/* Sets one parameter; -1 and what is allowed in `error` where the value is not. A number or the name
   of a choice. */
int params_set(void *params, const struct attn_param *, const struct doc *value, struct attn_error *error);

/* {name: value} of every parameter. */
struct doc *params_doc(const struct attn_variant *, const void *params);

/* The same of those alone that differ from their defaults. */
struct doc *params_changed(const struct attn_variant *, const void *params);

/* The structure that params_doc() described. */
void *params_from_doc(const struct attn_variant *, const struct doc *);

/* "window=128,left=0": the parameters that differ from their defaults, or "". The caller frees it. */
char *params_label(const struct attn_variant *, const void *params);

#endif
