/* paragraph.h -- words on stdout, in lines that fit a terminal. */
#ifndef PARAGRAPH_H
#define PARAGRAPH_H

#include "text.h"

/* Prints the words, broken at spaces into lines of at most 110 columns where no word is longer, the first indented by two,
   all others by four, and frees them; of no words no line. */
void paragraph_print_and_free(struct text *words);

#endif
