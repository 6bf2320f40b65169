/* forecast.h -- what the points measured so far say of longer ones. */
#ifndef FORECAST_H
#define FORECAST_H

#include "doc.h"

struct forecast {    /* of points that differ in length and input only */
    char *key, *id;  /* their family; the point that was measured */
    double work, ns; /* pairs (query, key); one call, below 0: it did not finish */
    double growth;   /* declared exponent of time */
};

struct forecasts { /* starts as {0} */
    struct forecast *all;
    size_t n;
};

double forecast_pairs(const struct doc *point);

void forecasts_remember(struct forecasts *, const struct doc *point, double ns);

/* The longest measured point that is shorter than this one; NULL: none. */
const struct forecast *forecasts_recall(const struct forecasts *, const struct doc *point);

/* Seconds of one call of the point by that measurement and the declared growth; NaN: unknown. `by` becomes what was
   measured, unless NULL. A measured call below 10 ms says nothing: it is mostly start-up. */
double forecast_seconds(const struct forecasts *, const struct doc *point, const struct forecast **by);

void forecasts_free(struct forecasts *);

#endif
