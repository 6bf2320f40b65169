/* tensor_source.c -- further tensors of a variant out of files. */
#include "tensor_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void tensor_source_split(const char *source, const char *name, char **path, char **tensor) {
    static const char ending[] = ".safetensors:";
    const char *colon = strstr(source, ending);
    if (colon) colon += strlen(ending) - 1;
    *path = colon ? format("%.*s", (int)(colon - source), source) : xstrdup(source);
    *tensor = xstrdup(colon ? colon + 1 : name);
}

int tensor_source_open(const char *source, const struct attn_tensor *t, const struct tensor_shape *want,
                       struct tensor_shape *stored, struct attn_error *error) {
    char *path, *name;
    struct tensor_info info;
    struct attn_error why;
    tensor_source_split(source, t->name, &path, &name);
    int failed = tensor_file_open(path, name, &info, error);
    if (!failed && tensors_stored(t, want, info.rank, info.shape + 4 - info.rank, stored, &why)) {
        snprintf(error->text, sizeof error->text, "%.90s: %.140s", source, why.text);
        failed = -1;
    }
    free(path), free(name);
    return failed;
}

int tensor_source_read(const char *source, const struct attn_tensor *t, const struct tensor_shape *stored,
                       float *to, struct attn_error *error) {
    char *path, *name;
    struct tensor_info info;
    tensor_source_split(source, t->name, &path, &name);
    int failed = tensor_file_open(path, name, &info, error) ||
                 tensor_file_read(path, &info, 0, stored->count, to, error);
    free(path), free(name);
    return failed ? -1 : 0;
}
