/*
 * spectrum.c -- singular values and vectors, by LAPACK: dgesdd of the OpenBLAS that the program is linked with. LAPACKE is a
 * library apart on Debian and brings the BLAS of the system's alternatives with it, which may be one with threads of
 * its own.
 */
#include "spectrum.h"

#include <omp.h>
#include <stddef.h>
#include <stdlib.h>

#include "text.h"

/* LAPACK 3, as Fortran compilers export it; the last argument is the length of jobz. */
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info, size_t jobz_length);

/* Fortran goes down columns, so it reads a as its transpose n x m, and what it calls u there is vt here, in our order. One
   thread: more hardly help, since most of the time goes to memory, and would round otherwise. */
int spectrum(int m, int n, double *a, double *s, double *u, double *vt) {
    int threads = omp_get_max_threads(), few = m < n ? m : n;
    const int ask = -1;
    int info, *whole = xmalloc(8 * (size_t)few * sizeof *whole);
    double best = 0;
    omp_set_num_threads(1);
    dgesdd_("S", &n, &m, a, &n, s, vt, &n, u, &few, &best, &ask, whole, &info, 1);
    if (info == 0) {
        int room = (int)best;
        double *work = xmalloc((size_t)room * sizeof *work);
        dgesdd_("S", &n, &m, a, &n, s, vt, &n, u, &few, work, &room, whole, &info, 1);
        free(work);
    }
    omp_set_num_threads(threads);
    free(whole);
    return info == 0 ? 0 : -1;
}

int spectrum_rank(const double *s, int n, double share) {
    double all = 0, sum = 0;
    int rank = 0;
    for (int i = 0; i < n; i++) all += s[i];
    while (rank < n && sum < share * all) sum += s[rank++];
    return rank;
}
