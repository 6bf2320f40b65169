/*
 * config.h -- a config: Lua in a sandbox, evaluated once, as a document.
 *
 * The script sees the base library without load, dofile and their like, table, string, math, utf8, the
 * helpers pow2() and range(), and sweep{}; no io, os, debug, package or coroutines. Memory is capped, and
 * time, that of all its functions together. Used by the planning child only: a script that runs too long fails
 * like any other that is wrong, but a string pattern that backtracks for ever, which nothing else stops, ends the
 * process with the same message and exit code 2.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "doc.h"
#include "text.h"

struct config;

/* Scripts opened from now on may run so many seconds, in place of 4. */
void config_limit(double seconds);

/* Evaluates the file and lays the overrides "key.path=value" over it; a value is a Lua expression, or
   else text, commas making a list. NULL and what is wrong in `errors`. */
struct config *config_open(const char *path, const char *const *sets, size_t nsets, struct text *errors);
void config_close(struct config *);

/* The table given to sweep{}: sequences are arrays, other tables objects (a positional first element
   is member "1"), functions are objects that config_call() knows. */
const struct doc *config_sweep(const struct config *);

/* The comment that opens the file, as one line; "" where there is none. */
const char *config_question(const struct config *);
const char *config_source(const struct config *); /* the whole text */

/* Equal functions are equal documents. */
int config_is_function(const struct doc *);

/* result = f(n). -1 and a message with file and line where it fails or gives no number. */
int config_call(struct config *, const struct doc *function, double n, double *result, struct text *error);

/* map[h][i][j] = f(i, j, columns), or f(i, j, columns, h) where the function declares a fourth parameter. -1 and a
   message with file and line where it fails, gives anything but true, false or nil, or nothing but nil. `variant` and
   `name` are what the message calls it by. */
int config_blocks(struct config *, const struct doc *function, const char *variant, const char *name,
                  int heads, int rows, int columns, unsigned char *map, struct text *error);
int config_takes_head(const struct config *, const struct doc *function);

/* "configs/quick.lua:12: ": where `word` is first used as a key (is_key) or as a string within the
   sweep; the line of sweep{ where it cannot be found. The caller frees it. */
char *config_place(const struct config *, const char *word, int is_key);

#endif
