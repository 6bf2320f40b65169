/* test_case.c -- what `attnbench check` tried. */
#include "test_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct doc *case_doc(const char *group, const struct trial *t, struct doc *params) {
    struct doc *d = doc_object();
    doc_put_str(d, "group", group);
    doc_put(d, "trial", trial_doc(t));
    doc_put(d, "params", params);
    return d;
}

static void add_word(struct text *to, const char *key, const struct doc *value) {
    const char *word = doc_as_str(value);
    int flag = !strcmp(key, "strided") || !strcmp(key, "key_lengths");
    if (flag) text_add(to, " %s", key);
    else if (word) text_add(to, " %s=%s", key, word);
    else text_add(to, " %s=%.9g", key, doc_as_num(value));
}

char *case_words(const struct doc *d) {
    static const char *const parts[] = {"trial", "params"};
    struct text t = {0};
    text_add(&t, "%s", doc_str(d, "group", ""));
    for (int p = 0; p < 2; p++) {
        const struct doc *part = doc_get(d, parts[p]);
        for (size_t i = 0; i < doc_len(part); i++)
            add_word(&t, doc_key(part, i), doc_get(part, doc_key(part, i)));
    }
    return t.s;
}

struct doc *case_parse(const char *words, struct attn_error *error) {
    char *copy = xstrdup(words), *rest = NULL, *word = strtok_r(copy, " ", &rest);
    struct doc *d = doc_object(), *trial = doc_object(), *params = doc_object();
    struct trial t;
    int failed = !word || strchr(word, '=');
    if (failed)
        snprintf(error->text, sizeof error->text,
                 "it opens with a group of checks, for example 'run nq=7 nk=7 dk=5 mask=causal'");
    doc_put_str(d, "group", word ? word : "");
    while (!failed && (word = strtok_r(NULL, " ", &rest))) {
        char *value = strchr(word, '=');
        if (value) *value++ = '\0';
        doc_put(trial_knows(word) ? trial : params, word, value ? doc_word(value) : doc_number(1));
    }
    failed = failed || trial_from_doc(trial, &t, error);
    doc_put(d, "trial", trial);
    doc_put(d, "params", params);
    free(copy);
    if (!failed) return d;
    doc_free(d);
    return NULL;
}

unsigned case_features(const struct doc *d) {
    struct trial t;
    struct attn_error error;
    return trial_from_doc(doc_get(d, "trial"), &t, &error) ? 0 : trial_features(&t);
}

char *case_features_words(unsigned features, const struct doc *params) {
    struct text t = {0};
    text_append(&t, "", 0);
    for (unsigned bit = 0; trial_feature(bit); bit++)
        if (features & 1u << bit) text_add(&t, "%s%s", t.length ? ", " : " with ", trial_feature(bit));
    for (size_t i = 0; i < doc_len(params); i++) {
        text_add(&t, "%s", t.length ? "," : " with");
        add_word(&t, doc_key(params, i), doc_get(params, doc_key(params, i)));
    }
    return t.s;
}

/* ---- the smallest one -------------------------------------------------------------------------- */

/* Tries `next`, taken over, in place of *best. */
static int take(struct doc **best, struct doc *next, int (*fails)(void *, const struct doc *), void *context,
                int *tries) {
    --*tries;
    if (*tries >= 0 && fails(context, next)) {
        doc_free(*best);
        *best = next;
        return 1;
    }
    doc_free(next);
    return 0;
}

/* One round of each returns whether it brought anything. A step that did is taken again at once, one that did not only in
   the next round: every try may be a process. */
static int without_params(struct doc **best, int (*fails)(void *, const struct doc *), void *context,
                          int *tries) {
    int any = 0;
    for (size_t i = 0; i < doc_len(doc_get(*best, "params")) && *tries > 0;) {
        struct doc *next = doc_copy(*best);
        doc_drop(doc_get(next, "params"), doc_key(doc_get(*best, "params"), i));
        if (take(best, next, fails, context, tries)) any = 1;
        else i++;
    }
    return any;
}

static int with_simpler_trials(struct doc **best, int (*fails)(void *, const struct doc *), void *context,
                               int *tries) {
    struct trial t, simpler;
    struct attn_error error;
    int any = 0, step = 0, is;
    if (trial_from_doc(doc_get(*best, "trial"), &t, &error)) return 0;
    while (*tries > 0 && (is = trial_simpler(&t, step, &simpler)) >= 0) {
        struct doc *next = is ? doc_copy(*best) : NULL;
        if (next) doc_put(next, "trial", trial_doc(&simpler));
        if (next && take(best, next, fails, context, tries)) t = simpler, any = 1;
        else step++;
    }
    return any;
}

struct doc *case_shrink(const struct doc *from, int (*fails)(void *context, const struct doc *),
                        void *context, int tries) {
    struct doc *best = doc_copy(from);
    for (int any = 1; any && tries > 0;) {
        any = without_params(&best, fails, context, &tries);
        any |= with_simpler_trials(&best, fails, context, &tries);
    }
    return best;
}
