/* config_place.c -- where in a script a word stands. */
#include <ctype.h>
#include <string.h>

#include "config_parts.h"

static int is_word(char x) { return isalnum((unsigned char)x) || x == '_'; }

/* Does `word` stand at `at` as key (followed by a single =) or as a string? */
static int matches(const char *source, const char *at, const char *word, int is_key) {
    const char *end = at + strlen(word);
    if (strncmp(at, word, strlen(word))) return 0;
    if (!is_key) return at > source && strchr("\"'", at[-1]) && at[-1] == *end;
    if ((at > source && is_word(at[-1])) || is_word(*end)) return 0;
    end += strspn(end, " \t\"']");
    return *end == '=' && end[1] != '=';
}

char *config_place(const struct config *c, const char *word, int is_key) {
    int line = 1, comment = 0;
    for (const char *at = c->source; *at; at++) {
        if (*at == '\n') line++, comment = 0;
        if (!strncmp(at, "--", 2)) comment = 1;
        if (!comment && line >= c->sweep_line && matches(c->source, at, word, is_key))
            return format("%s:%d: ", c->path, line);
    }
    return format("%s:%d: ", c->path, c->sweep_line);
}
