/*
 * entry_tensors.h -- the tensors that an entry of `variants` gives.
 *
 *   tensors = { e = "e.npy", layout = function(i, j, nb) ... end }
 *   pattern = function(i, j, nb) ... end
 *
 * A tensor over blocks (tensors.h) takes a function of them: i the block of queries, j the block of keys, both from
 * 0, nb the number of blocks of keys, and the head as h where the function declares a fourth parameter; then the
 * tensor has values of its own for each head, else one map for all. `pattern` stands for the variant's one tensor
 * over blocks. Where the variant has a parameter of that name, it does so if it is a function and the parameter takes
 * words.
 */
#ifndef ENTRY_TENSORS_H
#define ENTRY_TENSORS_H

#include "sections.h"

/* Is `pattern` meant, and not a parameter of that name? */
int entry_tensors_is_pattern(const struct attn_variant *, const char *key, const struct doc *value);

/* Is this key of an entry about tensors? Then what is wrong with its value has been complained about. */
int entry_tensors_check(struct reader *, const char *config, const struct attn_variant *,
                        const struct doc *entry, const char *key);

/* {name: source} as tensor_source.h has it, for workers, who stand elsewhere; NULL after a complaint. Maps once made
   are kept in the object `known`. */
struct doc *entry_tensors_sources(struct reader *, const struct entry *, const struct attn_problem *,
                                  const void *params, const char *config, struct doc *known);

/* ",e=weights.npy,layout=f(i,j)" for the name of the curve; several functions for one tensor of a variant are told
   apart by number. With sources for the id, ",layout=f2:9c1f04e27a3b55d0": the digest says which blocks were asked
   for, the number keeps two functions apart that agree at some length. `all` is where the entries start. */
void entry_tensors_name(struct text *to, const struct entry *all, const struct entry *,
                        const struct doc *sources);

#endif
