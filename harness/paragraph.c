/* paragraph.c -- words on stdout, in lines that fit a terminal. */
#include "paragraph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 110 };

void paragraph_print_and_free(struct text *words) {
    size_t column = 0;
    if (!words->s) return;
    for (const char *word = words->s + strspn(words->s, " "); *word;) {
        size_t length = strcspn(word, " ");
        int opens = column == 0 || column + 1 + length > COLUMNS;
        if (opens) column = (size_t)printf("%s", column == 0 ? "  " : "\n    ") - (column > 0);
        else column += (size_t)printf(" ");
        column += (size_t)printf("%.*s", (int)length, word);
        word += length;
        word += strspn(word, " ");
    }
    putchar('\n');
    free(words->s);
    *words = (struct text){0};
}
