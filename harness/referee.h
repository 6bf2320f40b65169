/*
 * referee.h -- a variant before the contract: which promises does it break, and in which smallest case?
 *
 * A child runs all cases and says which promise was broken in which. The parent then looks for the smallest case
 * that still breaks it, every try in a fresh child, so that a crash is a result like any other.
 */
#ifndef REFEREE_H
#define REFEREE_H

#include "attn.h"
#include "doc.h"

/* Prints the verdict on the variant and returns how many promises it breaks. The job, which is taken over, is
   that of a check-child: {case}, judged as it stands, or {every} for all cases. -1 and the reason where the
   child refuses the job. */
int referee_judge(const char *name, struct doc *job, struct attn_error *);

#endif
