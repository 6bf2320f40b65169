/* params.c -- a variant's parameters, from its table. */
#include "params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static double get(const void *params, const struct attn_param *p) {
    const char *at = (const char *)params + p->offset;
    double real;
    int whole;
    if (p->type == ATTN_REAL) return memcpy(&real, at, sizeof real), real;
    return memcpy(&whole, at, sizeof whole), whole;
}

static void set(void *params, const struct attn_param *p, double x) {
    char *at = (char *)params + p->offset;
    int whole = (int)x;
    if (p->type == ATTN_REAL) memcpy(at, &x, sizeof x);
    else memcpy(at, &whole, sizeof whole);
}

void *params_defaults(const struct attn_variant *v) {
    void *params = xmalloc(v->params_size + 1);
    memset(params, 0, v->params_size);
    for (const struct attn_param *p = v->params; p && p->name; p++) set(params, p, p->preset);
    return params;
}

const struct attn_param *params_find(const struct attn_variant *v, const char *name) {
    for (const struct attn_param *p = v->params; p && p->name; p++)
        if (!strcmp(p->name, name)) return p;
    return NULL;
}

char *params_suggest(const struct attn_variant *v, const char *name) {
    const char *names[64];
    size_t n = 0;
    for (const struct attn_param *p = v->params; p && p->name && n < 64; p++) names[n++] = p->name;
    return n ? suggestion(name, names, n) : format("%s has no parameters", v->name);
}

static int set_choice(void *params, const struct attn_param *p, const struct doc *value,
                      struct attn_error *error) {
    const char *word = doc_as_str(value);
    size_t n = 0;
    for (; p->choices[n]; n++)
        if (word && !strcmp(word, p->choices[n])) return set(params, p, (double)n), 0;
    char *help = suggestion(word ? word : "", p->choices, n), *shown = doc_text(value, 0);
    snprintf(error->text, sizeof error->text, "%s = %s: %s", p->name, shown, help);
    free(help);
    free(shown);
    return -1;
}

int params_set(void *params, const struct attn_param *p, const struct doc *value, struct attn_error *error) {
    double x = doc_as_num(value);
    if (p->type == ATTN_CHOICE) return set_choice(params, p, value, error);
    if (x >= p->min && x <= p->max && (p->type == ATTN_REAL || x == floor(x))) return set(params, p, x), 0;
    char *shown = doc_text(value, 0);
    snprintf(error->text, sizeof error->text, "%s = %s: allowed is %s from %.10g to %.10g", p->name, shown,
             p->type == ATTN_INT ? "a whole number" : "a number", p->min, p->max);
    free(shown);
    return -1;
}

static struct doc *value_doc(const void *params, const struct attn_param *p) {
    double x = get(params, p);
    return p->type == ATTN_CHOICE ? doc_string(p->choices[(int)x]) : doc_number(x);
}

struct doc *params_doc(const struct attn_variant *v, const void *params) {
    struct doc *d = doc_object();
    for (const struct attn_param *p = v->params; p && p->name; p++) doc_put(d, p->name, value_doc(params, p));
    return d;
}

struct doc *params_changed(const struct attn_variant *v, const void *params) {
    struct doc *d = doc_object();
    for (const struct attn_param *p = v->params; p && p->name; p++)
        if (get(params, p) != p->preset) doc_put(d, p->name, value_doc(params, p));
    return d;
}

void *params_from_doc(const struct attn_variant *v, const struct doc *d) {
    void *params = params_defaults(v);
    struct attn_error error;
    for (const struct attn_param *p = v->params; p && p->name; p++)
        if (doc_get(d, p->name) && params_set(params, p, doc_get(d, p->name), &error))
            die(EXIT_USAGE, "%s: %s", v->name, error.text);
    return params;
}

char *params_label(const struct attn_variant *v, const void *params) {
    struct text t = {0};
    text_append(&t, "", 0);
    for (const struct attn_param *p = v->params; p && p->name; p++) {
        double x = get(params, p);
        if (x == p->preset) continue;
        text_add(&t, "%s%s=", t.length ? "," : "", p->name);
        if (p->type == ATTN_CHOICE) text_add(&t, "%s", p->choices[(int)x]);
        else text_add(&t, "%.10g", x);
    }
    return t.s;
}
