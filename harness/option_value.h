/* option_value.h -- numbers out of words of the command line; a wrong word ends the program with exit code 2. */
#ifndef OPTION_VALUE_H
#define OPTION_VALUE_H

/* A whole number of [min, max]. `option` is its name for the message, "--threads". */
double option_whole(const char *option, const char *word, double min, double max);

/* A number of [min, max]. */
double option_number(const char *option, const char *word, double min, double max);

#endif
