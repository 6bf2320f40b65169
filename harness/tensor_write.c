/* tensor_write.c -- tensors into .npy files. */
#include "tensor_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { PREFIX = 10, BOUNDARY = 64 }; /* bytes; data start on such a boundary */

/* Magic, version, length, and the dictionary padded with blanks up to the boundary. */
static void add_header(struct text *t, int rank, const int *shape) {
    text_append(t, "\x93NUMPY\x01\x00\x00\x00", PREFIX);
    text_add(t, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < rank; i++) text_add(t, i ? ", %d" : "%d", shape[i]);
    text_add(t, rank == 1 ? ",), }" : "), }");
    while ((t->length + 1) % BOUNDARY) text_append(t, " ", 1);
    text_append(t, "\n", 1);
    t->s[PREFIX - 2] = (char)((t->length - PREFIX) & 255);
    t->s[PREFIX - 1] = (char)((t->length - PREFIX) >> 8);
}

static int write_floats(FILE *f, const float *data, size_t count) {
    enum { BLOCK = 4096 };
    unsigned char raw[BLOCK * 4];
    for (size_t i = 0; i < count; i += BLOCK) {
        size_t n = count - i < BLOCK ? count - i : BLOCK;
        for (size_t x = 0; x < n; x++) {
            uint32_t bits;
            memcpy(&bits, &data[i + x], sizeof bits);
            for (int byte = 0; byte < 4; byte++)
                raw[4 * x + (size_t)byte] = (unsigned char)(bits >> 8 * byte);
        }
        if (fwrite(raw, 4, n, f) != n) return -1;
    }
    return 0;
}

int tensor_write_npy(const char *path, int rank, const int *shape, const float *data,
                     struct attn_error *error) {
    struct text header = {0};
    size_t count = 1;
    FILE *f = fopen(path, "wb");
    int why = f ? 0 : errno;
    for (int i = 0; i < rank; i++) count *= (size_t)shape[i];
    add_header(&header, rank, shape);
    if (f && (fwrite(header.s, 1, header.length, f) != header.length || write_floats(f, data, count)))
        why = errno;
    if (f && fclose(f) && !why) why = errno;
    free(header.s);
    if (why) snprintf(error->text, sizeof error->text, "%s", strerror(why));
    return why ? -1 : 0;
}
