/*
 * turn.c -- sines and cosines of many numbers, in double.
 *
 * The quarter turn nearest to x is taken off in three parts (Cody and Waite), the rest goes through the Taylor
 * polynomials up to r^17 and r^16, |r| <= pi / 4. No branch, no call: the compiler makes vectors of it.
 */
#include "turn.h"

void turn(int n, const double *x, double *cosine, double *sine) {
    const double round = 0x1.8p52, per_turn = 0.63661977236758134;
    for (int i = 0; i < n; i++) {
        double shifted = x[i] * per_turn + round, k = shifted - round;
        double r = ((x[i] - k * 0x1.921fb544p0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69,
               z = r * r;
        double s =
            r + r * z *
                    (-1. / 6 +
                     z * (1. / 120 + z * (-1. / 5040 + z * (1. / 362880 +
                                                            z * (-1. / 39916800 +
                                                                 z * (1. / 6227020800. +
                                                                      z * (-1. / 1307674368000. +
                                                                           z * (1. / 355687428096000.))))))));
        double c =
            1 + z * (-1. / 2 +
                     z * (1. / 24 +
                          z * (-1. / 720 + z * (1. / 40320 + z * (-1. / 3628800 +
                                                                  z * (1. / 479001600 +
                                                                       z * (-1. / 87178291200. +
                                                                            z * (1. / 20922789888000.))))))));
        double quarter = k - 4 * (((k * 0.25) + round) - round); /* -2 .. 2 */
        int odd = quarter == 1 || quarter == -1, far = quarter == 2 || quarter == -2;
        double first = odd ? s : c, second = odd ? c : s;
        cosine[i] = far || quarter == 1 ? -first : first;
        sine[i] = far || quarter == -1 ? -second : second;
    }
}
