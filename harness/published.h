/*
 * published.h -- numbers of a paper beside those of a run: what agrees, what differs, what cannot be compared.
 *
 * A claim is data that a config brings along (claims.h) and that plan and manifest keep. Machines differ, so that no
 * claim is on a time itself: it is on a ratio, an exponent of n, a rise with n, or an order.
 */
#ifndef PUBLISHED_H
#define PUBLISHED_H

#include "doc.h"

/* What `published` {source, claims[]} of a plan or manifest comes to with these rows; `absent` names the variants that
   the build lacked. NULL where nothing was published. The caller frees the document, whose fields stand in
   results/README.md. */
struct doc *published_judge(const struct doc *published, const struct doc *absent, const struct doc *rows);

#endif
