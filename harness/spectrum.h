/* spectrum.h -- singular values, by LAPACK. */
#ifndef SPECTRUM_H
#define SPECTRUM_H

/* The singular values of a [m][n], largest first, to s [min(m, n)]; a is overwritten. -1 where LAPACK finds none. */
int spectrum(int m, int n, double *a, double *s);

/* How many of the largest of s[0 .. n) hold `share` of their sum. */
int spectrum_rank(const double *s, int n, double share);

#endif
