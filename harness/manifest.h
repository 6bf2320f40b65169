/* manifest.h -- where results come from: machine, build, settings, and what the time went into. */
#ifndef MANIFEST_H
#define MANIFEST_H

#include "doc.h"
#include "options.h"

/* Everything known before the first measurement. `command` is the command line as given. */
struct doc *manifest_make(const struct doc *plan, const struct run_options *, const char *command);

/* Now, as "2026-01-31T12:00:00Z". */
const char *manifest_time(void);

/* The words as a shell would take them. The caller frees the text. */
char *manifest_command(int argc, char *const *argv);

const char *build_version(void); /* of this program */

#endif
