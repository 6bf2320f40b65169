/* text.c -- messages, growing strings, nearest names, sizes and durations. */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "colour.h"

static void say(enum tint tint, const char *form, va_list args) {
    fflush(stdout);
    colour_print(stderr, tint, 0, "attnbench:");
    fputc(' ', stderr);
    vfprintf(stderr, form, args);
    fputc('\n', stderr);
}

void warn(const char *form, ...) {
    va_list args;
    va_start(args, form);
    say(TINT_DOUBT, form, args);
    va_end(args);
}

void fault(const char *form, ...) {
    va_list args;
    va_start(args, form);
    say(TINT_BAD, form, args);
    va_end(args);
}

void die(int code, const char *form, ...) {
    va_list args;
    va_start(args, form);
    say(TINT_BAD, form, args);
    va_end(args);
    exit(code);
}

void *xmalloc(size_t bytes) {
    void *p = malloc(bytes ? bytes : 1);
    if (!p) die(EXIT_USAGE, "out of memory: %zu bytes", bytes);
    return p;
}

void *xrealloc(void *old, size_t bytes) {
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p) die(EXIT_USAGE, "out of memory: %zu bytes", bytes);
    return p;
}

char *xstrdup(const char *s) {
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}

uint64_t fingerprint(const char *s) {
    uint64_t h = 14695981039346656037u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h;
}

static void add(struct text *t, const char *form, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, form, args);
    if (t->length + (size_t)n + 1 > t->room) {
        t->room = (t->length + (size_t)n + 1) * 2;
        t->s = xrealloc(t->s, t->room);
    }
    vsnprintf(t->s + t->length, (size_t)n + 1, form, again);
    va_end(again);
    t->length += (size_t)n;
}

void text_add(struct text *t, const char *form, ...) {
    va_list args;
    va_start(args, form);
    add(t, form, args);
    va_end(args);
}

void text_add_quoted(struct text *t, const char *word) {
    text_add(t, "\"");
    for (; *word; word++) text_add(t, *word == '"' ? "\"\"" : "%c", *word);
    text_add(t, "\"");
}

void text_append(struct text *t, const char *bytes, size_t n) {
    if (t->length + n + 1 > t->room) {
        t->room = (t->length + n + 1) * 2;
        t->s = xrealloc(t->s, t->room);
    }
    memcpy(t->s + t->length, bytes, n);
    t->length += n;
    t->s[t->length] = '\0';
}

char *format(const char *form, ...) {
    struct text t = {0};
    va_list args;
    va_start(args, form);
    add(&t, form, args);
    va_end(args);
    return t.s;
}

/* Edit distance (insert, drop, replace), capped: words longer than 63 are far from everything. */
static int distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    int row[64];
    if (n > 63 || m > 63) return 99;
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int best = diagonal + (strncasecmp(&a[i - 1], &b[j - 1], 1) != 0);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

const char *nearest(const char *word, const char *const *names, size_t n) {
    const char *best = NULL;
    int least = (int)(strlen(word) + 2) / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        int d = distance(word, names[i]);
        if (d < least) least = d, best = names[i];
    }
    return best;
}

char *suggestion(const char *word, const char *const *names, size_t n) {
    const char *near = nearest(word, names, n);
    struct text t = {0};
    if (near) return format("did you mean '%s'?", near);
    text_add(&t, "allowed: ");
    for (size_t i = 0; i < n; i++) text_add(&t, "%s%s", i ? ", " : "", names[i]);
    return t.s;
}

double parse_bytes(const char *word) {
    char *end;
    double x = strtod(word, &end), unit = 1;
    if (end == word || !(x >= 0)) return -1;
    switch (*end) {
    case 'k':
    case 'K': unit = 0x1p10, end++; break;
    case 'm':
    case 'M': unit = 0x1p20, end++; break;
    case 'g':
    case 'G': unit = 0x1p30, end++; break;
    case 't':
    case 'T': unit = 0x1p40, end++; break;
    default: break;
    }
    if (*end && strcmp(end, "iB") && strcmp(end, "B")) return -1;
    return x * unit;
}

double parse_seconds(const char *word) {
    char *end;
    double x = strtod(word, &end);
    if (end == word || !(x >= 0)) return -1;
    if (!strcmp(end, "ms")) return x / 1000;
    if (!strcmp(end, "") || !strcmp(end, "s")) return x;
    if (!strcmp(end, "m") || !strcmp(end, "min")) return x * 60;
    if (!strcmp(end, "h")) return x * 3600;
    return -1;
}

static char *slot(void) {
    static char slots[8][32];
    static unsigned next;
    return slots[next++ % 8];
}

const char *show_bytes(double bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    char *s = slot();
    int u = 0;
    while (bytes >= 1024 && u < 4) bytes /= 1024, u++;
    snprintf(s, 32, bytes < 10 && u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return s;
}

const char *show_seconds(double x) {
    char *s = slot();
    if (x < 1e-6) snprintf(s, 32, "%.0f ns", x * 1e9);
    else if (x < 1e-3) snprintf(s, 32, "%.3g us", x * 1e6);
    else if (x < 1) snprintf(s, 32, "%.3g ms", x * 1e3);
    else if (x < 120) snprintf(s, 32, "%.3g s", x);
    else if (x < 600) snprintf(s, 32, "%.1f min", x / 60);
    else if (x < 7200) snprintf(s, 32, "%.0f min", x / 60);
    else snprintf(s, 32, "%.1f h", x / 3600);
    return s;
}

char *read_file(const char *path, size_t *length) {
    FILE *f = fopen(path, "rb");
    struct text t = {0};
    char block[65536];
    size_t n;
    int failed;
    if (!f) return NULL;
    text_append(&t, "", 0);
    while ((n = fread(block, 1, sizeof block, f)) > 0) text_append(&t, block, n);
    failed = ferror(f) ? errno : 0; /* reading a directory fails here, not in fopen() */
    fclose(f);
    if (failed) {
        free(t.s);
        errno = failed;
        return NULL;
    }
    if (length) *length = t.length;
    return t.s;
}
