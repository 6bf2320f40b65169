/*
 * config_parts.h -- what the files of a config share, and nothing else looks at: config.c opens it and lays overrides over
 * it, config_clock.c limits its time, config_world.c furnishes its world, config_tables.c makes documents of its tables,
 * config_functions.c calls its functions, config_place.c finds its lines.
 */
#ifndef CONFIG_PARTS_H
#define CONFIG_PARTS_H

#include <lua.h>

#include "config.h"

enum { CONFIG_MEMORY = 64 << 20 }; /* bytes that a script may hold, and text that its sweep may */

/* Lua shortens long paths; so it knows the script by a name of ours, which config_explain() turns into the path. */
#define CONFIG_CHUNK "(config)"

/* The member that makes an object stand for a function: its number. */
#define CONFIG_FUNCTION "$function"

struct function { /* of the script: that of n, or of blocks */
    int ref, parameters;
    int line; /* where it is defined; 0: not in the file */
};

struct config {
    lua_State *lua;
    size_t memory;       /* that the script holds */
    size_t values, text; /* of the sweep as a document: how many, bytes */
    int told;            /* that its time is over: once is enough */
    const char *path;
    char *source, *question;
    int sweep_line, calls; /* of sweep{} */
    struct doc *made;      /* {sweep} */
    const char *const *sets;
    size_t nsets;
    struct function *functions;
    size_t nfunctions;
};

struct config *config_self(lua_State *); /* whose script it is */

/* What Lua says, with places in the file; `place` stands before a message that has none, `after` behind it. */
void config_explain(struct config *, int status, const char *place, const char *after, struct text *errors);

/* The same where all that is known is the file. */
void config_explain_script(struct config *, int status, struct text *errors);

/* ---- config_clock.c -------------------------------------------------------------------------------- */

/* One script runs at a time. */
void config_clock_reset(const char *path); /* its time begins anew, and its path is that */
void config_clock_start(struct config *);  /* before anything of it runs, */
void config_clock_stop(void);              /* and after */
int config_clock_is_over(void);
void config_clock_tell(struct text *errors); /* that it is */

/* The line at which the script stands: the hook of Lua keeps it. */
void config_note_line(lua_State *, lua_Debug *);
int config_clock_line(void);
void config_clock_stands_at(int line);

/* ---- config_world.c, config_tables.c: raise Lua errors ---------------------------------------------- */

void config_furnish(lua_State *);

/* Puts the value at `at` of the stack into an object, or behind the last of an array (key NULL). */
void config_put_value(lua_State *, int at, int depth, struct doc *parent, const char *key);

/* The parent owns what is made of a table before its members are there, since each of these may raise an error. */
struct doc *config_adopt(struct doc *parent, const char *key, struct doc *child);

/* A name that is not ours, and that a document can hold. */
void config_require_name(lua_State *, const char *name);

#endif
