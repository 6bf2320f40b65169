/*
 * tensor_source.h -- further tensors of a variant: out of files, or as a plan spells them out.
 *
 * A source is a document: "FILE.npy", "FILE.safetensors:NAME", or "FILE.safetensors", which stands for its tensor
 * of the variant's name for it; or {digest, sizes[], share, blocks}, a tensor of ones and zeros: its sizes, the share
 * of ones, and its rows as blockmap.h has them, with their digest.
 */
#ifndef TENSOR_SOURCE_H
#define TENSOR_SOURCE_H

#include "doc.h"
#include "tensor_file.h"
#include "tensors.h"

/* The two parts of a file's source; the caller frees both. */
void tensor_source_split(const char *source, const char *name, char **path, char **tensor);

/* The source for a map of [sizes[0]]..[sizes[rank - 1]] zeros and ones. */
struct doc *tensor_source_blocks(int rank, const int *sizes, const unsigned char *map);

/* How the source holds a tensor of shape `want`: reads no more than the header of a file. -1 and a message that names
   the source. */
int tensor_source_open(const struct doc *source, const struct attn_tensor *, const struct tensor_shape *want,
                       struct tensor_shape *stored, struct attn_error *);

/* All of its values, stored->count of them. */
int tensor_source_read(const struct doc *source, const struct attn_tensor *,
                       const struct tensor_shape *stored, float *, struct attn_error *);

#endif
