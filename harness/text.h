/* text.h -- messages, growing strings, nearest names, sizes and durations. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { EXIT_FINE = 0, EXIT_REGRESSION = 1, EXIT_USAGE = 2, EXIT_INCOMPLETE = 3, EXIT_INTERRUPTED = 130 };

/* "attnbench: ..." on stderr; warn() where the program goes on, fault() where the caller is about to end it,
   die() ends it. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* Formatted into fresh memory. */
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc and realloc that end the program where memory is out. */
void *xmalloc(size_t bytes);
void *xrealloc(void *, size_t bytes);
char *xstrdup(const char *);

uint64_t fingerprint(const char *); /* FNV-1a */

struct text { /* a growing string; starts as {0}; the owner frees `s` */
    char *s;
    size_t length, room;
};
void text_add(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_quoted(struct text *, const char *); /* as a field of CSV, in quotes */
void text_append(struct text *, const char *bytes, size_t n);

/* The name out of names[0 .. n) nearest to `word`, or NULL where none is near. */
const char *nearest(const char *word, const char *const *names, size_t n);

/* "did you mean 'x'?" or, where nothing is near, "allowed: a, b, c". */
char *suggestion(const char *word, const char *const *names, size_t n);

/* "512M" (K, M, G, T are powers of 1024), "1.5h" (ms, s, m, h; a bare number is seconds).
   -1 where the word is not of that form. */
double parse_bytes(const char *word);
double parse_seconds(const char *word);

/* The reverse, for people; the result stays valid for the next seven calls. */
const char *show_bytes(double bytes);
const char *show_seconds(double seconds);

/* The whole file, NUL-terminated; NULL and errno where it cannot be read. *length may be NULL. */
char *read_file(const char *path, size_t *length);

#endif
