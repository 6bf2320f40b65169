/*
 * plain_blas.c -- the few BLAS routines of the program as plain loops: OpenBLAS brings an OpenMP of its own, whose
 * threads the thread sanitizer does not see.
 */
#include <cblas.h>

static double at(const double *a, int trans, int lda, int row, int column) {
    return trans == CblasTrans ? a[(long)column * lda + row] : a[(long)row * lda + column];
}

void cblas_dgemm(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE ta, const enum CBLAS_TRANSPOSE tb,
                 const blasint m, const blasint n, const blasint k, const double alpha, const double *a,
                 const blasint lda, const double *b, const blasint ldb, const double beta, double *c,
                 const blasint ldc) {
    (void)order;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0, *to = &c[(long)i * ldc + j];
            for (int p = 0; p < k; p++) sum += at(a, ta, lda, i, p) * at(b, tb, ldb, p, j);
            *to = alpha * sum + (beta == 0 ? 0 : beta * *to);
        }
}

void cblas_dgemv(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE trans, const blasint m,
                 const blasint n, const double alpha, const double *a, const blasint lda, const double *x,
                 const blasint incx, const double beta, double *y, const blasint incy) {
    (void)order;
    for (int i = 0; i < (trans == CblasTrans ? n : m); i++) {
        double sum = 0, *to = &y[(long)i * incy];
        for (int p = 0; p < (trans == CblasTrans ? m : n); p++)
            sum += at(a, trans, lda, i, p) * x[(long)p * incx];
        *to = alpha * sum + (beta == 0 ? 0 : beta * *to);
    }
}

void cblas_sgemm(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE ta, const enum CBLAS_TRANSPOSE tb,
                 const blasint m, const blasint n, const blasint k, const float alpha, const float *a,
                 const blasint lda, const float *b, const blasint ldb, const float beta, float *c,
                 const blasint ldc) {
    (void)order;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            float *to = &c[(long)i * ldc + j];
            for (int p = 0; p < k; p++)
                sum += (double)(ta == CblasTrans ? a[(long)p * lda + i] : a[(long)i * lda + p]) *
                       (double)(tb == CblasTrans ? b[(long)j * ldb + p] : b[(long)p * ldb + j]);
            *to = (float)((double)alpha * sum + (beta == 0 ? 0 : (double)beta * (double)*to));
        }
}

int openblas_get_parallel(void) { return OPENBLAS_OPENMP; }
int openblas_get_num_threads(void) { return 1; }
static char name[] = "plain loops";
char *openblas_get_config(void) { return name; }
char *openblas_get_corename(void) { return name; }

/* There is no LAPACK here; nothing that runs under the thread sanitizer asks for singular values. */
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info, size_t jobz_length);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info, size_t jobz_length) {
    (void)jobz, (void)m, (void)n, (void)a, (void)lda, (void)s, (void)u, (void)ldu, (void)vt, (void)ldvt;
    (void)work, (void)lwork, (void)iwork, (void)jobz_length;
    *info = -1;
}
