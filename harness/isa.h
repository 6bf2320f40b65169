/* isa.h -- instruction sets by name. */
#ifndef ISA_H
#define ISA_H

#include <stddef.h>

enum { ISA_MAX = 16 };

/* The usable ones, "best" first; returns how many. */
size_t isa_names(const char *names[ISA_MAX]);

/* The index of attn_isa_name(); -1: unknown or not usable here. */
int isa_find(const char *name);

/* What the variable ATTNBENCH_ISA asks for; NULL where it is not set or empty. */
const char *isa_forced(void);

#endif
