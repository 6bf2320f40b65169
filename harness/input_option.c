/* input_option.c -- an input out of a word of the command line. */
#include "input_option.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "text.h"

struct doc *input_option(const char *option, const char *word) {
    size_t length = strlen(word);
    int is_file = length > 12 && !strcmp(word + length - 12, ".safetensors") && !strchr(word, '=');
    char *words = is_file ? format("file,path=%s", word) : xstrdup(word);
    struct doc *input = kinds_option(&input_kinds, option, words);
    free(words);
    return input;
}
