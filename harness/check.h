/* check.h -- the contract test: does a variant keep what it promises? */
#ifndef CHECK_H
#define CHECK_H

#include "attn.h"
#include "doc.h"

struct check {
    const struct attn_variant *variant;
    int isa;    /* instruction set of all trials but those that compare two */
    int every;  /* of the plain runs, which are most of the cases, only every so-manieth; 1: all */
    int sample; /* of all cases only every so-manieth: for a memory checker, which is slow; 1: all */

    /* Called before each case, so that a crash can be placed; the document (test_case.h) is the caller's. */
    void (*begin)(struct doc *test_case);
    /* Called once for each broken promise and set of features that the case has; `detail` is a clause. */
    void (*fail)(const char *promise, const char *detail, struct doc *test_case);
};

/* Runs all cases. Returns the number of checks made. */
long check_variant(const struct check *);

/* Runs one case. -1 and the reason where there is no such group or parameter, or the variant refuses it. */
long check_case(const struct check *, const struct doc *test_case, struct attn_error *);

#endif
