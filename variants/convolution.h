/* convolution.h -- causal convolutions in double, for definitions. */
#ifndef CONVOLUTION_H
#define CONVOLUTION_H

enum { CONVOLUTION_DIRECT = 1024 }; /* positions up to which all rows are summed as they are written */

/* y[channels] = sum over s = 0 .. t of h[s][channels] u[t - s][channels], as it is written. */
void convolution_row(int t, int channels, const double *h, const double *u, double *y);

/* The same of every t = 0 .. n - 1: y[n][channels]. Beyond CONVOLUTION_DIRECT positions by Fourier transforms of its
   own, in double, since direct sums of long sequences would take minutes. */
void convolution_rows(int n, int channels, const double *h, const double *u, double *y);

#endif
