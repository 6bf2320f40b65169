/* blas.c -- what the harness has to know of OpenBLAS. */
#include "blas.h"

#include <cblas.h>

#include "text.h"

void blas_require_openmp(void) {
    if (openblas_get_parallel() == OPENBLAS_OPENMP) return;
    die(EXIT_USAGE,
        "the OpenBLAS that was loaded (%s) does not use OpenMP, so that its threads would fight with "
        "ours; install libopenblas0-openmp and choose it: update-alternatives --config "
        "libopenblas.so.0-$(gcc -dumpmachine)",
        openblas_get_config());
}

void blas_warm(int threads) {
    enum { N = 64 };
#pragma omp parallel num_threads(threads)
    {
        float a[N * N] = {1}, b[N * N] = {1}, c[N * N] = {0};
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, N, N, N, 1, a, N, b, N, 0, c, N);
    }
}

struct doc *blas_doc(void) {
    struct doc *d = doc_object();
    doc_put_str(d, "config", openblas_get_config());
    doc_put_str(d, "core", openblas_get_corename());
    doc_put_num(d, "threads", openblas_get_num_threads());
    doc_put_bool(d, "openmp", openblas_get_parallel() == OPENBLAS_OPENMP);
    return d;
}
