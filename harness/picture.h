/*
 * picture.h -- pictures drawn by gnuplot.
 *
 * Each picture is a script that draws itself: some lines of settings and then a script that is built into the
 * program. `gnuplot NAME.gp` in its folder draws it again, `set terminal` and all.
 */
#ifndef PICTURE_H
#define PICTURE_H

#include "text.h"

enum { PICTURE_STYLES = 24 }; /* line styles that the scripts define */

/* What the script draws, and the look that all pictures share. */
void picture_heading(struct text *, const char *name);
void picture_quote(struct text *, const char *s); /* a gnuplot string in double quotes */

/* The script, once for NAME.svg and again for NAME.png. */
void picture_terminals(struct text *, const char *name, const char *script);

/* The same, high enough for so many lines of text; the script reads its height from height_. */
void picture_terminals_of(struct text *, const char *name, const char *script, size_t lines);

/* Writes `text`, which it frees, to NAME and ending in the folder; -1 after a warning. */
int picture_save(const char *folder, const char *name, const char *ending, char *text);

/* Saves the script as NAME.gp, frees it, and runs gnuplot; -1 after a warning. */
int picture_draw(const char *folder, const char *name, char *script);

#endif
