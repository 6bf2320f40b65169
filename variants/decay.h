/*
 * decay.h -- recurrences that forget: the engine under `retnet`, `gla`, `ssd`, `deltanet` and the gate of `rfa`.
 *
 *   S_t = diag(a_t) S_(t-1) + psi_t v_t^T     o_i = phi_i^T S_t, or phi_i^T S_t / (phi_i^T z_t),  z alike with v = 1
 *
 * The delta rule writes u_t = beta_t (v_t - (diag(a_t) S_(t-1))^T psi_t) in place of v_t: what the state lacks.
 *
 * t is the step of query i: the one at its position, or the last valid one. Padded steps change no state. A query
 * before the first step reads the state that is carried in. Decays come as logarithms g_t = log a_t.
 */
#ifndef DECAY_H
#define DECAY_H

#include "attn.h"
#include "kernels/kern.h"

/* ---- pieces, for recurrences of other forms too ------------------------------------------------ */

enum { DECAY_CHUNK = 64 }; /* steps or queries taken at once */

/* The parameter that chooses the form, at this offset. */
enum decay_form { DECAY_CHUNKED, DECAY_RECURRENT };
extern const char *const decay_forms[];
#define DECAY_FORM(offset)                                              \
    {                                                                   \
        "form", ATTN_CHOICE, offset, DECAY_CHUNKED, 0, 0, decay_forms,  \
            "in chunks of matrix products, or one step after the other" \
    }

/* As `growth` of a variant whose parameters begin with the form: steps are chunks or positions, and so is the path. */
void decay_growth(const void *params, enum attn_mask, struct attn_growths *);

/* Steps j0 .. j1 - 1 of one head, and the queries i0 .. i1 - 1 that read the state between them. One of the two may be
   empty: steps before the first query or after the last, queries before the first step or after the last. */
struct decay_chunk {
    int i0, i1, j0, j1;
};

/* Steps that come before the one of query i; `keys` is attn_keys(). */
int decay_steps_before(const struct attn_problem *, int keys, int i);

/* The first chunk after {0}, then the next, up to query `end` and, where that is nq, up to the last step; 0 where
   nothing is left. */
int decay_next(const struct attn_problem *, int keys, int end, struct decay_chunk *);

/* How many steps of the chunk query i has behind it when it reads: 0 .. j1 - j0. */
int decay_seen(const struct attn_problem *, int keys, const struct decay_chunk *, int i);

/* sums[r] = the sum of the log decays g [n][width] between row r and row `ref`, at most 0, for r = 0 .. n: added up from
   `ref` outward, so that only what lies between is rounded. A query that has seen r steps has the factor exp(sums[r])
   relative to step `ref`, or its inverse where r < ref; the key of step j exp(sums[j + 1]), or its inverse where
   j + 1 > ref; and the state before the chunk exp(sums[0]). */
void decay_sums(int n, int width, const float *g, int ref, float *sums);

/* A carried state [m][dv], or zeros where nothing is carried, and the way back. */
void decay_load(const struct attn_view *, int b, int g, int m, int dv, double *s);
void decay_store(const struct attn_output *, int b, int g, int m, int dv, const double *s);

/* What the engine takes. Nothing is defined without an order of steps, and none for queries without a step. */
#define DECAY_CAPS                                                                                       \
    (ATTN_CAP_CAUSAL | ATTN_CAP_SHIFT | ATTN_CAP_KEY_LENGTHS | ATTN_CAP_GROUPED | ATTN_CAP_WIDE_VALUES | \
     ATTN_CAP_WEIGHTS | ATTN_CAP_SAME_BITS)

/* ---- the engine -------------------------------------------------------------------------------- */

struct decay_rows { /* n rows of features, `row` apart */
    const float *x;
    ptrdiff_t row;
};

/* Rows of q or k from row i on, where they lie. */
static inline struct decay_rows decay_lying(const struct attn_view *x, int b, int head, int i) {
    return (struct decay_rows){attn_row(x, b, head, i), x->row};
}

struct decay_map {
    int features;    /* m, of one row */
    int width;       /* numbers of a log decay: 1, or one for each feature */
    int recurrent;   /* step by step, in float; else in chunks */
    int denominator; /* o_i is divided by phi_i^T z_t, */
    double least;    /* or by this where that is less */
    float scale;     /* of phi */
    int carry; /* line of the tensor table with S [b hk m dv]; with a denominator z [b hk m] is the next */
    /* Of steps j0 .. j0 + n - 1 of key head `head`, a chunk: log decays g [n][width], none above 0, by what psi of each
       is still to be multiplied (1 as it comes), and psi itself: in `room` [n][m], or where it lies. */
    struct decay_rows (*keys)(const struct attn_call *, const struct kern *, int b, int head, int j0, int n,
                              float *g, float *by, float *room);
    /* beta[n] of the same steps: the delta rule, which has no denominator and no turn(). NULL: values are added as they
       are. */
    void (*betas)(const struct attn_call *, const struct kern *, int b, int head, int j0, int n, float *beta);
    /* phi of queries i0 .. i0 + n - 1 of head `head`, which have seen[r] steps of the chunk behind them; likewise.
       NULL: q as it lies. */
    struct decay_rows (*queries)(const struct attn_call *, const struct kern *, int b, int head, int i0,
                                 int n, const int *seen, float *room);
    /* NULL, or the angles by which the basis of the features turns in so many steps, as cosines and sines [m / 2]:
       features 2 f and 2 f + 1 are a plane. psi of step j and phi after j + 1 steps of a chunk come turned by as much,
       so that their product feels the steps between them; S is turned back when the chunk is over. */
    void (*turn)(const struct attn_call *, int steps, double *cosine, double *sine);
};

/* `sequential`: recurrent, or with the delta rule, so that no segment can begin before the one ahead of it ends. */
size_t decay_scratch(const struct attn_problem *, int features, int width, int sequential);
void decay_forward(const struct attn_call *, const struct decay_map *);

/* Useful operations and traffic of q, k, v and o: 4 m (dv + denominator) operations a row, without those of the maps
   and of decays, which the state of a chunk feels once. */
void decay_cost(const struct attn_problem *, int features, int denominator, struct attn_cost *);

#endif
