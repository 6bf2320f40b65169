/*
 * projections.c -- the random projections of `performer` as a file, so that others can use the same.
 *
 *   projections FILE.npy FEATURES WIDTH SEED      f32 [features, width], orthogonal in blocks
 */
#include "projections.h"

#include <stdio.h>
#include <stdlib.h>

#include "tensor_write.h"

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("usage: projections FILE.npy FEATURES WIDTH SEED\n", stderr);
        return 2;
    }
    int shape[2] = {atoi(argv[2]), atoi(argv[3])};
    float *w = malloc((size_t)shape[0] * (size_t)shape[1] * sizeof *w);
    struct attn_error error = {"no memory"};
    if (!w || projections_draw(PROJECTIONS_ORTHOGONAL, strtoull(argv[4], NULL, 10), shape[0], shape[1], w) ||
        tensor_write_npy(argv[1], 2, shape, w, &error)) {
        fprintf(stderr, "projections: %s: %s\n", argv[1], error.text);
        return 2;
    }
    free(w);
    return 0;
}
