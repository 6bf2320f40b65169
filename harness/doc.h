/*
 * doc.h -- JSON documents: plans, rows, manifests and everything that crosses a process boundary.
 *
 * Members are named by paths, "time.median_ns"; writing creates the objects on the way, reading a path
 * that is not there gives the fallback. Running out of memory ends the program.
 */
#ifndef DOC_H
#define DOC_H

#include <stddef.h>

struct doc;

struct doc *doc_object(void);
struct doc *doc_array(void);
struct doc *doc_string(const char *);
struct doc *doc_bool(int);
int doc_is_text(const char *);  /* UTF-8, as JSON needs it; doc_string() has a substitute for other texts */
struct doc *doc_number(double); /* whole numbers up to 2^53 become integers; inf and NaN null */
struct doc *doc_pair(double low, double high); /* [low, high] */
struct doc *doc_word(const char *);            /* a number where all of the word is one, else a string */
/* NULL, with the place and reason in `error`, unless text is one JSON value. */
struct doc *doc_parse(const char *text, size_t length, char error[200]);
struct doc *doc_copy(const struct doc *);
void doc_free(struct doc *);

/* Writing. doc_put() and doc_add() take `value` over. */
void doc_put(struct doc *, const char *path, struct doc *value);
void doc_put_str(struct doc *, const char *path, const char *); /* NULL: null */
void doc_put_num(struct doc *, const char *path, double);
void doc_put_bool(struct doc *, const char *path, int);
void doc_drop(struct doc *, const char *path);
void doc_add(struct doc *array, struct doc *value);

/* Reading. What is returned belongs to the document. */
struct doc *doc_get(const struct doc *, const char *path);          /* NULL: not there */
struct doc *doc_member(const struct doc *object, const char *name); /* the same; a dot in the name is one */
const char *doc_str(const struct doc *, const char *path, const char *fallback);
double doc_num(const struct doc *, const char *path, double fallback);
int doc_int(const struct doc *, const char *path, int fallback); /* cut off; beyond int the nearest */
int doc_flag(const struct doc *, const char *path);

/* Arrays and objects in order; doc_len() of anything else is 0. */
size_t doc_len(const struct doc *);
struct doc *doc_at(const struct doc *, size_t index);
const char *doc_key(const struct doc *object, size_t index);

/* Does the array hold the text, whatever else? Its numbers as they stand, *n of them; the caller frees them. */
int doc_has_word(const struct doc *array, const char *word);
double *doc_numbers(const struct doc *array, size_t *n);

/* The same value: of objects the same members, in any order. Two NULLs are equal. */
int doc_equal(const struct doc *, const struct doc *);

int doc_is_string(const struct doc *);
int doc_is_number(const struct doc *);
int doc_is_bool(const struct doc *);
int doc_is_array(const struct doc *);
int doc_is_object(const struct doc *);
const char *doc_as_str(const struct doc *); /* NULL unless a string */
double doc_as_num(const struct doc *);      /* NaN unless a number */

/* The document as one line; with `indent` over several. The caller frees it. */
char *doc_text(const struct doc *, int indent);

void doc_print(const struct doc *, int indent); /* the same and a newline, on stdout */

#endif
