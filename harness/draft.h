/*
 * draft.h -- files that appear whole or not at all.
 *
 * A draft is an empty file beside its target; someone fills it, then it takes the target's name.
 */
#ifndef DRAFT_H
#define DRAFT_H

#include "attn.h"

struct draft {
    const char *target; /* the caller's */
    char *path;         /* of the draft: the target's with an ending of its own; NULL: none */
};

/* Makes the empty draft. -1 and the reason where the folder is missing or closed to us, or where the
   target exists and is no regular file. */
int draft_open(struct draft *, const char *target, struct attn_error *);

/* Gives the draft the name of its target, which it replaces. -1 and the reason; the draft is then gone. */
int draft_keep(struct draft *, struct attn_error *);

/* Removes the draft, if there is one. */
void draft_discard(struct draft *);

#endif
