/*
 * window.h -- the parameters of a sliding window, which mean one thing everywhere: `window` keys on each side of the
 * query besides its own, `left` and `right` override a side.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "attn.h"

struct window {
    int both, left, right; /* left, right: -1: as both */
};

#define WINDOW_PARAM(name, at, fallback, lowest, what) \
    { name, ATTN_INT, at, fallback, lowest, 1 << 30, NULL, what }

/* The lines of a table of parameters, for a `struct window` that is the member `member` of them. */
#define WINDOW_PARAMS(params, member)                                                                        \
    WINDOW_PARAM("window", offsetof(params, member.both), 256, 0,                                            \
                 "keys on each side of the query, besides its own"),                                         \
        WINDOW_PARAM("left", offsetof(params, member.left), -1, -1, "keys before the query; -1: as window"), \
        WINDOW_PARAM("right", offsetof(params, member.right), -1, -1, "keys after the query; -1: as window")

static inline int window_left(const struct window *x) { return x->left >= 0 ? x->left : x->both; }
static inline int window_right(const struct window *x) { return x->right >= 0 ? x->right : x->both; }

#endif
