/* registry.h -- the variants of this program. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "attn.h"

/* Verifies every entry of variants/list.h; a duplicate or an incomplete one ends the program. */
void registry_open(void);

size_t registry_count(void);
const struct attn_variant *registry_at(size_t index);
const struct attn_variant *registry_find(const char *name); /* NULL: unknown */
char *registry_suggest(const char *name);                   /* text.h: suggestion(); to be freed */
const char *registry_kind(const struct attn_variant *);     /* "exact", "subset_softmax", ... */
const char *registry_cap(unsigned bit);                     /* "causal", ...; NULL beyond the last */

/* Why `v` cannot be used, into `error`: wrong magic, ABI or size, a missing function, an unclean name
   or table. 0 where it can. Reads no field before the ones that say it may. */
int registry_verify(const struct attn_variant *v, struct attn_error *error);

#endif
