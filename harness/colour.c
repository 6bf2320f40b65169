/* colour.c -- words in colour, where a person reads them. */
#include "colour.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char option[] = "--color";
static const char *const options[] = {"--color=auto", "--color=always", "--color=never"};
static enum { AUTO, ALWAYS, NEVER, CHOICES } chosen;

const char *colour_take(int *argc, char **argv) {
    const size_t length = strlen(option);
    const char *wrong = NULL;
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strncmp(argv[i], option, length) || (argv[i][length] && argv[i][length] != '=')) {
            argv[kept++] = argv[i];
            continue;
        }
        int at = argv[i][length] ? 0 : ALWAYS;
        while (at < CHOICES && argv[i][length] && strcmp(argv[i], options[at])) at++;
        if (at == CHOICES) wrong = argv[i] + length + 1;
        else chosen = at;
    }
    *argc = kept;
    argv[kept] = NULL;
    return wrong;
}

const char *colour_option(void) { return options[chosen]; }

static int wanted(FILE *f) {
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return !(no && *no) && terminal && *terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(f));
}

static int is_on(FILE *f) {
    static int known[2], on[2]; /* stdout, stderr */
    int i = f == stderr;
    if (chosen != AUTO) return chosen == ALWAYS;
    if (!known[i]) known[i] = 1, on[i] = wanted(f);
    return on[i];
}

void colour_print(FILE *f, enum tint tint, int width, const char *word) {
    static const char *const codes[] = {"", "32", "31", "33", "36"}; /* green, red, yellow, cyan */
    int padding = abs(width) - (int)strlen(word);
    if (tint == TINT_NONE || !*word || !is_on(f)) {
        fprintf(f, "%*s", width, word);
        return;
    }
    if (padding < 0) padding = 0;
    fprintf(f, "%*s\033[%sm%s\033[0m%*s", width > 0 ? padding : 0, "", codes[tint], word,
            width < 0 ? padding : 0, "");
}

void colour_word(FILE *f, int width, const char *word) {
    static const struct {
        const char *word;
        enum tint tint;
    } words[] = {
        {"ok", TINT_GOOD},
        {"warn", TINT_DOUBT},
        {"note", TINT_NOTE},
        {"BROKEN", TINT_BAD},
        {"confirmed", TINT_GOOD},
        {"contradicted", TINT_BAD},
        {"undecided", TINT_DOUBT},
        {"agrees", TINT_GOOD},
        {"differs", TINT_BAD},
        {"not comparable", TINT_NOTE},
        {"slower", TINT_BAD},
        {"faster", TINT_GOOD},
        {"same", TINT_GOOD},
        {"ambiguous", TINT_DOUBT},
        {"worse", TINT_BAD},
        {"better", TINT_GOOD},
        {"inaccurate", TINT_BAD},
        {"WRONG", TINT_BAD},
        {"crashed", TINT_BAD},
        {"oom", TINT_BAD},
        {"timeout", TINT_BAD},
        {"no memory", TINT_DOUBT},
        {"too long", TINT_DOUBT},
        {"unsupported", TINT_NOTE},
        {"skipped_time", TINT_DOUBT},
        {"skipped_memory", TINT_DOUBT},
    };
    enum tint tint = TINT_NONE;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(word, words[i].word)) tint = words[i].tint;
    colour_print(f, tint, width, word);
}
