/*
 * tensor_load.h -- a tensor that the command line names: opened, then read whole.
 *
 * Every failure ends the program with exit code 2 and a message that opens with the option and the file.
 */
#ifndef TENSOR_LOAD_H
#define TENSOR_LOAD_H

#include "block.h"
#include "tensor_file.h"

struct tensor_load {
    const char *option; /* "--q": for messages */
    const char *file;   /* as on the command line */
    char *path, *name;  /* its two parts */
    struct tensor_info info;
    char shape[64];      /* "[2, 3, 4, 8]": for messages */
    struct block values; /* after reading: packed */
};

/* Reads the header of "FILE.npy", "FILE.safetensors:NAME", or "FILE.safetensors", which stands for its
   tensor `name`. Strings are kept, not copied. */
void tensor_load_open(struct tensor_load *, const char *option, const char *file, const char *name);

/* Ends the program with `reason` unless the type is of this kind. */
void tensor_load_require(const struct tensor_load *, enum tensor_kind, const char *reason);

size_t tensor_load_count(const struct tensor_load *); /* elements */

/* The values as float, between guard pages, read-only; they stay the structure's. */
const float *tensor_load_floats(struct tensor_load *);

/* The values as double; the caller frees them. */
double *tensor_load_doubles(const struct tensor_load *);

void tensor_load_free(struct tensor_load *);

/* Ends the program: "--q FILE: ..." */
void tensor_load_refuse(const struct tensor_load *, const char *form, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
