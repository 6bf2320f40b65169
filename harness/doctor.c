/* doctor.c -- what on this machine would spoil a measurement, and the remedy. */
#define _GNU_SOURCE
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "machine.h"
#include "text.h"

static const double LOAD = 0.25, STEAL = 0.01, FREE_BYTES = 2e9, CLOCK_NS = 500; /* beyond these it matters */

/* ---- findings ---------------------------------------------------------------------------------- */

static void add(struct doc *all, const char *topic, const char *level, const char *remedy, const char *form,
                ...) __attribute__((format(printf, 5, 6)));
static void add(struct doc *all, const char *topic, const char *level, const char *remedy, const char *form,
                ...) {
    struct doc *one = doc_object();
    char finding[400];
    va_list args;
    va_start(args, form);
    vsnprintf(finding, sizeof finding, form, args);
    va_end(args);
    doc_put_str(one, "topic", topic);
    doc_put_str(one, "level", level);
    doc_put_str(one, "finding", finding);
    if (remedy) doc_put_str(one, "remedy", remedy);
    doc_add(all, one);
}

static void look_at_cores(struct doc *all, const struct doc *machine) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int usable = doc_int(machine, "usable_cores", 1);
    if (usable < online)
        add(all, "cores", "note", "taskset and the quota of the cgroup (cpu.max, cpu.cfs_quota_us) decide",
            "%d of %ld may be used: affinity or a quota", usable, online);
    else add(all, "cores", "ok", NULL, "all %d may be used", usable);
}

static void look_at_load(struct doc *all, const struct doc *machine) {
    double load = doc_num(machine, "load", 0);
    int cores = doc_int(machine, "usable_cores", 1);
    if (!doc_get(machine, "load")) return;
    if (load > LOAD * cores)
        add(all, "load", "warn", "stop it, or expect wide intervals and take more replicates",
            "%.2g on %d cores in the last minute: other work is running", load, cores);
    else add(all, "load", "ok", NULL, "%.2g on %d cores", load, cores);
}

/* Ticks of all processors, and those that the host took, from the first line of /proc/stat. */
static int read_ticks(double *total, double *steal) {
    double x[8];
    char line[256];
    *total = 0;
    if (!machine_line("/proc/stat", line, sizeof line) ||
        sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6,
               x + 7) != 8)
        return -1;
    for (int i = 0; i < 8; i++) *total += x[i];
    *steal = x[7];
    return 0;
}

static void look_at_steal(struct doc *all) {
    const struct timespec a_moment = {.tv_nsec = 300000000};
    double total, steal, total_after, steal_after;
    if (read_ticks(&total, &steal)) return;
    nanosleep(&a_moment, NULL);
    if (read_ticks(&total_after, &steal_after) || total_after <= total) return;
    double share = (steal_after - steal) / (total_after - total);
    if (share > STEAL)
        add(all, "steal", "warn", "another machine, or another hour",
            "the host of this virtual machine takes %.0f %% of the processors", 100 * share);
    else add(all, "steal", "ok", NULL, "the host takes none of the processors just now");
}

static int is_line(const char *path, const char *expected) {
    char line[64];
    return machine_line(path, line, sizeof line) && !strcmp(line, expected);
}

static void look_at_clock_speed(struct doc *all, const struct doc *machine) {
    const char *governor = doc_str(machine, "governor", NULL);
    if (!governor) add(all, "governor", "note", NULL, "not to be seen, as on most virtual machines");
    else if (strcmp(governor, "performance"))
        add(all, "governor", "warn", "sudo cpupower frequency-set -g performance",
            "%s: the clock follows the load, the first calls are slow", governor);
    else add(all, "governor", "ok", NULL, "performance");
    if (is_line("/sys/devices/system/cpu/cpufreq/boost", "1") ||
        is_line("/sys/devices/system/cpu/intel_pstate/no_turbo", "0"))
        add(all, "turbo", "note",
            "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost (Intel: 1 into intel_pstate/no_turbo)",
            "on: the clock depends on temperature and on how many cores work");
}

static void look_at_presets(struct doc *all) {
    extern char **environ;
    static const char *const prefixes[] = {"OPENBLAS_", "GOTO_", "OMP_", "GOMP_", "KMP_"};
    struct text set = {0};
    for (char **e = environ; *e; e++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
            if (!strncmp(*e, prefixes[i], strlen(prefixes[i])))
                text_add(&set, "%s%s", set.length ? " " : "", *e);
    if (set.length)
        add(all, "presets", "note", "--blas-core NAME asks for kernels of OpenBLAS on purpose",
            "%s: cleared in workers, so they change no figure of ours", set.s);
    else add(all, "presets", "ok", NULL, "none of OPENBLAS_*, OMP_* is set");
    free(set.s);
}

static void look_at_memory(struct doc *all, const struct doc *machine) {
    double free_bytes = doc_num(machine, "free_memory_bytes", 0);
    const char *huge = doc_str(machine, "huge_pages", NULL);
    if (free_bytes < FREE_BYTES)
        add(all, "memory", "warn", "close other programs; what does not fit becomes skipped_memory",
            "%s are free", show_bytes(free_bytes));
    else add(all, "memory", "ok", NULL, "%s are free", show_bytes(free_bytes));
    if (huge && strstr(huge, "[always]"))
        add(all, "huge pages", "note", "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
            "always: large buffers are faster once the kernel has found such pages, not before");
    else if (huge) add(all, "huge pages", "ok", NULL, "%s", huge);
}

/* ---- what a worker sees ------------------------------------------------------------------------- */

static void keep(void *context, struct doc *event) {
    struct doc **answer = context;
    doc_free(*answer);
    *answer = doc_copy(event);
}

static struct doc *ask_worker(int threads) {
    static const char *const arguments[] = {"worker", NULL};
    struct doc *job = doc_object(), *answer = NULL;
    doc_put_str(job, "kind", "doctor");
    doc_put_num(job, "threads", threads);
    struct child c = {.arguments = arguments,
                      .job = job,
                      .data = -1,
                      .threads = threads,
                      .silence = 20,
                      .event = keep,
                      .context = &answer};
    child_run(&c);
    doc_free(job);
    return answer;
}

/* The instruction sets for which OpenBLAS has kernels that leave none of it unused, the widest first. */
static void look_at_blas(struct doc *all, const struct doc *machine, const struct doc *seen) {
    static const struct {
        const char *isa, *name, *remedy, *cores[6];
    } sets[] = {
        {"avx512",
         "AVX-512",
         "a newer OpenBLAS, or --blas-core SkylakeX",
         {"SkylakeX", "Cooperlake", "SapphireRapids"}},
        {"avx2", "AVX2", "a newer OpenBLAS, or --blas-core Haswell", {"Haswell", "Zen", "Excavator"}},
    };
    const char *core = doc_str(seen, "blas.core", "unknown");
    size_t set = 0;
    while (set < 2 && !doc_has_word(doc_get(machine, "isa"), sets[set].isa)) set++;
    int fits = set == 2;
    for (int i = 0; !fits && sets[set].cores[i]; i++) fits = !strcasecmp(core, sets[set].cores[i]);
    if (fits) add(all, "BLAS", "ok", NULL, "OpenBLAS runs its %s kernels", core);
    else
        add(all, "BLAS", "warn", sets[set].remedy,
            "OpenBLAS runs its %s kernels, and the CPU has %s: `full` is slower than it could be", core,
            sets[set].name);
}

static void look_at_worker(struct doc *all, const struct doc *machine) {
    char source[64];
    int threads = doc_int(machine, "usable_cores", 1);
    struct doc *seen = ask_worker(threads);
    if (!seen) {
        add(all, "workers", "warn", "attnbench check null", "a worker could not be started");
        return;
    }
    look_at_blas(all, machine, seen);
    int cores = doc_int(seen, "cores", 0);
    if (cores < threads)
        add(all, "threads", "warn",
            "look for a library that changes affinity, or a cgroup with fewer processors",
            "%d threads share %d processors once OpenBLAS is loaded", threads, cores);
    else
        add(all, "threads", "ok", NULL, "%d threads on %d processors once OpenBLAS is loaded", threads,
            cores);
    if (doc_flag(seen, "clear_refs")) add(all, "peak memory", "ok", NULL, "can be observed");
    else
        add(all, "peak memory", "warn", "run outside of containers that mount /proc read-only",
            "/proc/self/clear_refs cannot be written: memory.hwm_bytes will be null");
    double clock = doc_num(seen, "clock_ns", 0);
    if (!machine_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", source,
                      sizeof source))
        strcpy(source, "unknown");
    add(all, "clock", clock > CLOCK_NS ? "warn" : "ok",
        clock > CLOCK_NS ? "choose tsc in /sys/devices/system/clocksource/clocksource0, where it is offered"
                         : NULL,
        "%s, %.0f ns a reading", source, clock);
    doc_free(seen);
}

static void look_at_gnuplot(struct doc *all) {
    FILE *f = popen("gnuplot --version 2>/dev/null", "r");
    char line[100] = "";
    if (f && !fgets(line, sizeof line, f)) *line = '\0';
    if (f) pclose(f);
    line[strcspn(line, "\n")] = '\0';
    if (*line) add(all, "gnuplot", "ok", NULL, "%s", line);
    else add(all, "gnuplot", "warn", "apt-get install gnuplot-nox", "is missing: there will be no pictures");
}

struct doc *doctor_findings(void) {
    struct doc *all = doc_array(), *machine = machine_doc();
    look_at_cores(all, machine);
    look_at_load(all, machine);
    look_at_steal(all);
    look_at_clock_speed(all, machine);
    look_at_worker(all, machine);
    look_at_presets(all);
    look_at_memory(all, machine);
    look_at_gnuplot(all);
    doc_free(machine);
    return all;
}

void doctor_warn(void) {
    struct doc *all = doctor_findings();
    for (size_t i = 0; i < doc_len(all); i++) {
        const struct doc *one = doc_at(all, i);
        if (strcmp(doc_str(one, "level", ""), "warn")) continue;
        warn("%s: %s; %s", doc_str(one, "topic", ""), doc_str(one, "finding", ""),
             doc_str(one, "remedy", ""));
    }
    doc_free(all);
}
