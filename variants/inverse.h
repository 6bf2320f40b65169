/* inverse.h -- a regularised inverse of small matrices by products alone. */
#ifndef INVERSE_H
#define INVERSE_H

#include "kernels/kern.h"

/* z[m][m], an approximate inverse of a[m][m], whose rows are not negative and sum to 1:
     Z_0 = A^T / (largest column sum of A)      Z <- Z (13 I - A Z (15 I - A Z (7 I - A Z))) / 4
   `work` has 3 m m floats. */
void inverse_iterate(const struct kern *, int m, int iterations, const float *a, float *z, float *work);

#endif
