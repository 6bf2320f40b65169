/* trial.c -- one small problem that a variant is tried on. */
#include "trial.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "problem.h"

static const char *const biases[] = {"none", "dense", "boolean", "alibi", "bucketed"};

enum form { WHOLE, REAL, FLAG, MASK, BIAS, ISA_NAME };

/* The fields in the order of their words. */
static const struct field {
    const char *key;
    size_t offset;
    enum form form;
    double preset, min, max;
} fields[] = {
    {"batch", offsetof(struct trial, batch), WHOLE, 1, 1, 4},
    {"heads", offsetof(struct trial, heads), WHOLE, 1, 1, 64},
    {"kv_heads", offsetof(struct trial, kv_heads), WHOLE, 0, 0, 64},
    {"nq", offsetof(struct trial, nq), WHOLE, 1, 1, 65536},
    {"nk", offsetof(struct trial, nk), WHOLE, 1, 1, 65536},
    {"dk", offsetof(struct trial, dk), WHOLE, 1, 1, 1024},
    {"dv", offsetof(struct trial, dv), WHOLE, 0, 0, 1024},
    {"mask", offsetof(struct trial, mask), MASK, ATTN_MASK_NONE, 0, 0},
    {"shift", offsetof(struct trial, shift), WHOLE, 0, -65536, 65536},
    {"softcap", offsetof(struct trial, softcap), REAL, 0, 0, 1e6},
    {"scale", offsetof(struct trial, scale), REAL, 0, 0, 1e6},
    {"bias", offsetof(struct trial, bias), BIAS, ATTN_BIAS_NONE, 0, 0},
    {"key_lengths", offsetof(struct trial, lengths), FLAG, 0, 0, 1},
    {"strided", offsetof(struct trial, strided), FLAG, 0, 0, 1},
    {"threads", offsetof(struct trial, threads), WHOLE, 1, 1, 64},
    {"isa", offsetof(struct trial, isa), ISA_NAME, ATTN_ISA_BEST, 0, 0},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static double get(const struct trial *t, const struct field *f) {
    const char *at = (const char *)t + f->offset;
    if (f->form == REAL) return (double)*(const float *)(const void *)at;
    return *(const int *)(const void *)at;
}

static void set(struct trial *t, const struct field *f, double x) {
    char *at = (char *)t + f->offset;
    if (f->form == REAL) *(float *)(void *)at = (float)x;
    else *(int *)(void *)at = (int)x;
}

static const struct field *find(const char *key) {
    for (int i = 0; i < FIELDS; i++)
        if (!strcmp(fields[i].key, key)) return &fields[i];
    return NULL;
}

int trial_knows(const char *key) { return find(key) != NULL; }

struct doc *trial_doc(const struct trial *t) {
    struct doc *d = doc_object();
    for (int i = 0; i < FIELDS; i++) {
        double x = get(t, &fields[i]);
        if (x == fields[i].preset) continue;
        switch (fields[i].form) {
        case MASK: doc_put_str(d, fields[i].key, problem_mask_name((enum attn_mask)x)); break;
        case BIAS: doc_put_str(d, fields[i].key, biases[(int)x]); break;
        case ISA_NAME: doc_put_str(d, fields[i].key, attn_isa_name((int)x)); break;
        default: doc_put_num(d, fields[i].key, x);
        }
    }
    return d;
}

/* The number that stands for a word; -1: none. */
static int number_of(const struct field *f, const char *word) {
    if (f->form == MASK) return problem_mask_find(word);
    for (int i = 0; f->form == BIAS && i < 5; i++)
        if (!strcmp(biases[i], word)) return i;
    for (int i = 0; f->form == ISA_NAME && i < attn_isa_count(); i++)
        if (!strcmp(attn_isa_name(i), word) && attn_isa_usable(i)) return i;
    return -1;
}

int trial_from_doc(const struct doc *d, struct trial *t, struct attn_error *error) {
    *t = (struct trial){0};
    for (int i = 0; i < FIELDS; i++) set(t, &fields[i], fields[i].preset);
    for (size_t m = 0; m < doc_len(d); m++) {
        const char *key = doc_key(d, m), *word = doc_as_str(doc_get(d, key));
        const struct field *f = find(key);
        double x = word && f ? number_of(f, word) : doc_as_num(doc_get(d, key));
        int bad = !f || isnan(x) || (word ? x < 0 : f->form > FLAG || x < f->min || x > f->max);
        if (bad || (f->form == WHOLE && x != floor(x))) {
            char *shown = doc_text(doc_get(d, key), 0);
            if (f && f->form <= FLAG)
                snprintf(error->text, sizeof error->text, "%s = %s; allowed is a number from %g to %g", key,
                         shown, f->min, f->max);
            else snprintf(error->text, sizeof error->text, "%s = %s is not known here", key, shown);
            free(shown);
            return -1;
        }
        set(t, f, x);
    }
    if (t->kv_heads && (t->kv_heads > t->heads || t->heads % t->kv_heads)) {
        snprintf(error->text, sizeof error->text, "kv_heads = %d does not divide heads = %d", t->kv_heads,
                 t->heads);
        return -1;
    }
    return 0;
}

/* ---- features ---------------------------------------------------------------------------------- */

static const char *const feature_names[] = {
    "mask causal",   "mask causal_top_left", "shift",      "key_lengths",   "softcap",
    "dense bias",    "boolean bias",         "alibi bias", "bucketed bias", "scale",
    "strides",       "grouped_heads",        "dv != dk",   "nq != nk",      "threads",
    "several items", "several heads",        "this isa",   "empty rows",
};

const char *trial_feature(unsigned bit) {
    return bit < sizeof feature_names / sizeof *feature_names ? feature_names[bit] : NULL;
}

unsigned trial_features(const struct trial *t) {
    const int has[] = {
        t->mask == ATTN_MASK_CAUSAL,
        t->mask == ATTN_MASK_CAUSAL_TOP_LEFT,
        t->shift != 0,
        t->lengths,
        t->softcap > 0,
        t->bias == ATTN_BIAS_DENSE,
        t->bias == ATTN_BIAS_BOOLEAN,
        t->bias == ATTN_BIAS_ALIBI,
        t->bias == ATTN_BIAS_BUCKETED,
        t->scale > 0,
        t->strided,
        t->kv_heads && t->kv_heads < t->heads,
        t->dv && t->dv != t->dk,
        t->nq != t->nk,
        t->threads > 1,
        t->batch > 1,
        t->heads > 1,
        t->isa != ATTN_ISA_BEST,
        t->mask != ATTN_MASK_NONE && (t->nq > t->nk || t->shift < 0),
    };
    unsigned bits = 0;
    for (size_t i = 0; i < sizeof has / sizeof *has; i++) bits |= has[i] ? 1u << i : 0;
    return bits;
}

int trial_options(unsigned features) {
    enum { OPTIONS = 13 }; /* up to the sizes of values */
    return __builtin_popcount(features & ((1u << OPTIONS) - 1));
}

/* ---- simpler trials ---------------------------------------------------------------------------- */

/* Square, with the shorter (the longer) of the two lengths. */
static int squared(const struct trial *t, int longer, struct trial *to) {
    if (t->nq == t->nk) return 0;
    to->nq = to->nk = (t->nq < t->nk) == longer ? t->nk : t->nq;
    return 1;
}

/* Both lengths, square as they are, a quarter, a half or one less. */
static int shortened(const struct trial *t, int cut, struct trial *to) {
    const int less[] = {t->nk > 4 ? t->nk / 4 : 1, (t->nk + 1) / 2, t->nk - 1};
    if (t->nq != t->nk || t->nk <= 1 || (cut && less[cut] == less[cut - 1])) return 0;
    to->nq = to->nk = less[cut];
    return 1;
}

/* A size of one, of half, or one less; lengths that are square stay so. */
static int smaller(const struct trial *t, const struct field *f, int cut, struct trial *to) {
    double x = get(t, f);
    const double less[] = {1, ceil(x / 2), x - 1};
    int is_length = !strcmp(f->key, "nq") || !strcmp(f->key, "nk");
    if (f->form != WHOLE || f->min != 1 || x <= 1 || (is_length && t->nq == t->nk)) return 0;
    if (cut && less[cut] == less[cut - 1]) return 0;
    set(to, f, less[cut]);
    if (to->kv_heads && to->heads % to->kv_heads) to->kv_heads = 1;
    return 1;
}

enum { SQUARES = 2, CUTS = 3 };

int trial_simpler(const struct trial *t, int step, struct trial *to) {
    *to = *t;
    if (step < FIELDS) { /* without a feature, the last field first */
        const struct field *f = &fields[FIELDS - 1 - step];
        if (get(t, f) == f->preset || f->min == 1) return 0;
        set(to, f, f->preset);
        return 1;
    }
    step -= FIELDS;
    if (step == 0) {
        to->mask = ATTN_MASK_CAUSAL;
        return t->mask == ATTN_MASK_CAUSAL_TOP_LEFT;
    }
    step -= 1;
    if (step < SQUARES) return squared(t, step, to);
    step -= SQUARES;
    if (step < CUTS) return shortened(t, step, to);
    step -= CUTS;
    return step < CUTS * FIELDS ? smaller(t, &fields[step / CUTS], step % CUTS, to) : -1;
}
