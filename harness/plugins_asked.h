/*
 * plugins_asked.h -- the `--plugin FILE.so` of a command line, before or behind the name of the command.
 *
 * A command of the user's first has them loaded in a process that may crash, then hands them on to its
 * children (child.h: with_plugins); only children, and commands that do nothing but show, load them for good.
 */
#ifndef PLUGINS_ASKED_H
#define PLUGINS_ASKED_H

#include "doc.h"

/* Takes every --plugin and its file out of argv, ended with NULL before and after. */
void plugins_asked_take(int *argc, char **argv);

size_t plugins_asked_count(void);
const char *plugins_asked_at(size_t index);

/* Loads them in this process, or ends it with exit code 2 and the reason. A child says before each what it
   is about to load, for plugins_asked_blame(). */
void plugins_asked_load(int is_child);

/* Loads them in a process of its own; where that fails, ends the program with exit code 2 and the reason. */
void plugins_asked_try(void);

/* What that process found: [{name, plugin}] for each variant of a plugin, valid until the program ends. */
const struct doc *plugins_asked_roster(void);

/* The child's side of plugins_asked_try(). */
int plugins_asked_child(int argc, char **argv);

/* Says on CHILD_EVENTS that the plugin is about to be loaded. */
void plugins_asked_announce(const char *path);

/* Whether the event is such a word; it is then kept, and ... */
int plugins_asked_heard(const struct doc *event);

/* ... this is the last plugin that a child was about to load; NULL: none. */
const char *plugins_asked_suspect(void);

#endif
