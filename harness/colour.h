/*
 * colour.h -- words in colour, where a person reads them.
 *
 * `--color=WHEN` decides for stdout and stderr alike; `auto`, the default, for each of them once: a terminal that is
 * not dumb, and no NO_COLOR in the environment (https://no-color.org).
 */
#ifndef COLOUR_H
#define COLOUR_H

#include <stdio.h>

enum tint { TINT_NONE, TINT_GOOD, TINT_BAD, TINT_DOUBT, TINT_NOTE };

/* Takes every --color[=WHEN] out of argv, ended with NULL before and after; the last one holds, and one without WHEN
   is `always`. Returns a WHEN that is none, or NULL. */
const char *colour_take(int *argc, char **argv);

/* The option to give to a child that writes to our own stderr. */
const char *colour_option(void);

/* Prints the word padded to the width as "%*s" does, escapes not counted: what is padded is the visible word. */
void colour_print(FILE *, enum tint, int width, const char *word);

/* The same in the colour of the word, if it is a verdict, a level or a status that has one. */
void colour_word(FILE *, int width, const char *word);

#endif
