/* job_doctor.c -- what a worker finds once OpenMP and OpenBLAS are loaded: {threads} -> {blas{}, cores, clear_refs}. */
#define _GNU_SOURCE
#include <omp.h>
#include <sched.h>

#include "blas.h"
#include "child.h"
#include "memory.h"
#include "stopwatch.h"
#include "worker.h"

/* On how many different processors the threads of one region run. */
static int distinct_cores(int threads) {
    cpu_set_t seen;
    CPU_ZERO(&seen);
#pragma omp parallel num_threads(threads)
    {
        int cpu = sched_getcpu();
#pragma omp critical
        if (cpu >= 0) CPU_SET(cpu, &seen);
#pragma omp barrier /* nobody leaves its processor to the next before all have looked */
    }
    return CPU_COUNT(&seen);
}

void job_doctor(const struct doc *job) {
    int threads = doc_int(job, "threads", 1);
    struct doc *d = doc_object();
    blas_warm(threads);
    doc_put(d, "blas", blas_doc());
    doc_put_num(d, "cores", distinct_cores(threads));
    doc_put_bool(d, "clear_refs", memory_reset_peak() == 0);
    doc_put_num(d, "clock_ns", (double)stopwatch_overhead());
    child_send(d);
}
