/*
 * pairing.h -- what the points of a group did together, process by process.
 *
 * They were timed in the same processes, in turn. A process that was slow as a whole (another clock, a neighbour)
 * says nothing about one of them, and what it did to all can be taken out: the median over the points of how far
 * each of them was from its own median in that process.
 */
#ifndef PAIRING_H
#define PAIRING_H

#include "noise.h"

enum { PAIRED_MIN = 5 }; /* points of a group: their median stands against two that have really changed */

/* Sets `rest_a`, `rest_b`, `paired`, `together` and `together_df` of all points. */
void pairing_make(struct noise_point *, size_t n, size_t groups);

#endif
