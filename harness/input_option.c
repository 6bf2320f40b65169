/* input_option.c -- an input out of a word of the command line. */
#include "input_option.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "option_value.h"
#include "text.h"

static const struct input_family *find_family(const char *option, const char *name) {
    const struct input_family *f = inputs_find(name);
    const char *names[32];
    size_t n = 0;
    for (const struct input_family *x = inputs_families; x->name && n < 32; x++) names[n++] = x->name;
    if (!f) die(EXIT_USAGE, "%s %s: no such input; %s", option, name, suggestion(name, names, n));
    return f;
}

static const struct input_setting *find_setting(const char *option, const struct input_family *f,
                                                const char *name) {
    const char *names[32];
    size_t n = 0;
    for (const struct input_setting *s = f->settings; s->name && n < 32; s++) {
        if (!strcmp(s->name, name)) return s;
        names[n++] = s->name;
    }
    die(EXIT_USAGE, "%s %s: it has no setting '%s'; %s", option, f->name, name, suggestion(name, names, n));
}

static void put(const char *option, struct doc *input, const struct input_family *f,
                const struct input_setting *s, const char *value) {
    char *what = format("%s %s,%s", option, f->name, s->name);
    size_t words = 0;
    if (s->type == INPUT_WHOLE) doc_put_num(input, s->name, option_whole(what, value, s->min, s->max));
    else if (s->type == INPUT_REAL) doc_put_num(input, s->name, option_number(what, value, s->min, s->max));
    else doc_put_str(input, s->name, value);
    if (s->type == INPUT_WORD) {
        while (s->words[words] && strcmp(s->words[words], value)) words++;
        if (!s->words[words]) die(EXIT_USAGE, "%s=%s: %s", what, value, suggestion(value, s->words, words));
    }
    free(what);
}

struct doc *input_option(const char *option, const char *word) {
    size_t length = strlen(word);
    int is_file = length > 12 && !strcmp(word + length - 12, ".safetensors") && !strchr(word, '=');
    char *words = is_file ? format("file,path=%s", word) : xstrdup(word), *rest = words;
    struct doc *input = doc_object();
    const struct input_family *f = find_family(option, strsep(&rest, ","));
    doc_put_str(input, "family", f->name);
    for (const struct input_setting *s = f->settings; s->name; s++)
        if (inputs_is_number(s)) doc_put_num(input, s->name, s->preset);
        else doc_put_str(input, s->name, s->text);
    for (char *given; (given = strsep(&rest, ","));) {
        char *sign = strchr(given, '=');
        if (!sign || sign == given)
            die(EXIT_USAGE, "%s %s: '%s' is no setting; give it as setting=value", option, word, given);
        *sign = '\0';
        put(option, input, f, find_setting(option, f, given), sign + 1);
    }
    free(words);
    return input;
}
