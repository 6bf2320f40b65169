/* tensor_load.c -- a tensor that the command line names. */
#include "tensor_load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor_source.h"
#include "text.h"

void tensor_load_refuse(const struct tensor_load *t, const char *form, ...) {
    char why[1000];
    va_list args;
    va_start(args, form);
    vsnprintf(why, sizeof why, form, args);
    va_end(args);
    die(EXIT_USAGE, "%s %s: %s", t->option, t->file, why);
}

static void describe_shape(struct tensor_load *t) {
    int at = 0, size = (int)sizeof t->shape;
    for (int i = 4 - t->info.rank; i < 4; i++)
        at += snprintf(t->shape + at, (size_t)(size - at), "%s%d", at ? ", " : "[", t->info.shape[i]);
    snprintf(t->shape + at, (size_t)(size - at), "]");
}

void tensor_load_open(struct tensor_load *t, const char *option, const char *file, const char *name) {
    struct attn_error error;
    *t = (struct tensor_load){.option = option, .file = file};
    tensor_source_split(file, name, &t->path, &t->name);
    if (tensor_file_open_any(t->path, t->name, &t->info, &error))
        die(EXIT_USAGE, "%s: %s", option, error.text);
    describe_shape(t);
}

void tensor_load_require(const struct tensor_load *t, enum tensor_kind kind, const char *reason) {
    if (tensor_kind(t->info.type) != kind)
        tensor_load_refuse(t, "it has type %s; %s", tensor_type_name(t->info.type), reason);
}

size_t tensor_load_count(const struct tensor_load *t) {
    size_t count = 1;
    for (int i = 0; i < 4; i++) count *= (size_t)t->info.shape[i];
    return count;
}

const float *tensor_load_floats(struct tensor_load *t) {
    size_t count = tensor_load_count(t), bytes = count * sizeof(float);
    struct attn_error error;
    if (block_make(&t->values, bytes)) tensor_load_refuse(t, "no memory for %s", show_bytes((double)bytes));
    float *to = (float *)t->values.data;
    if (tensor_file_read(t->path, &t->info, 0, count, to, &error))
        die(EXIT_USAGE, "%s: %s", t->option, error.text);
    block_read_only(&t->values);
    return to;
}

double *tensor_load_doubles(const struct tensor_load *t) {
    size_t count = tensor_load_count(t);
    double *to = xmalloc(count * sizeof *to);
    struct attn_error error;
    if (tensor_file_read_double(t->path, &t->info, 0, count, to, &error))
        die(EXIT_USAGE, "%s: %s", t->option, error.text);
    return to;
}

void tensor_load_free(struct tensor_load *t) {
    free(t->path), free(t->name);
    block_free(&t->values);
    *t = (struct tensor_load){0};
}
