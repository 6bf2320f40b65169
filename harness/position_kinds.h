/*
 * position_kinds.h -- what a sweep or a command says of positions, and what that does to a problem: rotary embedding turns
 * q and k, ALiBi, T5 and packed documents are a bias, sinusoids and learned vectors are added to the input of a layer. positions.h has the
 * formulas.
 *
 * Positions are those of attn.h: key j stands at j, query i at i + attn_offset().
 */
#ifndef POSITION_KINDS_H
#define POSITION_KINDS_H

#include "attn.h"
#include "kinds.h"
#include "positions.h"

/* A document of it is {kind, settings...}; NULL stands for none everywhere below. */
extern const struct kinds position_kinds;

int positions_are(const struct doc *, const char *kind);

/* "rope,style=half": a name for ids and titles. The caller frees it. */
char *positions_label(const struct doc *);

/* Which bias they are. */
enum attn_bias_kind positions_bias_kind(const struct doc *);

/* -1 and the reason where such a problem, or the variant, cannot have them; `has_x` says that q, k and v are made of an
   x. */
int positions_accept(const struct doc *, const struct attn_problem *, const struct attn_variant *, int has_x,
                     struct attn_error *);

/* How many numbers the bias takes, and the bias made in them. The learned ones of T5 come from the problem's seed. */
size_t positions_bias_count(const struct doc *, const struct attn_problem *);
struct attn_bias positions_bias(const struct doc *, const struct attn_problem *, float *values);

/* Rotary: style and, where `dims` is 0, all of dk. The tables are left to the caller. */
struct attn_rope positions_rope(const struct doc *, const struct attn_problem *);

/* Rotary, where the turn itself is timed: how many numbers the tables take (0: they are not rotary), the tables, and
   packed q and k turned by them in place, which allocates nothing. */
size_t positions_rope_floats(const struct doc *, const struct attn_problem *);
void positions_rope_fill(const struct doc *, const struct attn_problem *, float *tables);
void positions_rope_turn(const struct doc *, const struct attn_problem *, const float *tables, float *q,
                         float *k);

/* All of it at once, where they are rotary. -1 and the reason: no memory. */
int positions_turn(const struct doc *, const struct attn_problem *, float *q, float *k, struct attn_error *);

/* A row of q, or of k, turned by the definition: angles, sines and cosines in double. Others stay. */
void positions_define_turn(const struct doc *, const struct attn_problem *, int is_query, int row, double *x);

/* Adds sinusoids, or learned vectors, standard normal from the seed, to x [batch][n][width] where they are such. -1 and the
   reason: no memory. */
int positions_add(const struct doc *, const struct attn_problem *, int n, int width, float *x,
                  struct attn_error *);

#endif
