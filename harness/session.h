/*
 * session.h -- the sessions of a run: `run`, and each `run --resume` that goes on with it.
 *
 * The manifest of a run says of what all of its rows share, machine and build of the first session, and in
 * sessions[] what each of them did.
 */
#ifndef SESSION_H
#define SESSION_H

#include "doc.h"

/* What keeps the rows of a session, by its manifest, from standing beside those of an earlier one: a sentence each.
   The caller frees it. */
struct doc *session_differences(const struct doc *earlier, const struct doc *now);

/* The manifest of the run out of that of the sessions before (NULL: none) and that of this one. Ceilings and times
   of the earlier ones are kept, times are added up. The caller frees it. */
struct doc *session_join(const struct doc *earlier, const struct doc *now);

#endif
