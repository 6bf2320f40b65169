/*
 * plugin.h -- variants out of shared objects.
 *
 * Code of strangers runs as soon as a plugin is loaded, so the parent of a run never does it: only children
 * that may crash call plugin_load().
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "attn.h"
#include "doc.h"

/* Loads the file, unless it is loaded already, and registers its variants. -1 and a message that names the
   file and the remedy: not readable, no plugin, another ABI, incomplete, a name that is taken. */
int plugin_load(const char *path, struct attn_error *);

/* {path, sha256} of the plugin a variant came from; NULL where it is built in. The caller frees it. */
struct doc *plugin_doc(const struct attn_variant *);

/* [{path, sha256, variants[]}] of every plugin that is loaded. The caller frees it. */
struct doc *plugin_docs(void);

/* Loads what plugin_doc() described. -1 and the reason, also where the file has changed since. */
int plugin_reload(const struct doc *, struct attn_error *);

/* The file that holds the code at an address, without folders: of a plugin, a library, the program; "" where
   it is in none. */
const char *plugin_object(const void *code);

#endif
