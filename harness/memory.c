/* memory.c -- what the kernel says of the memory of this process. */
#include "memory.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sanitized.h"

int memory_reset_peak(void) {
    int f = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (f < 0) return -1;
    ssize_t n = write(f, "5", 1); /* 5: reset the peak (Linux 4.0) */
    close(f);
    return n == 1 ? 0 : -1;
}

/* A line "Name:  123 kB" of /proc/self/status, in bytes. */
static double status(const char *name) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kib = -1;
    if (!f) return -1;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, name, strlen(name))) sscanf(line + strlen(name), ": %lf", &kib);
    fclose(f);
    return kib < 0 ? -1 : kib * 1024;
}

double memory_peak(void) { return status("VmHWM"); }

double memory_resident(pid_t pid) {
    char path[64];
    double total = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%lf %lf", &total, &resident) != 2) resident = 0;
    fclose(f);
    return resident * (double)sysconf(_SC_PAGESIZE);
}

double memory_kills(void) {
    FILE *f = fopen("/proc/vmstat", "r");
    char line[256];
    double kills = (double)NAN;
    if (!f) return kills;
    while (fgets(line, sizeof line, f)) sscanf(line, "oom_kill %lf", &kills);
    fclose(f);
    return kills;
}

void memory_cap(double bytes) {
    double limit = status("VmSize") + bytes;
    struct rlimit r = {(rlim_t)limit, (rlim_t)limit};
    if (!SANITIZED) setrlimit(RLIMIT_AS, &r);
}

void memory_no_huge_pages(void) { prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); }
