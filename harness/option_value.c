/* option_value.c -- values out of words of the command line. */
#include "option_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

double option_whole(const char *option, const char *word, double min, double max) {
    char *end;
    double x = strtod(word, &end);
    if (end == word || *end || x != floor(x) || !(x >= min && x <= max))
        die(EXIT_USAGE, "%s %s: allowed is a whole number from %.0f to %.0f", option, word, min, max);
    return x;
}

double option_number(const char *option, const char *word, double min, double max) {
    char *end;
    double x = strtod(word, &end);
    if (end == word || *end || !(x >= min && x <= max))
        die(EXIT_USAGE, "%s %s: allowed is a number from %g to %g", option, word, min, max);
    return x;
}

char *option_name(const char *option, const char *word, const char **file) {
    const char *sign = strchr(word, '=');
    if (!sign || sign == word || !sign[1]) die(EXIT_USAGE, "%s %s: give it as NAME=FILE", option, word);
    *file = sign + 1;
    return format("%.*s", (int)(sign - word), word);
}

enum attn_mask option_causal(const char *where) {
    static const char *const names[] = {"bottom-right", "top-left"};
    if (!where || !strcmp(where, names[0])) return ATTN_MASK_CAUSAL;
    if (!strcmp(where, names[1])) return ATTN_MASK_CAUSAL_TOP_LEFT;
    die(EXIT_USAGE, "--causal=%s: %s", where, suggestion(where, names, 2));
}
