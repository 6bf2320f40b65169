/* blockmap.c -- which blocks of a score matrix are computed, as text. */
#include "blockmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char digits[] = "0123456789abcdef";

/* 0 where the bits are much shorter; a little is not worth being unreadable. */
static int add_runs(struct text *to, const unsigned char *row, size_t columns) {
    const char *comma = "";
    size_t most = to->length + columns / 4 + 16;
    for (size_t at = 0, end; at < columns && to->length <= most; at = end) {
        end = at + 1;
        if (!row[at]) continue;
        while (end < columns && row[end]) end++;
        text_add(to, "%s%zu", comma, at);
        if (end > at + 1) text_add(to, "-%zu", end - 1);
        comma = ",";
    }
    return to->length <= most;
}

static void add_bits(struct text *to, const unsigned char *row, size_t columns) {
    text_append(to, "x", 1);
    for (size_t at = 0; at < columns; at += 4) {
        int digit = 0;
        for (size_t bit = 0; bit < 4; bit++) digit = 2 * digit + (at + bit < columns && row[at + bit]);
        text_append(to, &digits[digit], 1);
    }
}

char *blockmap_encode(const unsigned char *map, size_t rows, size_t columns) {
    struct text t = {0};
    text_append(&t, "", 0);
    for (size_t r = 0; r < rows; r++) {
        const unsigned char *row = map + r * columns;
        if (r) text_append(&t, ";", 1);
        size_t start = t.length;
        if (add_runs(&t, row, columns)) continue;
        t.length = start;
        add_bits(&t, row, columns);
    }
    return t.s;
}

/* A number below `limit`, written as %zu writes it; its end, or NULL. */
static const char *read_number(const char *at, size_t limit, size_t *x) {
    const char *start = at;
    for (*x = 0; *at >= '0' && *at <= '9'; at++) {
        *x = 10 * *x + (size_t)(*at - '0');
        if (*x >= limit) return NULL;
    }
    return at == start || (*start == '0' && at > start + 1) ? NULL : at;
}

/* One row of runs, in order and apart; its end, or NULL. */
static const char *read_runs(const char *at, size_t columns, float *row) {
    size_t first, last, next = 0; /* next: the first block that a run may open with */
    if (*at == ';' || !*at) return at;
    for (;; at++) {
        if (!(at = read_number(at, columns, &first)) || first < next) return NULL;
        last = first;
        if (*at == '-' && (!(at = read_number(at + 1, columns, &last)) || last <= first)) return NULL;
        for (size_t j = first; j <= last; j++) row[j] = 1;
        next = last + 2;
        if (*at != ',') return at;
    }
}

static const char *read_bits(const char *at, size_t columns, float *row) {
    for (size_t j = 0; j < columns; j += 4, at++) {
        const char *digit = *at ? strchr(digits, *at) : NULL;
        if (!digit) return NULL;
        for (size_t bit = 0; bit < 4; bit++) {
            int set = (digit - digits) >> (3 - bit) & 1;
            if (j + bit < columns) row[j + bit] = (float)set;
            else if (set) return NULL;
        }
    }
    return at;
}

int blockmap_decode(const char *text, size_t rows, size_t columns, float *map, struct attn_error *error) {
    const char *at = text;
    memset(map, 0, rows * columns * sizeof *map); /* 0.0f is all zero bits */
    for (size_t r = 0; r < rows; r++) {
        float *row = map + r * columns;
        at = *at == 'x' ? read_bits(at + 1, columns, row) : read_runs(at, columns, row);
        if (at && *at++ == (r + 1 < rows ? ';' : '\0')) continue;
        snprintf(error->text, sizeof error->text, "row %zu of a map of %zu x %zu blocks is damaged", r, rows,
                 columns);
        return -1;
    }
    return 0;
}
