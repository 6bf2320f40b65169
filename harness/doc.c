/* doc.c -- JSON documents, on jansson. */
#include "doc.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static json_t *in(const struct doc *d) { return (json_t *)(uintptr_t)d; }
static struct doc *out(json_t *j) {
    if (!j) die(2, "out of memory in a JSON document");
    return (struct doc *)j;
}

struct doc *doc_object(void) {
    return out(json_object());
}
struct doc *doc_array(void) {
    return out(json_array());
}
struct doc *doc_string(const char *s) {
    json_t *j = json_string(s);
    return out(j ? j : json_string_nocheck("(not UTF-8)"));
}

int doc_is_text(const char *s) {
    json_t *j = json_string(s);
    json_decref(j);
    return j != NULL;
}

struct doc *doc_bool(int x) {
    return out(json_boolean(x));
}

struct doc *doc_number(double x) {
    if (!isfinite(x)) return out(json_null());
    if (x == floor(x) && fabs(x) < 0x1p53) return out(json_integer((json_int_t)x));
    return out(json_real(x));
}

struct doc *doc_pair(double low, double high) {
    struct doc *pair = doc_array();
    doc_add(pair, doc_number(low));
    doc_add(pair, doc_number(high));
    return pair;
}

struct doc *doc_word(const char *word) {
    char *end;
    double x = strtod(word, &end);
    return *word && !*end ? doc_number(x) : doc_string(word);
}

struct doc *doc_parse(const char *text, size_t length, char error[200]) {
    json_error_t e;
    json_t *j = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!j) snprintf(error, 200, "line %d, column %d: %s", e.line, e.column, e.text);
    return (struct doc *)j;
}

struct doc *doc_copy(const struct doc *d) {
    return out(json_deep_copy(in(d)));
}
void doc_free(struct doc *d) { json_decref(in(d)); }

/* Splits off the next name of a path; returns the rest, or NULL behind the last. */
static const char *step(const char *path, char name[64]) {
    size_t n = strcspn(path, ".");
    snprintf(name, 64, "%.*s", (int)n, path);
    return path[n] ? path + n + 1 : NULL;
}

void doc_put(struct doc *d, const char *path, struct doc *value) {
    json_t *at = in(d);
    char name[64];
    for (const char *rest = step(path, name); rest; rest = step(rest, name)) {
        if (!json_is_object(json_object_get(at, name))) json_object_set_new(at, name, json_object());
        at = json_object_get(at, name);
    }
    if (json_object_set_new(at, name, in(value))) die(2, "out of memory in a JSON document");
}

void doc_put_str(struct doc *d, const char *path, const char *s) {
    doc_put(d, path, s ? doc_string(s) : out(json_null()));
}
void doc_put_num(struct doc *d, const char *path, double x) { doc_put(d, path, doc_number(x)); }
void doc_put_bool(struct doc *d, const char *path, int x) { doc_put(d, path, doc_bool(x)); }

void doc_drop(struct doc *d, const char *path) {
    json_t *at = in(d);
    char name[64];
    for (const char *rest = step(path, name); rest; rest = step(rest, name)) at = json_object_get(at, name);
    json_object_del(at, name);
}

void doc_add(struct doc *array, struct doc *value) {
    if (json_array_append_new(in(array), in(value))) die(2, "out of memory in a JSON document");
}

struct doc *doc_get(const struct doc *d, const char *path) {
    json_t *at = in(d);
    char name[64];
    while (at && path) {
        path = step(path, name);
        at = json_object_get(at, name);
    }
    return (struct doc *)at;
}

struct doc *doc_member(const struct doc *d, const char *name) {
    return (struct doc *)json_object_get(in(d), name);
}

const char *doc_str(const struct doc *d, const char *path, const char *fallback) {
    const char *s = doc_as_str(doc_get(d, path));
    return s ? s : fallback;
}

double doc_num(const struct doc *d, const char *path, double fallback) {
    const struct doc *x = doc_get(d, path);
    return doc_is_number(x) ? doc_as_num(x) : fallback;
}

int doc_int(const struct doc *d, const char *path, int fallback) {
    return (int)fmax(INT_MIN, fmin(INT_MAX, doc_num(d, path, fallback)));
}

int doc_flag(const struct doc *d, const char *path) { return json_is_true(in(doc_get(d, path))); }

size_t doc_len(const struct doc *d) {
    return json_is_array(in(d))    ? json_array_size(in(d))
           : json_is_object(in(d)) ? json_object_size(in(d))
                                   : 0;
}

static void *member(const struct doc *d, size_t index) {
    void *i = json_object_iter(in(d));
    while (i && index--) i = json_object_iter_next(in(d), i);
    return i;
}

struct doc *doc_at(const struct doc *d, size_t index) {
    if (json_is_array(in(d))) return (struct doc *)json_array_get(in(d), index);
    return (struct doc *)json_object_iter_value(member(d, index));
}

const char *doc_key(const struct doc *d, size_t index) { return json_object_iter_key(member(d, index)); }

int doc_has_word(const struct doc *array, const char *word) {
    for (size_t i = 0; i < doc_len(array); i++) {
        const char *one = doc_as_str(doc_at(array, i));
        if (one && !strcmp(one, word)) return 1;
    }
    return 0;
}

double *doc_numbers(const struct doc *array, size_t *n) {
    *n = doc_len(array);
    double *x = xmalloc(*n * sizeof *x);
    for (size_t i = 0; i < *n; i++) x[i] = doc_as_num(doc_at(array, i));
    return x;
}

int doc_equal(const struct doc *a, const struct doc *b) { return a == b || json_equal(in(a), in(b)); }

int doc_is_string(const struct doc *d) { return json_is_string(in(d)); }
int doc_is_number(const struct doc *d) { return json_is_number(in(d)); }
int doc_is_bool(const struct doc *d) { return json_is_boolean(in(d)); }
int doc_is_array(const struct doc *d) { return json_is_array(in(d)); }
int doc_is_object(const struct doc *d) { return json_is_object(in(d)); }
const char *doc_as_str(const struct doc *d) { return json_string_value(in(d)); }
double doc_as_num(const struct doc *d) {
    return json_is_number(in(d)) ? json_number_value(in(d)) : (double)NAN;
}

char *doc_text(const struct doc *d, int indent) {
    size_t flags = JSON_ENCODE_ANY | (indent ? JSON_INDENT(2) : JSON_COMPACT);
    char *text = json_dumps(in(d), flags);
    if (!text) die(2, "out of memory in a JSON document");
    return text;
}

void doc_print(const struct doc *d, int indent) {
    char *text = doc_text(d, indent);
    puts(text);
    free(text);
}
