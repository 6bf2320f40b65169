/*
 * check_parts.h -- what the groups of checks share; for check*.c alone.
 *
 * A group is a function that takes a trial, builds what it needs, and says through expect() which promises
 * hold. It does nothing where the variant refuses the trial.
 */
#ifndef CHECK_PARTS_H
#define CHECK_PARTS_H

#include "check.h"
#include "rig.h"

enum { PATTERN_A = 0x7f, PATTERN_B = 0xc3 };

struct check_group {
    const char *name;
    void (*run)(const struct trial *, const void *params);
};

extern const struct check *checked;   /* the check under way, */
extern const struct rig *checked_rig; /* the rig in use, for who places a fault, */
extern unsigned checked_rows;         /* and a number that changes from case to case, to choose rows by */

/* Counts a check; where it does not hold, reports the promise. */
void expect(int holds, const char *promise, const char *form, ...) __attribute__((format(printf, 3, 4)));

/* A rig for the trial; -1 where the variant refuses it, or what it should have said first is broken. */
int check_set_up(struct rig *, const struct trial *, const void *params);
void check_tear_down(struct rig *);

/* rig_run(), and what holds for every call: nothing beside the output is written, nothing is allocated, the
   floating-point environment stays. */
void check_call(struct rig *, unsigned char pattern);

/* A rig that has run, and its output; NULL, and no rig, where the trial is refused. The caller frees both. */
float *check_output(struct rig *, const struct trial *, const void *params);

int check_same_bits(const float *, const float *, size_t n);
int check_judged(void); /* the variant has an output */

/* Does the output keep its definition? Looks at some rows of long problems. */
void check_definition(struct rig *);

/* The groups. */
void check_run(const struct trial *, const void *);     /* check_run.c: one call */
void check_threads(const struct trial *, const void *); /* check_pairs.c: two calls that must agree, */
void check_padding(const struct trial *, const void *);
void check_masked(const struct trial *, const void *);
void check_future(const struct trial *, const void *);
void check_items(const struct trial *, const void *);
void check_heads(const struct trial *, const void *);
void check_grouped(const struct trial *, const void *);
void check_carry(const struct trial *, const void *);
void check_ignored(const struct trial *, const void *);   /* check_ignored.c: ... and two that must not */
void check_reference(const struct trial *, const void *); /* check_reference.c: the definition itself */
void check_order(const struct trial *, const void *);
void check_memory(const struct trial *, const void *); /* check_memory.c */
void check_calls(const struct trial *, const void *);
void check_growth(const struct trial *, const void *);
void check_path(const struct trial *, const void *); /* check_path.c */

/* A child that dies of a touch beside its memory says where (check_faults.c). */
void check_catch_faults(void);

#endif
