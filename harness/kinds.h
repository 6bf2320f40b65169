/*
 * kinds.h -- words with settings: { "gauss", s = 2 } of a sweep, "gauss,s=2" of a command line and of labels. Inputs and
 * positions are such.
 *
 * A document of one has its name, under the member that `kinds` says, and every setting.
 */
#ifndef KINDS_H
#define KINDS_H

#include "axis.h"

enum setting_type { SETTING_REAL, SETTING_WHOLE, SETTING_TEXT, SETTING_WORD };

/* One setting of a kind, with its default and range; NULL name ends a table. */
struct setting {
    const char *name;
    enum setting_type type;
    double preset, min, max; /* of numbers */
    const char *text;        /* default of a text or word; NULL: required */
    const char *help;
    const char *const *words; /* what a SETTING_WORD may be; NULL ends them */
    int quiet;                /* labels leave its default out */
};

struct kind {
    const char *name, *help;
    const struct setting *settings;
};

struct kinds {
    const char *key;                  /* of the sweep: "positions" */
    const char *noun;                 /* one of them: "kind of positions" */
    const char *member;               /* of documents, the name of the kind: "kind" */
    const char *preset;               /* the kind where the sweep says none */
    const struct kind *(*at)(size_t); /* NULL behind the last */
};

const struct kind *kinds_find(const struct kinds *, const char *name); /* NULL: none of them */
int kinds_is_number(const struct setting *);

/* Adds ",s=1" for each number and word of the kind, without the setting `except` unless NULL. */
void kinds_label(struct text *, const struct kind *, const struct doc *, const char *except);

/* An array of what the sweep says under the key, every combination of listed settings apart. What is wrong is
   complained about and left out. */
struct doc *kinds_axis(struct reader *, const struct kinds *, const struct doc *sweep);

/* "KIND,setting=value,..." of a command line. A wrong word ends the program with exit code 2. */
struct doc *kinds_option(const struct kinds *, const char *option, const char *word);

#endif
