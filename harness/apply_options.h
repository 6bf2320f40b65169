/* apply_options.h -- the options of `attnbench apply`. */
#ifndef APPLY_OPTIONS_H
#define APPLY_OPTIONS_H

#include "attn.h"
#include "doc.h"

struct named_file { /* NAME=FILE */
    char *name;
    const char *file;
};

struct apply_options {
    const char *variant;
    const char *q, *k, *v;          /* files, as on the command line */
    const char *past_k, *past_v;    /* NULL: none; both or neither */
    const char *bias, *key_lengths; /* NULL: none */
    struct doc *positions;          /* of --positions, as position_kinds.h has it; NULL: none */
    const char *position_ids, *rope_cos, *rope_sin, *slopes; /* files that go with them; NULL: none */
    int heads, kv_heads;                                     /* 0: not given */
    enum attn_mask mask;
    int causal_shift;
    double scale;   /* 0: 1 / sqrt(dk) */
    double softcap; /* 0: none */
    int threads;    /* 0: every usable core */
    uint64_t seed;
    int rows; /* query rows judged, about; 0: none */
    int json;
    const char **sets; /* "KEY=VALUE" */
    size_t nsets;
    struct named_file *tensors; /* --tensor; no name twice */
    size_t ntensors;
    struct named_file *outputs; /* -o, whose name is "o", then every --out; no name and no file twice */
    size_t noutputs;
};

/* Reads argv behind "apply"; a wrong option ends the program with exit code 2, --help with 0. Words are
   those of argv, lists the structure's own. */
void apply_options_parse(int argc, char **argv, struct apply_options *);
void apply_options_free(struct apply_options *);

#endif
