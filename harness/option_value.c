/* option_value.c -- numbers out of words of the command line. */
#include "option_value.h"

#include <math.h>
#include <stdlib.h>

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
