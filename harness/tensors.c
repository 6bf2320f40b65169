/* tensors.c -- the further tensors of a variant. */
#include "tensors.h"

#include <stdio.h>
#include <string.h>

#include "params.h"
#include "text.h"

size_t tensors_count(const struct attn_variant *v) {
    size_t n = 0;
    while (v->tensors && v->tensors[n].name) n++;
    return n;
}

size_t tensors_find(const struct attn_variant *v, const char *name) {
    size_t t = 0, n = tensors_count(v);
    while (t < n && strcmp(v->tensors[t].name, name)) t++;
    return t;
}

char *tensors_suggest(const struct attn_variant *v, const char *name) {
    const char *names[TENSORS_MAX];
    size_t n = tensors_count(v);
    for (size_t t = 0; t < n; t++) names[t] = v->tensors[t].name;
    return suggestion(name, names, n);
}

/* The size behind one name of a shape; -1 where it is none. */
static int size_of(const char *name, const struct attn_variant *v, const struct attn_problem *p,
                   const void *params) {
    const struct {
        const char *name;
        int size;
    } known[] = {{"b", p->batch}, {"h", p->heads}, {"hk", p->kv_heads}, {"nq", p->nq},
                 {"n", p->nk},    {"nk", p->nk},   {"dk", p->dk},       {"dv", p->dv}};
    const char *slash = strchr(name, '/');
    const char *plus = strchr(name, '+');
    const struct attn_param *param = params_find(v, name);
    int size, times, digits, used = 0;
    if (plus) {
        char first[32] = {0};
        memcpy(first, name, (size_t)(plus - name));
        int rest = size_of(plus + 1, v, p, params);
        size = size_of(first, v, p, params);
        return size < 0 || rest < 0 ? -1 : size + rest;
    }
    if (sscanf(name, "%d*%n", &times, &used) == 1 && used) {
        size = size_of(name + used, v, p, params);
        return size < 0 ? -1 : times * size;
    }
    if (slash) { /* rounded up */
        char whole[32] = {0};
        memcpy(whole, name, (size_t)(slash - name));
        int part = size_of(slash + 1, v, p, params);
        size = size_of(whole, v, p, params);
        return size < 0 || part <= 0 ? -1 : (size - 1) / part + 1;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i].name)) return known[i].size;
    if (sscanf(name, "%d%n", &size, &digits) == 1 && !name[digits]) return size;
    if (!param || param->type != ATTN_INT) return -1;
    memcpy(&size, (const char *)params + param->offset, sizeof size);
    return size;
}

static int bad_size(const struct attn_variant *v, const struct attn_tensor *t, const char *name,
                    struct attn_error *error) {
    snprintf(error->text, sizeof error->text, "tensor '%s' of %s: '%s' in its shape is no size", t->name,
             v->name, name);
    return -1;
}

/* The next word among the sizes of a shape, its end in *at. */
static int next_size(const char **at, char word[32]) {
    int used;
    if (sscanf(*at, " %31s%n", word, &used) != 1 || !strcmp(word, "if")) return 0;
    *at += used;
    return 1;
}

/* Is one term of a condition false, "name=choice" or "name!=choice"? -1 where it names no choice of a parameter. */
static int is_false(const struct attn_variant *v, const char *term, const void *params) {
    char name[32], is[3], choice[32];
    int now, known = 0;
    if (sscanf(term, "%31[^ !=]%2[!=]%31s", name, is, choice) != 3) return -1;
    const struct attn_param *param = params_find(v, name);
    if (!param || param->type != ATTN_CHOICE || (strcmp(is, "=") && strcmp(is, "!="))) return -1;
    for (int c = 0; param->choices[c]; c++) known |= !strcmp(param->choices[c], choice);
    memcpy(&now, (const char *)params + param->offset, sizeof now);
    return known ? (strcmp(param->choices[now], choice) == 0) == (*is == '!') : -1;
}

/* Is what stands after "if" false, terms joined by "and"? -1 where one of them is none. */
static int is_absent(const struct attn_variant *v, const struct attn_tensor *t, const void *params) {
    const char *condition = strstr(t->shape, " if ");
    int absent = 0;
    if (!condition) return 0;
    for (const char *term = condition + 4; term;) {
        int one = is_false(v, term, params);
        if (one < 0) return -1;
        absent |= one;
        const char *next = strstr(term, " and ");
        term = next ? next + 5 : NULL;
    }
    return absent;
}

int tensors_shape(const struct attn_variant *v, const struct attn_tensor *t, const struct attn_problem *p,
                  const void *params, struct tensor_shape *shape, struct attn_error *error) {
    char name[32];
    int used;
    *shape = (struct tensor_shape){.batch = -1, .head = -1, .count = 1, .deviation = t->deviation};
    for (const char *at = t->shape; next_size(&at, name);) {
        int size = size_of(name, v, p, params);
        if (size < 0 || shape->rank == TENSOR_DIMS) return bad_size(v, t, name, error);
        if (!strcmp(name, "b")) shape->batch = shape->rank;
        if (!strcmp(name, "h") || !strcmp(name, "hk")) shape->head = shape->rank;
        shape->size[shape->rank++] = size;
        shape->count *= (size_t)size;
    }
    for (const char *at = t->fan; at && sscanf(at, " %31s%n", name, &used) == 1; at += used) {
        int size = size_of(name, v, p, params);
        if (size <= 0) return bad_size(v, t, name, error);
        shape->deviation /= sqrt(size);
    }
    shape->absent = is_absent(v, t, params);
    if (shape->absent < 0) return bad_size(v, t, strstr(t->shape, " if ") + 1, error);
    if (shape->absent) shape->count = 0;
    return 0;
}

/* The sizes of a shape: those that may be shared, and then exactly two quotients. */
int tensors_over_blocks(const struct attn_tensor *t) {
    char name[32];
    int quotients = 0, others = 0;
    for (const char *at = t->shape; next_size(&at, name);) {
        if (strchr(name, '/')) quotients++;
        else if (quotients || (strcmp(name, "b") && strcmp(name, "h") && strcmp(name, "hk"))) others++;
    }
    return quotients == 2 && !others;
}

size_t tensors_find_over_blocks(const struct attn_variant *v, size_t *count) {
    size_t first = 0;
    *count = 0;
    for (size_t t = tensors_count(v); t-- > 0;)
        if (tensors_over_blocks(&v->tensors[t])) first = t, ++*count;
    return first;
}

/* Of the text of a shape, the sizes without the condition. */
static int sizes_length(const struct attn_tensor *t) {
    const char *condition = strstr(t->shape, " if ");
    return (int)(condition ? (size_t)(condition - t->shape) : strlen(t->shape));
}

int tensors_stored(const struct attn_tensor *t, const struct tensor_shape *want, int rank, const int *sizes,
                   struct tensor_shape *stored, struct attn_error *error) {
    char text[100] = "";
    if (want->absent) {
        snprintf(error->text, sizeof error->text, "'%s' is [%s], and not there with these parameters",
                 t->name, t->shape);
        return -1;
    }
    int left_out = want->rank - rank, fits = left_out >= 0;
    *stored = *want;
    stored->count = 1;
    for (int d = 0; d < want->rank; d++) {
        int shared = d == want->batch || d == want->head, given = d < left_out ? 1
                                                                  : fits       ? sizes[d - left_out]
                                                                               : 0;
        fits = fits && (given == want->size[d] || (shared && given == 1)) && (d >= left_out || shared);
        stored->size[d] = given;
        stored->count *= (size_t)given;
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%d", d ? ", " : "", want->size[d]);
    }
    if (fits) return 0;
    snprintf(error->text, sizeof error->text, "'%s' is [%.*s] = [%s] here%s", t->name, sizes_length(t),
             t->shape, text,
             want->batch >= 0 || want->head >= 0 ? ", or 1 for all items and heads alike" : "");
    return -1;
}

int tensors_over_positions(const struct attn_tensor *t) {
    char sizes[5][32];
    int words = 0;
    for (const char *at = t->shape; words < 5 && next_size(&at, sizes[words]);) words++;
    return (words == 3 || words == 4) && !strcmp(sizes[0], "b") &&
           (!strcmp(sizes[1], "h") || !strcmp(sizes[1], "hk")) &&
           (!strcmp(sizes[2], "n") || !strcmp(sizes[2], "nq") || !strcmp(sizes[2], "nk"));
}

int tensors_token_major(const struct attn_tensor *t, const struct tensor_shape *want, const int sizes[3],
                        const float *data, struct attn_view *view, struct attn_error *error) {
    ptrdiff_t heads = want->size[1], n = want->size[2], d = want->rank == 4 ? want->size[3] : 1,
              row = sizes[2];
    if ((sizes[0] == want->size[0] || sizes[0] == 1) && sizes[1] == n && (row == heads * d || row == d)) {
        *view = (struct attn_view){data, sizes[0] == 1 ? 0 : n * row, row == heads * d ? d : 0, row};
        return 0;
    }
    snprintf(error->text, sizeof error->text,
             "'%s' is [%.*s], and beside q of [batch, n, heads*d] that is [%d, %td, %td] here, or 1 for all "
             "items and %td "
             "for all heads alike",
             t->name, sizes_length(t), t->shape, want->size[0], n, heads * d, d);
    return -1;
}

/* Elements between two neighbours of dimension d; 0 where there is but one for all. */
static ptrdiff_t stride(const struct tensor_shape *s, int d) {
    ptrdiff_t n = 1;
    if (d < 0 || (s->size[d] == 1 && (d == s->batch || d == s->head))) return 0;
    for (int i = d + 1; i < s->rank; i++) n *= s->size[i];
    return n;
}

static int first_row(const struct tensor_shape *s) {
    int d = 0;
    while (d == s->batch || d == s->head) d++;
    return d;
}

struct attn_output tensors_output(const struct tensor_shape *s, float *data) {
    return (struct attn_output){data, stride(s, s->batch), stride(s, s->head), stride(s, first_row(s))};
}

struct attn_view tensors_view(const struct tensor_shape *s, const float *data) {
    return (struct attn_view){data, stride(s, s->batch), stride(s, s->head), stride(s, first_row(s))};
}

/* Streams 0 to 15 belong to q, k, v and their like. */
static uint64_t stream(const char *name) { return fingerprint(name) | 16; }

void tensors_generate(const struct attn_tensor *t, const struct attn_problem *p,
                      const struct tensor_shape *shape, float *data) {
    attn_random_normal(p->seed, stream(t->name), 0, shape->count, data);
    for (size_t i = 0; i < shape->count; i++) data[i] *= (float)shape->deviation;
}
