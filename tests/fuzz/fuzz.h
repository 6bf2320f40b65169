/*
 * fuzz.h -- what the fuzz targets share.
 *
 * A target is one function that is given the bytes of a file and hands them to a reader of the program. libFuzzer
 * calls it with bytes of its own making (make fuzz), replay.c with the files of tests/fuzz/corpus (make test). A
 * reader may refuse any file, with a message; it may not crash, hang, end the process, or accept what is not whole.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Names that libFuzzer gives: the target, and what is called once before it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Ends the process where a promise does not hold. */
#define HOLDS(promise) ((promise) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #promise))
void fuzz_broken(const char *file, int line, const char *promise) __attribute__((noreturn));

/* A folder of this process, removed when it ends. */
const char *fuzz_folder(void);

/* Writes the bytes to a file of that name in it; the caller frees the path. */
char *fuzz_file(const char *name, const void *bytes, size_t size);

#endif
