/* isa.h -- instruction sets by name. */
#ifndef ISA_H
#define ISA_H

#include <stddef.h>

enum { ISA_MAX = 16 };

/* The usable ones, "best" first; returns how many. */
size_t isa_names(const char *names[ISA_MAX]);

/* The index of attn_isa_name() that the variable ATTNBENCH_ISA asks for; ATTN_ISA_BEST where it is not set or
   empty; -1 and a message, which the caller frees, where it is not usable here. */
int isa_forced(char **reason);

#endif
