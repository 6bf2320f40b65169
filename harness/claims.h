/* claims.h -- the `published` section of a sweep: what a paper claims, as data. */
#ifndef CLAIMS_H
#define CLAIMS_H

#include "axis.h"

struct claims_known {         /* what a label can name */
    const struct doc *labels; /* of the curves of this sweep */
    const struct doc *absent; /* variants that may be missing, and are */
    int is_open;              /* labels that name nothing are let pass */
};

/* NULL where the sweep has no such section, or after a complaint; else {source, claims[]}, each claim
   {kind, labels[], metric, at{n, ...}, from, to, published, name, note, unlike} with what it has of these; values by
   length are an object by ascending length. */
struct doc *claims_read(struct reader *, const struct doc *sweep, const struct claims_known *);

#endif
