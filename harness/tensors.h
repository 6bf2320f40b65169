/* tensors.h -- the further tensors of a variant: sizes, seeded values, views. */
#ifndef TENSORS_H
#define TENSORS_H

#include "attn.h"

enum { TENSORS_MAX = 16, TENSOR_DIMS = 6 };

struct tensor_shape {
    int absent; /* the parameters are such that the variant has no such tensor; count is 0 */
    int rank, size[TENSOR_DIMS];
    int batch, head;  /* which dimension is b, which h or hk; -1: none */
    size_t count;     /* elements */
    double deviation; /* of generated values: the table's over the square root of its fan */
};

/* The sizes behind the names of a table line; -1 and a reason where a name is unknown. */
int tensors_shape(const struct attn_variant *, const struct attn_tensor *, const struct attn_problem *,
                  const void *params, struct tensor_shape *, struct attn_error *);

/* The shape in which a file holds a tensor of shape `want`: the same, or with 1 in place of b, h or hk, or without
   them, where all items or heads share the values. `sizes` are the file's. -1 and what is needed in `error`. */
int tensors_stored(const struct attn_tensor *, const struct tensor_shape *want, int rank, const int *sizes,
                   struct tensor_shape *stored, struct attn_error *error);

/* Has the tensor a row of numbers, or one number, for each position of each head: shape "b hk nk", "b h nq dk"? */
int tensors_over_positions(const struct attn_tensor *);

/* The view of such a tensor out of a file of [batch, n, heads*d], with 1 in place of b and d in place of heads*d where
   items or heads share the values. -1 and what is needed in `error`. */
int tensors_token_major(const struct attn_tensor *, const struct tensor_shape *want, const int sizes[3],
                        const float *data, struct attn_view *, struct attn_error *error);

size_t tensors_count(const struct attn_variant *);

/* The line of that name, tensors_count() where there is none; and what to say then, the caller's to free. */
size_t tensors_find(const struct attn_variant *, const char *name);
char *tensors_suggest(const struct attn_variant *, const char *name);

/* Is the tensor a value for each block of scores, shape "h nq/block nk/block": two quotients, before them at most b
   and h or hk? A config may give a function of blocks for it. */
int tensors_over_blocks(const struct attn_tensor *);
size_t tensors_find_over_blocks(const struct attn_variant *, size_t *count); /* the first of `count` */

/* Views of data that lies packed in the shape. */
struct attn_view tensors_view(const struct tensor_shape *, const float *data);
struct attn_output tensors_output(const struct tensor_shape *, float *data);

/* Values from the problem's seed, for roles ATTN_WEIGHT and ATTN_INPUT: normal, with the
   deviation of the shape, in a stream of their own by name. */
void tensors_generate(const struct attn_tensor *, const struct attn_problem *, const struct tensor_shape *,
                      float *data);

#endif
