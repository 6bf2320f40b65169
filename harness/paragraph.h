/* paragraph.h -- words on stdout, in lines that fit a terminal: of at most 110 columns where no word is longer. */
#ifndef PARAGRAPH_H
#define PARAGRAPH_H

#include "text.h"

/* The words from column `at` on, which is where the line stands, broken at blanks; all further lines are indented by
   `margin`. */
void paragraph_print(const char *words, int at, int margin);

/* The same indented by two, further lines by four, and frees them; of no words no line. */
void paragraph_print_and_free(struct text *words);

#endif
