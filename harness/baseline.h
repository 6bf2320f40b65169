/* baseline.h -- runs that are kept under a name, in results/baselines/NAME: manifest, plan and points. */
#ifndef BASELINE_H
#define BASELINE_H

/* Copies the run in `dir`; ends the program with exit code 2 and the remedy where the name is taken or wrong, or
   there is no run. */
void baseline_store(const char *name, const char *dir);

/* One line for each, on stdout. */
void baseline_list(void);

/* The folder of results that a word means: a folder of that path, else a baseline. *is_baseline may be set. Ends
   the program where there is neither. The caller frees the path. */
char *baseline_find(const char *word, int *is_baseline);

#endif
