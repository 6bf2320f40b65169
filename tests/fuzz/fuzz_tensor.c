/*
 * fuzz_tensor.c -- .npy and .safetensors.
 *
 * The bytes are a file: .npy where they open with the first byte of its magic, else .safetensors, of which the
 * tensors q, k, v and "a.b" are asked for. What is accepted lies within the file and can be read to its end, and
 * what is read as q, k and v of a sweep is finite.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "inputs.h"
#include "tensor_load.h"
#include "text.h"

/* "BF16" has 2 bytes. */
static size_t bytes_of(enum tensor_type type) {
    const char *name = tensor_type_name(type);
    return strcmp(name, "BOOL") ? strtoul(name + strcspn(name, "0123456789"), NULL, 10) / 8 : 1;
}

static int refused(const char *text) {
    HOLDS(*text && memchr(text, '\0', sizeof(struct attn_error)));
    return 0;
}

static void one_tensor(const char *path, const char *name, size_t size) {
    struct tensor_info info;
    struct tensor_load load;
    struct attn_error error = {""};
    if (tensor_file_open_any(path, name, &info, &error)) {
        refused(error.text);
        return;
    }
    double bytes = (double)bytes_of(info.type);
    HOLDS(info.rank >= 1 && info.rank <= 4);
    for (int d = 0; d < 4; d++) {
        HOLDS(info.shape[d] >= 1 && (d >= 4 - info.rank || info.shape[d] == 1));
        bytes *= info.shape[d];
    }
    HOLDS((double)info.offset + bytes <= (double)size);

    tensor_load_open(&load, "--q", path, name);
    size_t count = tensor_load_count(&load), end;
    HOLDS((double)count * (double)bytes_of(info.type) == bytes);
    const float *floats = tensor_load_floats(&load);
    double *doubles = tensor_load_doubles(&load), last;
    for (size_t i = 0; i < count; i++)
        HOLDS(floats[i] == (float)doubles[i] || (isnan(floats[i]) && isnan(doubles[i])));
    end = count - 1;
    HOLDS(!tensor_file_read_double(path, &info, end, 1, &last, &error));
    HOLDS(last == doubles[end] || isnan(last));
    free(doubles);
    tensor_load_free(&load);
}

/* The file as the input of a sweep. */
static void as_input(const struct doc *input) {
    struct attn_problem p = {.struct_size = sizeof p, .nq = 1, .nk = 1};
    struct attn_error error = {""};
    if (inputs_adjust(input, &p, &error) || inputs_verify(input, &error) ||
        inputs_suffice(input, &p, &error)) {
        refused(error.text);
        return;
    }
    size_t nq = (size_t)p.batch * (size_t)p.heads * (size_t)p.dk,
           nk = (size_t)p.batch * (size_t)p.kv_heads * (size_t)p.dk,
           nv = (size_t)p.batch * (size_t)p.kv_heads * (size_t)p.dv;
    float *q = xmalloc(nq * sizeof *q), *k = xmalloc(nk * sizeof *k), *v = xmalloc(nv * sizeof *v);
    HOLDS(!inputs_fill(input, &p, q, k, v, &error));
    for (size_t i = 0; i < nq; i++) HOLDS(isfinite(q[i]));
    for (size_t i = 0; i < nk; i++) HOLDS(isfinite(k[i]));
    for (size_t i = 0; i < nv; i++) HOLDS(isfinite(v[i]));
    free(q), free(k), free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"q", "k", "v", "a.b"};
    int is_npy = size > 0 && data[0] == 0x93;
    char *path = fuzz_file(is_npy ? "x.npy" : "x.safetensors", data, size);
    struct doc *input = doc_object();
    for (int i = 0; i < (is_npy ? 1 : 4); i++) one_tensor(path, names[i], size);
    doc_put_str(input, "family", "file");
    if (!is_npy) doc_put_str(input, "path", path);
    for (int i = 0; i < 3; i++) doc_put_str(input, names[i], is_npy ? path : names[i]);
    as_input(input);
    doc_free(input);
    free(path);
    return 0;
}
