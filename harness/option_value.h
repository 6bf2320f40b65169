/* option_value.h -- values out of words of the command line; a wrong word ends the program with exit code 2. */
#ifndef OPTION_VALUE_H
#define OPTION_VALUE_H

#include "attn.h"

/* A whole number of [min, max]. `option` is its name for the message, "--threads". */
double option_whole(const char *option, const char *word, double min, double max);

/* A number of [min, max]. */
double option_number(const char *option, const char *word, double min, double max);

/* The name of NAME=FILE, the caller's to free, and the file within the word. */
char *option_name(const char *option, const char *word, const char **file);

/* The mask of --causal[=WHERE]: bottom-right, where NULL, or top-left. */
enum attn_mask option_causal(const char *where);

#endif
