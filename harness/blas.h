/* blas.h -- what the harness has to know of OpenBLAS. */
#ifndef BLAS_H
#define BLAS_H

#include "doc.h"

/* Ends the program with the remedy unless the OpenBLAS that was loaded runs its threads by OpenMP. */
void blas_require_openmp(void);

/* One small product on every thread, so that buffers exist before memory is measured or capped. */
void blas_warm(int threads);

/* Version, kernels in use, threads. */
struct doc *blas_doc(void);

#endif
