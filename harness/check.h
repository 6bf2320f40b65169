/* check.h -- the contract test: does a variant keep what it promises? */
#ifndef CHECK_H
#define CHECK_H

#include "attn.h"

/* Runs every trial, on instruction set `isa` but where others are compared with it; for each broken promise
   calls fail(promise, detail) once, with the first case that shows it. `begin` is called before each case with
   its description, so that a crash can be placed. Returns the number of checks made. */
long check_variant(const struct attn_variant *, int isa, void (*begin)(const char *what),
                   void (*fail)(const char *promise, const char *detail));

#endif
