/*
 * blockmap.h -- which blocks of a score matrix are computed, as text.
 *
 * Each row of blocks is its runs, "0,4-7" for blocks 0 and 4 to 7, or, where that is much shorter, "x" and
 * hexadecimal digits of four blocks each, the first block in the highest bit. ";" stands between rows, nothing in an
 * empty one; several heads are one below the other. Equal maps are equal text.
 */
#ifndef BLOCKMAP_H
#define BLOCKMAP_H

#include <stddef.h>

#include "attn.h"

/* `map` is [rows][columns], 0 or 1. The caller frees the text. */
char *blockmap_encode(const unsigned char *map, size_t rows, size_t columns);

/* The reverse, as 0 and 1 in float. -1, and the row that is damaged in `error`. */
int blockmap_decode(const char *text, size_t rows, size_t columns, float *map, struct attn_error *error);

#endif
