/* spectrum.h -- singular values and vectors, by LAPACK. */
#ifndef SPECTRUM_H
#define SPECTRUM_H

/* a [m][n] = u [m][few] diag(s) vt [few][n] with s largest first and few = min(m, n); a is overwritten. -1 where LAPACK
   finds none. */
int spectrum(int m, int n, double *a, double *s, double *u, double *vt);

/* How many of the largest of s[0 .. n) hold `share` of their sum. */
int spectrum_rank(const double *s, int n, double share);

#endif
