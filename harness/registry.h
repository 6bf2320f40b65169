/* registry.h -- the variants of this program: those of variants/list.h, then those of plugins. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "attn.h"

/* One more, out of the plugin at `path` with that SHA-256; NULL: built in. -1 and why it cannot be used:
   registry_verify() refuses it, or its name is taken. */
int registry_add(const struct attn_variant *, const char *path, const char *digest, struct attn_error *);

/* The plugin that a variant came from, and its digest unless NULL; NULL: it is built in. */
const char *registry_plugin(const struct attn_variant *, const char **digest);
int registry_has_plugin(const char *path); /* variants out of it are registered */

size_t registry_count(void);
const struct attn_variant *registry_at(size_t index);
const struct attn_variant *registry_find(const char *name); /* NULL: unknown */
char *registry_suggest(const char *name);                   /* text.h: suggestion(); to be freed */
const char *registry_kind(const struct attn_variant *);     /* "exact", "subset_softmax", ... */
const char *registry_family(const struct attn_variant *);   /* "recurrent", ...; "other" where it says none */
struct attn_growths registry_growth(const struct attn_variant *, const void *params,
                                    enum attn_mask); /* no formula is NULL */
const char *registry_cap(unsigned bit);              /* "causal", ...; NULL beyond the last */

/* Why `v` cannot be used, into `error`: wrong magic, ABI or size, a missing function, an unclean name
   or table. 0 where it can. Reads no field before the ones that say it may. */
int registry_verify(const struct attn_variant *v, struct attn_error *error);

#endif
