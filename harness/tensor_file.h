/*
 * tensor_file.h -- tensors in .npy and .safetensors files.
 *
 * Read: f32, f16, bf16, f64, booleans and integers as little-endian, row-major. A path that ends in .npy
 * holds one tensor and its name is ignored; any other is read as .safetensors.
 */
#ifndef TENSOR_FILE_H
#define TENSOR_FILE_H

#include <stddef.h>

#include "attn.h"

enum tensor_type {
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_F64,
    TENSOR_BOOL,
    TENSOR_I8,
    TENSOR_U8,
    TENSOR_I16,
    TENSOR_U16,
    TENSOR_I32,
    TENSOR_U32,
    TENSOR_I64,
    TENSOR_U64,
};
enum tensor_kind { TENSOR_FLOATS, TENSOR_BOOLEANS, TENSOR_INTEGERS };

struct tensor_info {
    enum tensor_type type;
    int rank;      /* 1 to 4 */
    int shape[4];  /* aligned to the right: a tensor of rank 3 has shape[0] = 1 */
    size_t offset; /* of the first byte of data in the file */
};

enum tensor_kind tensor_kind(enum tensor_type);
const char *tensor_type_name(enum tensor_type); /* "F32", "BOOL", "I64", ... */

/* Reads the header only; the data are known to lie within the file. -1 and a message on failure, which
   is any type that is not floating-point too. */
int tensor_file_open(const char *path, const char *name, struct tensor_info *, struct attn_error *);

/* The same for every type of the list. */
int tensor_file_open_any(const char *path, const char *name, struct tensor_info *, struct attn_error *);

/* Reads `count` elements from element `first` on, converted to float; true is 1. */
int tensor_file_read(const char *path, const struct tensor_info *, size_t first, size_t count, float *,
                     struct attn_error *);

/* The same as double: exact but for integers beyond 2^53. */
int tensor_file_read_double(const char *path, const struct tensor_info *, size_t first, size_t count,
                            double *, struct attn_error *);

#endif
