/* options.h -- the options of `attnbench run`. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>

struct run_options {
    const char *config, *output, *filter, *blas_core;
    const char **sets;
    size_t nsets;
    int dry_run, resume, force, overwrite, no_plots;
    int threads;          /* 0: as the config says */
    double seed;          /* -1: as the config says */
    double mem_limit;     /* bytes; 0: what is free */
    double point_timeout; /* seconds */
    double budget;        /* seconds; 0: none */
};

/* Reads argv behind "run"; a wrong option ends the program with exit code 2. */
void options_parse(int argc, char **argv, struct run_options *);

#endif
