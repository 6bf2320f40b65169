/* paragraph.c -- words on stdout, in lines that fit a terminal. */
#include "paragraph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 110 };

void paragraph_print(const char *words, int at, int margin) {
    for (int opens = 1; *words; opens = 0) {
        size_t n = strcspn(words, " ");
        if (!opens && at + 1 + (int)n > COLUMNS) at = printf("\n%*s", margin, "") - 1;
        else if (!opens) at += printf(" ");
        at += printf("%.*s", (int)n, words);
        words += n + (words[n] == ' ');
    }
    putchar('\n');
}

void paragraph_print_and_free(struct text *words) {
    if (words->s) paragraph_print(words->s, printf("  "), 4);
    free(words->s);
    *words = (struct text){0};
}
