/* tensor_write.h -- tensors into .npy files. */
#ifndef TENSOR_WRITE_H
#define TENSOR_WRITE_H

#include "attn.h"

/* Writes data, packed in `shape`, over the file `path`: format 1.0, f32 little-endian, row-major. -1
   and the reason without the path where that fails; the file may then hold a part. */
int tensor_write_npy(const char *path, int rank, const int *shape, const float *data, struct attn_error *);

#endif
