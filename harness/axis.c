/* axis.c -- reading a sweep. */
#include "axis.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERRORS_MAX = 16 << 10 }; /* bytes: who is told so much sees what is wrong */

void complain(struct reader *r, const char *word, int is_key, const char *form, ...) {
    if (r->errors->length > ERRORS_MAX) return;
    char *place = config_place(r->config, word, is_key), message[600];
    va_list args;
    va_start(args, form);
    vsnprintf(message, sizeof message, form, args);
    va_end(args);
    struct text line = {0};
    text_add(&line, "%s%s\n", place, message);
    if (!r->errors->s || !strstr(r->errors->s, line.s))
        text_add(r->errors, "%s", line.s); /* once is enough */
    if (r->errors->length > ERRORS_MAX) text_add(r->errors, "and more; put these right first\n");
    free(line.s);
    free(place);
}

void axis_known_keys(struct reader *r, const char *where, const struct doc *object, const char *const *names,
                     size_t n) {
    for (size_t i = 0; i < doc_len(object); i++) {
        const char *key = doc_key(object, i);
        size_t x = 0;
        while (key && x < n && strcmp(key, names[x])) x++;
        if (!key || x < n) continue;
        char *help = suggestion(key, names, n);
        complain(r, key, 1, "%s: unknown key '%s'; %s", where, key, help);
        free(help);
    }
}

/* The setting as an array, whatever it was. */
static struct doc *listed(const struct doc *object, const char *key) {
    const struct doc *x = doc_get(object, key);
    struct doc *array = doc_array();
    if (!x) return array;
    if (!doc_is_array(x)) {
        doc_add(array, doc_copy(x));
        return array;
    }
    doc_free(array);
    return doc_copy(x);
}

static int in_range(double x, int whole, double min, double max) {
    return x >= min && x <= max && (!whole || x == floor(x));
}

static void complain_number(struct reader *r, const char *key, const char *shown, int whole, double min,
                            double max) {
    complain(r, key, 1, "%s = %s; allowed is %s from %.10g to %.10g", key, shown,
             whole ? "a whole number" : "a number", min, max);
}

struct doc *axis_numbers(struct reader *r, const struct doc *object, const char *key, double preset,
                         int whole, double min, double max) {
    struct doc *all = listed(object, key), *good = doc_array();
    for (size_t i = 0; i < doc_len(all); i++) {
        const struct doc *x = doc_at(all, i);
        if (config_is_function(x) || (doc_is_number(x) && in_range(doc_as_num(x), whole, min, max))) {
            doc_add(good, doc_copy(x));
            continue;
        }
        char *shown = doc_text(x, 0);
        complain_number(r, key, shown, whole, min, max);
        free(shown);
    }
    if (doc_get(object, key) && doc_len(all) == 0) complain(r, key, 1, "%s is an empty list", key);
    if (doc_len(good) == 0) doc_add(good, doc_number(preset));
    doc_free(all);
    return good;
}

struct doc *axis_words(struct reader *r, const struct doc *object, const char *key, const char *preset,
                       const char *const *names, size_t n) {
    struct doc *all = listed(object, key), *good = doc_array();
    for (size_t i = 0; i < doc_len(all); i++) {
        const char *word = doc_as_str(doc_at(all, i));
        size_t x = 0;
        while (word && x < n && strcmp(word, names[x])) x++;
        if (word && x < n) {
            doc_add(good, doc_string(word));
            continue;
        }
        char *shown = doc_text(doc_at(all, i), 0), *help = suggestion(word ? word : "", names, n);
        complain(r, word ? word : key, !word, "%s = %s; %s", key, shown, help);
        free(help);
        free(shown);
    }
    if (doc_get(object, key) && doc_len(all) == 0) complain(r, key, 1, "%s is an empty list", key);
    if (doc_len(good) == 0) doc_add(good, doc_string(preset));
    doc_free(all);
    return good;
}

double axis_value(struct reader *r, const struct doc *value, const char *key, double n, int whole, double min,
                  double max) {
    double x;
    if (!config_is_function(value)) return doc_as_num(value);
    if (config_call(r->config, value, n, &x, r->errors)) return (double)NAN;
    if (whole) x = round(x);
    if (in_range(x, whole, min, max)) return x;
    char shown[80];
    snprintf(shown, sizeof shown, "%.10g (its function at n = %.10g)", x, n);
    complain_number(r, key, shown, whole, min, max);
    return (double)NAN;
}

void odometer_start(struct odometer *o, struct doc *const *axes, size_t n) {
    *o = (struct odometer){.axes = n};
    for (size_t i = 0; i < n; i++) o->size[i] = doc_len(axes[i]);
}

int odometer_next(struct odometer *o) {
    for (size_t i = o->axes; i-- > 0;) {
        if (++o->at[i] < o->size[i]) return 1;
        o->at[i] = 0;
    }
    return 0;
}
