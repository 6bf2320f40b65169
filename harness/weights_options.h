/* weights_options.h -- the options of `attnbench weights`. */
#ifndef WEIGHTS_OPTIONS_H
#define WEIGHTS_OPTIONS_H

#include "attn.h"
#include "doc.h"

enum {
    WEIGHTS_HEADS = 64,
    WEIGHTS_LENGTH_MAX = 8192
}; /* heads that may be named; a row of rows in double fits */

struct weights_options {
    const char *variant;
    const char *output;                 /* as given */
    const char *tokens;                 /* file, or NULL */
    struct doc *input;                  /* as plans have it */
    struct doc *sources;                /* {tensor: file} */
    int length, item;                   /* length 0: not given */
    int heads, head_size;               /* of made inputs */
    int nchosen, chosen[WEIGHTS_HEADS]; /* none: all */
    enum attn_mask mask;
    struct doc *positions; /* as position_kinds.h has it; NULL: none */
    double scale;          /* 0: 1 / sqrt(dk) */
    int threads;           /* 0: every usable core */
    uint64_t seed;
    int json;
    const char **sets; /* "KEY=VALUE" */
    size_t nsets;
};

/* Reads argv behind "weights"; a wrong option ends the program with exit code 2, --help with 0. Words are those of argv,
   the rest is the structure's own. */
void weights_options_parse(int argc, char **argv, struct weights_options *);
void weights_options_free(struct weights_options *);

#endif
