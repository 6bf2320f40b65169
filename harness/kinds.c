/* kinds.c -- words with settings, of sweeps and of command lines. */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include "option_value.h"
#include "text.h"

enum { KINDS_MAX = 32, SETTINGS_MAX = 16 };

const struct kind *kinds_find(const struct kinds *all, const char *name) {
    const struct kind *k;
    for (size_t i = 0; (k = all->at(i)); i++)
        if (!strcmp(k->name, name)) return k;
    return NULL;
}

int kinds_is_number(const struct setting *s) { return s->type == SETTING_REAL || s->type == SETTING_WHOLE; }

void kinds_label(struct text *t, const struct kind *k, const struct doc *d, const char *except) {
    for (const struct setting *s = k->settings; s->name; s++) {
        if (except && !strcmp(s->name, except)) continue;
        double x = doc_num(d, s->name, s->preset);
        if (s->type == SETTING_WORD) text_add(t, ",%s=%s", s->name, doc_str(d, s->name, s->text));
        else if (kinds_is_number(s) && !(s->quiet && x == s->preset)) text_add(t, ",%s=%.10g", s->name, x);
    }
}

static size_t count_words(const struct setting *s) {
    size_t words = 0;
    while (s->words && s->words[words]) words++;
    return words;
}

/* "did you mean 'gauss'?" */
static char *suggest_kind(const struct kinds *all, const char *name) {
    const char *names[KINDS_MAX];
    const struct kind *k;
    size_t n = 0;
    for (; n < KINDS_MAX && (k = all->at(n)); n++) names[n] = k->name;
    return suggestion(name, names, n);
}

/* ---- sweeps ------------------------------------------------------------------------------------ */

/* The values of one setting, as an array. */
static struct doc *setting_axis(struct reader *r, const struct doc *item, const struct setting *s) {
    if (kinds_is_number(s))
        return axis_numbers(r, item, s->name, s->preset, s->type == SETTING_WHOLE, s->min, s->max);
    if (s->type == SETTING_WORD) return axis_words(r, item, s->name, s->text, s->words, count_words(s));
    struct doc *axis = doc_array();
    doc_add(axis, doc_string(doc_str(item, s->name, s->text ? s->text : "")));
    return axis;
}

static void complain_kind(struct reader *r, const struct kinds *all, const char *name,
                          const struct doc *item) {
    char *help = suggest_kind(all, name ? name : ""), *shown = doc_text(item, 0);
    complain(r, name ? name : all->key, !name, "%s: %s is no %s; %s", all->key, shown, all->noun, help);
    free(help), free(shown);
}

/* Every combination of one entry's settings goes to `array`. */
static void add_item(struct reader *r, const struct kinds *all, const struct doc *item, struct doc *array) {
    const char *name = doc_as_str(item), *names[SETTINGS_MAX];
    if (doc_is_object(item)) name = doc_str(item, "1", NULL);
    if (doc_is_array(item) && doc_len(item) == 1) name = doc_as_str(doc_at(item, 0)); /* { "gauss" } */
    const struct kind *k = name ? kinds_find(all, name) : NULL;
    if (!k) {
        complain_kind(r, all, name, item);
        return;
    }
    struct doc *axes[SETTINGS_MAX], *nothing = doc_object();
    size_t n = 0;
    for (const struct setting *s = k->settings; s->name && n < SETTINGS_MAX; s++, n++) {
        names[n] = s->name;
        int function = config_is_function(doc_get(item, s->name));
        if (function)
            complain(r, s->name, 1,
                     "%s: %s takes %s; only parameters of variants and shapes are functions of n", all->key,
                     s->name, kinds_is_number(s) ? "numbers" : "words");
        axes[n] = setting_axis(r, doc_is_object(item) && !function ? item : nothing, s);
    }
    if (doc_is_object(item)) {
        struct doc *named = doc_copy(item);
        doc_drop(named, "1");
        axis_known_keys(r, all->key, named, names, n);
        doc_free(named);
    }
    struct odometer o;
    odometer_start(&o, axes, n);
    do {
        struct doc *one = doc_object();
        doc_put_str(one, all->member, k->name);
        for (size_t i = 0; i < n; i++) doc_put(one, names[i], doc_copy(doc_at(axes[i], o.at[i])));
        doc_add(array, one);
    } while (odometer_next(&o));
    for (size_t i = 0; i < n; i++) doc_free(axes[i]);
    doc_free(nothing);
}

struct doc *kinds_axis(struct reader *r, const struct kinds *all, const struct doc *sweep) {
    const struct doc *list = doc_get(sweep, all->key);
    struct doc *array = doc_array(), *preset = doc_string(all->preset);
    if (!list) add_item(r, all, preset, array);
    else if (doc_is_array(list))
        for (size_t i = 0; i < doc_len(list); i++) add_item(r, all, doc_at(list, i), array);
    else add_item(r, all, list, array);
    doc_free(preset);
    return array;
}

/* ---- command lines ------------------------------------------------------------------------------ */

static const struct setting *find_setting(const char *option, const struct kind *k, const char *name) {
    const char *names[SETTINGS_MAX];
    size_t n = 0;
    for (const struct setting *s = k->settings; s->name && n < SETTINGS_MAX; s++) {
        if (!strcmp(s->name, name)) return s;
        names[n++] = s->name;
    }
    if (n == 0) die(EXIT_USAGE, "%s %s: it has no settings, and no '%s'", option, k->name, name);
    die(EXIT_USAGE, "%s %s: it has no setting '%s'; %s", option, k->name, name, suggestion(name, names, n));
}

static void put(const char *option, struct doc *d, const struct kind *k, const struct setting *s,
                const char *value) {
    char *what = format("%s %s,%s", option, k->name, s->name);
    size_t words = 0;
    if (s->type == SETTING_WHOLE) doc_put_num(d, s->name, option_whole(what, value, s->min, s->max));
    else if (s->type == SETTING_REAL) doc_put_num(d, s->name, option_number(what, value, s->min, s->max));
    else doc_put_str(d, s->name, value);
    if (s->type == SETTING_WORD) {
        while (s->words[words] && strcmp(s->words[words], value)) words++;
        if (!s->words[words]) die(EXIT_USAGE, "%s=%s: %s", what, value, suggestion(value, s->words, words));
    }
    free(what);
}

struct doc *kinds_option(const struct kinds *all, const char *option, const char *word) {
    char *words = xstrdup(word), *rest = words, *name = strsep(&rest, ",");
    const struct kind *k = kinds_find(all, name);
    struct doc *d = doc_object();
    if (!k) die(EXIT_USAGE, "%s %s: no such %s; %s", option, name, all->noun, suggest_kind(all, name));
    doc_put_str(d, all->member, k->name);
    for (const struct setting *s = k->settings; s->name; s++)
        if (kinds_is_number(s)) doc_put_num(d, s->name, s->preset);
        else doc_put_str(d, s->name, s->text);
    for (char *given; (given = strsep(&rest, ","));) {
        char *sign = strchr(given, '=');
        if (!sign || sign == given)
            die(EXIT_USAGE, "%s %s: '%s' is no setting; give it as setting=value", option, word, given);
        *sign = '\0';
        put(option, d, k, find_setting(option, k, given), sign + 1);
    }
    free(words);
    return d;
}
