/* sections.h -- the tables of a sweep that are no plain axes: variants, inputs, measure. What is wrong is
   complained about; what is returned can be used all the same. */
#ifndef SECTIONS_H
#define SECTIONS_H

#include "attn.h"
#include "axis.h"

struct entry { /* one line of `variants` */
    const struct attn_variant *variant;
    const struct doc *settings; /* the table, or NULL for a bare name */
};

/* Loads what `plugins` lists, named relative to the config; returns how many of them are missing now. */
size_t sections_plugins(struct reader *, const struct doc *sweep, const char *config);

/* The entries of `variants`; at most `room`. The files of their tensors are named relative to the config. A name
   that is unknown is complained about unless a plugin is missing, which may have had it; or unless the entry says
   `optional = true`: then the name goes to `absent`. */
size_t sections_variants(struct reader *, const struct doc *sweep, const char *config, size_t missing_plugins,
                         struct doc *absent, struct entry *entries, size_t room);

/* A file that the config names, relative to it. The caller frees the path. */
char *sections_path(const char *config, const char *name);

/* An array of inputs {family, settings...}, every combination of listed settings apart. Files are named
   relative to the config. */
struct doc *sections_inputs(struct reader *, const struct doc *sweep, const char *config);

/* {what[], replicates, seeds, rows, max_seconds} with every default. */
struct doc *sections_measure(struct reader *, const struct doc *sweep);

/* A table member of the sweep, or `empty`. */
const struct doc *sections_table(struct reader *, const struct doc *sweep, const char *key,
                                 const struct doc *empty);

#endif
