/*
 * tensor_source.h -- further tensors of a variant out of files.
 *
 * A source is "FILE.npy", "FILE.safetensors:NAME", or "FILE.safetensors", which stands for its tensor of the
 * variant's name for it.
 */
#ifndef TENSOR_SOURCE_H
#define TENSOR_SOURCE_H

#include "tensor_file.h"
#include "tensors.h"

/* The two parts of a source; the caller frees both. */
void tensor_source_split(const char *source, const char *name, char **path, char **tensor);

/* How the file holds a tensor of shape `want`: reads the header only. -1 and a message that names the file. */
int tensor_source_open(const char *source, const struct attn_tensor *, const struct tensor_shape *want,
                       struct tensor_shape *stored, struct attn_error *);

/* All of its values, stored->count of them. */
int tensor_source_read(const char *source, const struct attn_tensor *, const struct tensor_shape *stored,
                       float *, struct attn_error *);

#endif
