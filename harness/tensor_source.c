/* tensor_source.c -- further tensors of a variant out of files, or as a plan spells them out. */
#include "tensor_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blockmap.h"
#include "text.h"

void tensor_source_split(const char *source, const char *name, char **path, char **tensor) {
    static const char ending[] = ".safetensors:";
    const char *colon = strstr(source, ending);
    if (colon) colon += strlen(ending) - 1;
    *path = colon ? format("%.*s", (int)(colon - source), source) : xstrdup(source);
    *tensor = xstrdup(colon ? colon + 1 : name);
}

/* ---- spelt out --------------------------------------------------------------------------------- */

static char *digest_of(const char *blocks) {
    return format("%016llx", (unsigned long long)fingerprint(blocks));
}

struct doc *tensor_source_blocks(int rank, const int *sizes, const unsigned char *map) {
    struct doc *source = doc_object(), *listed = doc_array();
    size_t count = 1, ones = 0;
    for (int d = 0; d < rank; d++) {
        count *= (size_t)sizes[d];
        doc_add(listed, doc_number(sizes[d]));
    }
    for (size_t x = 0; x < count; x++) ones += map[x];
    size_t columns = (size_t)sizes[rank - 1];
    char *blocks = blockmap_encode(map, count / columns, columns), *digest = digest_of(blocks);
    doc_put_str(source, "digest", digest);
    doc_put(source, "sizes", listed);
    doc_put_num(source, "share", (double)ones / (double)count);
    doc_put_str(source, "blocks", blocks);
    free(blocks), free(digest);
    return source;
}

static int open_blocks(const struct doc *source, const struct attn_tensor *t, const struct tensor_shape *want,
                       struct tensor_shape *stored, struct attn_error *error) {
    const struct doc *listed = doc_get(source, "sizes");
    int sizes[TENSOR_DIMS] = {0}, rank = (int)doc_len(listed);
    for (int d = 0; d < rank && d < TENSOR_DIMS; d++) sizes[d] = (int)doc_as_num(doc_at(listed, (size_t)d));
    return tensors_stored(t, want, rank, sizes, stored, error);
}

static int read_blocks(const struct doc *source, const struct attn_tensor *t,
                       const struct tensor_shape *stored, float *to, struct attn_error *error) {
    const char *blocks = doc_str(source, "blocks", "");
    size_t columns = (size_t)stored->size[stored->rank - 1];
    char *digest = digest_of(blocks);
    int intact = !strcmp(digest, doc_str(source, "digest", ""));
    free(digest);
    if (intact) return blockmap_decode(blocks, stored->count / columns, columns, to, error);
    snprintf(error->text, sizeof error->text, "'%s': the blocks do not fit their digest", t->name);
    return -1;
}

/* ---- files ------------------------------------------------------------------------------------- */

static int open_file(const char *source, const struct attn_tensor *t, const struct tensor_shape *want,
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

static int read_file_tensor(const char *source, const struct attn_tensor *t,
                            const struct tensor_shape *stored, float *to, struct attn_error *error) {
    char *path, *name;
    struct tensor_info info;
    tensor_source_split(source, t->name, &path, &name);
    int failed = tensor_file_open(path, name, &info, error) ||
                 tensor_file_read(path, &info, 0, stored->count, to, error);
    free(path), free(name);
    return failed ? -1 : 0;
}

/* ---- either ------------------------------------------------------------------------------------ */

int tensor_source_open(const struct doc *source, const struct attn_tensor *t, const struct tensor_shape *want,
                       struct tensor_shape *stored, struct attn_error *error) {
    if (doc_is_string(source)) return open_file(doc_as_str(source), t, want, stored, error);
    return open_blocks(source, t, want, stored, error);
}

int tensor_source_read(const struct doc *source, const struct attn_tensor *t,
                       const struct tensor_shape *stored, float *to, struct attn_error *error) {
    if (doc_is_string(source)) return read_file_tensor(doc_as_str(source), t, stored, to, error);
    return read_blocks(source, t, stored, to, error);
}
