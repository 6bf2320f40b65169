/* compare_facts.h -- what two rows of one point differ in besides time: status, memory, accuracy. */
#ifndef COMPARE_FACTS_H
#define COMPARE_FACTS_H

#include "doc.h"

/* Adds {field, kind, text} to the array: "worse" is a regression, "better" its reverse, "note" neither. */
void compare_facts(struct doc *changes, const struct doc *a, const struct doc *b);

#endif
