/* turn.h -- sines and cosines of many numbers, in double. */
#ifndef TURN_H
#define TURN_H

/* cos and sin of x[0 .. n), to 2e-16 for |x| < 1e6. */
void turn(int n, const double *x, double *cosine, double *sine);

#endif
