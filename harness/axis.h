/*
 * axis.h -- reading a sweep: settings with their ranges, lists as axes, complaints with their place.
 */
#ifndef AXIS_H
#define AXIS_H

#include "config.h"

struct reader { /* what is being read and what was wrong with it */
    struct config *config;
    struct text *errors;
};

/* Adds "file:line: where: ..." to the errors. `word` finds the line: a key, or a string value. After some pages of them
   no more are added. */
void complain(struct reader *, const char *word, int is_key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Complains about members of `object` that are not among the names. */
void axis_known_keys(struct reader *, const char *where, const struct doc *object, const char *const *names,
                     size_t n);

/* The values of one setting, as an array: a scalar is an axis of one. Numbers (whole if `whole`) within
   [min, max], or functions of n; what is wrong is complained about and left out. */
struct doc *axis_numbers(struct reader *, const struct doc *object, const char *key, double preset, int whole,
                         double min, double max);

/* The same for words out of names[0 .. n). */
struct doc *axis_words(struct reader *, const struct doc *object, const char *key, const char *preset,
                       const char *const *names, size_t n);

/* One number of an axis: itself, or the function at n. NaN after a complaint. */
double axis_value(struct reader *, const struct doc *value, const char *key, double n, int whole, double min,
                  double max);

/* Counts through the product of arrays, the last fastest. */
struct odometer {
    size_t axes, at[24], size[24];
};
void odometer_start(struct odometer *, struct doc *const *axes, size_t n);
int odometer_next(struct odometer *); /* 0 after the last combination */

#endif
