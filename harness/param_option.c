/* param_option.c -- a variant, its parameters and tensors out of words of the command line. */
#include "param_option.h"

#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "registry.h"
#include "tensors.h"
#include "text.h"

void param_option(const struct attn_variant *v, void *params, const char *word) {
    const char *sign = strchr(word, '=');
    struct attn_error error;
    if (!sign || sign == word) die(EXIT_USAGE, "--set %s: give it as KEY=VALUE", word);
    char *key = format("%.*s", (int)(sign - word), word);
    const struct attn_param *p = params_find(v, key);
    if (!p)
        die(EXIT_USAGE, "--set %s: %s has no parameter '%s'; %s", word, v->name, key, params_suggest(v, key));
    struct doc *value = doc_word(sign + 1);
    if (params_set(params, p, value, &error)) die(EXIT_USAGE, "--set %s: %s", word, error.text);
    doc_free(value);
    free(key);
}

const struct attn_variant *variant_option(const char *name) {
    const struct attn_variant *v = registry_find(name);
    if (!v) die(EXIT_USAGE, "no variant '%s'; %s", name, registry_suggest(name));
    return v;
}

size_t tensor_option(const struct attn_variant *v, const char *name) {
    size_t at = tensors_find(v, name), n = tensors_count(v);
    if (n == 0) die(EXIT_USAGE, "--tensor %s: %s has no tensors", name, v->name);
    if (at == n)
        die(EXIT_USAGE, "--tensor %s: %s has no such tensor; %s", name, v->name, tensors_suggest(v, name));
    return at;
}
