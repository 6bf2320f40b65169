/*
 * tensor_file.h -- tensors in .npy and .safetensors files.
 *
 * Read: f32, f16, bf16 and f64 as little-endian, row-major. A path that ends in .npy holds one tensor
 * and its name is ignored; any other is read as .safetensors.
 */
#ifndef TENSOR_FILE_H
#define TENSOR_FILE_H

#include <stddef.h>

#include "attn.h"

enum tensor_type { TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_F64 };

struct tensor_info {
    enum tensor_type type;
    int rank;      /* 1 to 4 */
    int shape[4];  /* aligned to the right: a tensor of rank 3 has shape[0] = 1 */
    size_t offset; /* of the first byte of data in the file */
};

/* Reads the header only; the data are known to lie within the file. -1 and a message on failure. */
int tensor_file_open(const char *path, const char *name, struct tensor_info *, struct attn_error *);

/* Reads `count` elements from element `first` on, converted to float. */
int tensor_file_read(const char *path, const struct tensor_info *, size_t first, size_t count, float *,
                     struct attn_error *);

#endif
