/* tensor_file.c -- tensors in .npy (format 1.0 to 3.0) and .safetensors files. */
#include "tensor_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doc.h"
#include "text.h"

#define FAIL(...)                                               \
    do {                                                        \
        snprintf(error->text, sizeof error->text, __VA_ARGS__); \
        return -1;                                              \
    } while (0)

enum { HEADER_LIMIT = 16 << 20 }; /* bytes; no honest header comes near */

static const struct {
    const char *npy, *safetensors;
    size_t bytes;
    enum tensor_kind kind;
} types[] = {
    [TENSOR_F32] = {"<f4", "F32", 4, TENSOR_FLOATS},   [TENSOR_F16] = {"<f2", "F16", 2, TENSOR_FLOATS},
    [TENSOR_BF16] = {"", "BF16", 2, TENSOR_FLOATS}, /* .npy has none */
    [TENSOR_F64] = {"<f8", "F64", 8, TENSOR_FLOATS},   [TENSOR_BOOL] = {"|b1", "BOOL", 1, TENSOR_BOOLEANS},
    [TENSOR_I8] = {"|i1", "I8", 1, TENSOR_INTEGERS},   [TENSOR_U8] = {"|u1", "U8", 1, TENSOR_INTEGERS},
    [TENSOR_I16] = {"<i2", "I16", 2, TENSOR_INTEGERS}, [TENSOR_U16] = {"<u2", "U16", 2, TENSOR_INTEGERS},
    [TENSOR_I32] = {"<i4", "I32", 4, TENSOR_INTEGERS}, [TENSOR_U32] = {"<u4", "U32", 4, TENSOR_INTEGERS},
    [TENSOR_I64] = {"<i8", "I64", 8, TENSOR_INTEGERS}, [TENSOR_U64] = {"<u8", "U64", 8, TENSOR_INTEGERS},
};
enum { TYPES = sizeof types / sizeof *types };

enum tensor_kind tensor_kind(enum tensor_type type) { return types[type].kind; }
const char *tensor_type_name(enum tensor_type type) { return types[type].safetensors; }

static uint64_t little_endian(const unsigned char *p, int bytes) {
    uint64_t x = 0;
    while (bytes--) x = x << 8 | p[bytes];
    return x;
}

/* Sets the shape from `rank` sizes and checks that so many elements lie within `room` bytes. */
static int set_shape(struct tensor_info *t, int rank, const double *sizes, double room, const char *path,
                     struct attn_error *error) {
    double bytes = (double)types[t->type].bytes;
    if (rank < 1 || rank > 4) FAIL("%s: a tensor of rank %d; 1 to 4 are read", path, rank);
    t->rank = rank;
    for (int i = 0; i < 4; i++) t->shape[i] = 1;
    for (int i = 0; i < rank; i++) {
        if (!(sizes[i] >= 1 && sizes[i] <= INT_MAX && sizes[i] == floor(sizes[i])))
            FAIL("%s: size %g in its shape", path, sizes[i]);
        t->shape[4 - rank + i] = (int)sizes[i];
        bytes *= sizes[i];
    }
    if (bytes > room) FAIL("%s: cut short: its shape needs %.0f bytes, %.0f are there", path, bytes, room);
    return 0;
}

/* ---- .npy -------------------------------------------------------------------------------------- */

/* The value behind 'key': in the Python dictionary of a header; NULL where it is missing. */
static const char *npy_value(const char *header, const char *key) {
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(header, quoted);
    if (!at) return NULL;
    at += strlen(quoted);
    at += strspn(at, " :");
    return at;
}

static int npy_header(const char *header, size_t offset, double file_bytes, const char *path,
                      struct tensor_info *t, struct attn_error *error) {
    const char *descr = npy_value(header, "descr"), *order = npy_value(header, "fortran_order");
    const char *shape = npy_value(header, "shape");
    double sizes[5];
    int rank = 0, type = 0;
    if (!descr || !*descr || !order || !shape || *shape != '(')
        FAIL("%s: its .npy header is not readable", path);
    for (type = 0; type < TYPES; type++)
        if (*types[type].npy && !strncmp(descr + 1, types[type].npy, 3)) break;
    if (type == TYPES)
        FAIL("%s: type %.6s; <f4, <f2, <f8, |b1 and little-endian integers are read", path, descr);
    if (!strncmp(order, "True", 4)) FAIL("%s: column-major; save it with numpy.ascontiguousarray()", path);
    if (strncmp(order, "False", 5)) FAIL("%s: its .npy header is not readable", path);
    for (const char *at = shape + 1; *at && *at != ')' && rank < 5;) {
        char *end;
        sizes[rank] = strtod(at, &end);
        if (end == at) FAIL("%s: its .npy shape is not readable", path);
        rank++;
        at = end + strspn(end, ", L");
    }
    t->type = (enum tensor_type)type;
    t->offset = offset;
    return set_shape(t, rank, sizes, file_bytes - (double)offset, path, error);
}

static int npy_open(FILE *f, double bytes, const char *path, struct tensor_info *t,
                    struct attn_error *error) {
    unsigned char magic[12];
    if (fread(magic, 1, 10, f) != 10 || memcmp(magic, "\x93NUMPY", 6)) FAIL("%s: not a .npy file", path);
    size_t length = (size_t)little_endian(magic + 8, 2), at = 10;
    if (magic[6] > 1) { /* formats 2 and 3 have four bytes of length */
        if (fread(magic + 10, 1, 2, f) != 2) FAIL("%s: cut short", path);
        length = (size_t)little_endian(magic + 8, 4);
        at = 12;
    }
    if (length > HEADER_LIMIT) FAIL("%s: a header of %zu bytes", path, length);
    char *header = xmalloc(length + 1);
    size_t got = fread(header, 1, length, f);
    header[got] = '\0';
    int result = got == length ? npy_header(header, at + length, bytes, path, t, error) : -2;
    free(header);
    if (result == -2) FAIL("%s: cut short within its header", path);
    return result;
}

/* ---- .safetensors ------------------------------------------------------------------------------ */

/* "q, k, v": the first of them. The caller frees it. */
static char *names_of(const struct doc *all) {
    struct text names = {0};
    for (size_t i = 0; i < doc_len(all) && names.length < 120; i++)
        if (strcmp(doc_key(all, i), "__metadata__"))
            text_add(&names, "%s%s", names.length ? ", " : "", doc_key(all, i));
    return names.s ? names.s : xstrdup("none");
}

static int safetensors_entry(const struct doc *all, const char *name, double data, double bytes,
                             const char *path, struct tensor_info *t, struct attn_error *error) {
    if (!doc_is_object(all)) FAIL("%s: its header is no table of tensors", path);
    const struct doc *entry = doc_member(all, name);
    if (!entry) {
        char *names = names_of(all);
        snprintf(error->text, sizeof error->text, "%s: no tensor '%s'; it has: %s", path, name, names);
        free(names);
        return -1;
    }
    const char *dtype = doc_str(entry, "dtype", "");
    const struct doc *shape = doc_get(entry, "shape"), *span = doc_get(entry, "data_offsets");
    double sizes[5], begin = doc_as_num(doc_at(span, 0)), end = doc_as_num(doc_at(span, 1));
    int type = 0, rank = (int)doc_len(shape);
    while (type < TYPES && strcmp(types[type].safetensors, dtype)) type++;
    if (type == TYPES)
        FAIL("%s: tensor '%s' has type '%s'; F32, F16, BF16, F64, BOOL and integers are read", path, name,
             dtype);
    if (!(begin >= 0 && begin == floor(begin) && begin <= end && data + end <= bytes))
        FAIL("%s: tensor '%s' lies outside the file", path, name);
    for (int i = 0; i < rank && i < 5; i++) sizes[i] = doc_as_num(doc_at(shape, (size_t)i));
    t->type = (enum tensor_type)type;
    t->offset = (size_t)(data + begin);
    return set_shape(t, rank, sizes, end - begin, path, error);
}

static int safetensors_open(FILE *f, double bytes, const char *path, const char *name, struct tensor_info *t,
                            struct attn_error *error) {
    unsigned char head[8];
    char why[200], *text;
    if (fread(head, 1, 8, f) != 8) FAIL("%s: not a .safetensors file (under 8 bytes)", path);
    uint64_t length = little_endian(head, 8);
    if (length > HEADER_LIMIT || (double)length + 8 > bytes)
        FAIL("%s: not a .safetensors file (a header of %.0f bytes)", path, (double)length);
    text = xmalloc(length + 1);
    size_t got = fread(text, 1, length, f);
    struct doc *all = got == length ? doc_parse(text, length, why) : NULL;
    free(text);
    if (got != length) FAIL("%s: cut short within its header", path);
    if (!all) FAIL("%s: its header is not JSON: %.100s", path, why);
    int result = safetensors_entry(all, name, 8 + (double)length, bytes, path, t, error);
    doc_free(all);
    return result;
}

/* ---- both -------------------------------------------------------------------------------------- */

int tensor_file_open(const char *path, const char *name, struct tensor_info *t, struct attn_error *error) {
    if (tensor_file_open_any(path, name, t, error)) return -1;
    if (tensor_kind(t->type) != TENSOR_FLOATS)
        FAIL("%s: type %s; F32, F16, BF16 and F64 are read", path, tensor_type_name(t->type));
    return 0;
}

int tensor_file_open_any(const char *path, const char *name, struct tensor_info *t,
                         struct attn_error *error) {
    size_t n = strlen(path);
    struct stat st;
    int result;
    *t = (struct tensor_info){0};
    if (stat(path, &st)) FAIL("cannot read %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) FAIL("%s: not a regular file", path); /* a pipe may never open */
    FILE *f = fopen(path, "rb");
    if (!f) FAIL("cannot read %s: %s", path, strerror(errno));
    if (n > 4 && !strcmp(path + n - 4, ".npy")) result = npy_open(f, (double)st.st_size, path, t, error);
    else result = safetensors_open(f, (double)st.st_size, path, name, t, error);
    fclose(f);
    return result;
}

static float bits_to_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float half_to_float(uint32_t h) {
    uint32_t sign = (h & 0x8000u) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ffu;
    if (exponent == 31) return bits_to_float(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) return bits_to_float(sign | 0x3f800000u) * ldexpf((float)fraction, -24);
    return bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
}

static double bits_to_double(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double convert(enum tensor_type type, const unsigned char *p) {
    uint64_t raw = little_endian(p, (int)types[type].bytes);
    switch (type) {
    case TENSOR_F32: return (double)bits_to_float((uint32_t)raw);
    case TENSOR_F16: return (double)half_to_float((uint32_t)raw);
    case TENSOR_BF16: return (double)bits_to_float((uint32_t)raw << 16);
    case TENSOR_F64: return bits_to_double(raw);
    case TENSOR_I8: return (int8_t)raw;
    case TENSOR_I16: return (int16_t)raw;
    case TENSOR_I32: return (int32_t)raw;
    case TENSOR_I64: return (double)(int64_t)raw;
    case TENSOR_BOOL: return raw != 0;
    case TENSOR_U8:
    case TENSOR_U16:
    case TENSOR_U32:
    case TENSOR_U64: break;
    }
    return (double)raw;
}

/* Elements first .. first + count - 1, to whichever of the two is not NULL. */
static int read_elements(const char *path, const struct tensor_info *t, size_t first, size_t count,
                         float *floats, double *doubles, struct attn_error *error) {
    enum { BLOCK = 8192 };
    unsigned char raw[BLOCK * 8];
    size_t bytes = types[t->type].bytes;
    FILE *f = fopen(path, "rb");
    if (!f) FAIL("cannot read %s: %s", path, strerror(errno));
    int failed = fseeko(f, (off_t)(t->offset + first * bytes), SEEK_SET);
    for (size_t i = 0; i < count && !failed; i += BLOCK) {
        size_t n = count - i < BLOCK ? count - i : BLOCK;
        failed = fread(raw, bytes, n, f) != n;
        for (size_t x = 0; x < n && !failed; x++) {
            double value = convert(t->type, raw + x * bytes);
            if (floats) floats[i + x] = (float)value;
            if (doubles) doubles[i + x] = value;
        }
    }
    fclose(f);
    if (failed) FAIL("%s: cut short while it was read", path);
    return 0;
}

int tensor_file_read(const char *path, const struct tensor_info *t, size_t first, size_t count, float *to,
                     struct attn_error *error) {
    return read_elements(path, t, first, count, to, NULL, error);
}

int tensor_file_read_double(const char *path, const struct tensor_info *t, size_t first, size_t count,
                            double *to, struct attn_error *error) {
    return read_elements(path, t, first, count, NULL, to, error);
}
