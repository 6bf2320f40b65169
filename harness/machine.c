/* machine.c -- what machine this is and what of it we may use: sysfs, procfs, cgroups. */
#define _GNU_SOURCE
#include "machine.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attn.h"
#include "text.h"

char *machine_line(const char *path, char *line, int room) {
    FILE *f = fopen(path, "r");
    char *got = f ? fgets(line, room, f) : NULL;
    if (f) fclose(f);
    if (got) got[strcspn(got, "\n")] = '\0';
    return got;
}

/* The value behind "name<blanks>:<blanks>" in a file of such lines. */
static char *field(const char *path, const char *name, char *value, int room) {
    FILE *f = fopen(path, "r");
    char line[512], *found = NULL;
    while (f && !found && fgets(line, sizeof line, f)) {
        if (strncmp(line, name, strlen(name)) || !strchr(line, ':')) continue;
        found = strchr(line, ':') + 1;
        found += strspn(found, " \t");
        found[strcspn(found, "\n")] = '\0';
        snprintf(value, (size_t)room, "%s", found);
    }
    if (f) fclose(f);
    return found ? value : NULL;
}

/* The directory of this process in the unified hierarchy, "/sys/fs/cgroup/..."; "" where unknown. */
static void cgroup(char *path, size_t room) {
    FILE *f = fopen("/proc/self/cgroup", "r");
    char line[400];
    path[0] = '\0';
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "0::", 3)) snprintf(path, room, "/sys/fs/cgroup%s", line + 3);
    }
    if (f) fclose(f);
}

int machine_cores(void) {
    char group[420], path[520], line[64];
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof set, &set) ? (int)sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);
    double quota, period;
    cgroup(group, sizeof group);
    for (; *group; *strrchr(group, '/') = '\0') { /* a quota of any level holds */
        snprintf(path, sizeof path, "%s/cpu.max", group);
        if (machine_line(path, line, sizeof line) && sscanf(line, "%lf %lf", &quota, &period) == 2 &&
            quota / period < cores)
            cores = (int)ceil(quota / period);
        if (!strcmp(group, "/sys/fs/cgroup")) break;
    }
    return cores > 0 ? cores : 1;
}

/* The number in a file of the cgroup; `otherwise` where there is none, or "max". */
static double limit_of(const char *group, const char *file, double otherwise) {
    char path[520], value[64];
    snprintf(path, sizeof path, "%s/%s", group, file);
    if (!machine_line(path, value, sizeof value) || !strcmp(value, "max")) return otherwise;
    return strtod(value, NULL);
}

/* A quantity of /proc/meminfo in bytes, or what is less of a limit of any level of our cgroup; where only what is
   left counts, what the level has used is taken off its limit. */
static double memory_of(const char *name, int left) {
    char group[420], value[64];
    double bytes = field("/proc/meminfo", name, value, sizeof value) ? strtod(value, NULL) * 1024 : 0;
    cgroup(group, sizeof group);
    for (; *group; *strrchr(group, '/') = '\0') {
        double used = left ? limit_of(group, "memory.current", 0) : 0;
        bytes = fmin(bytes, limit_of(group, "memory.max", (double)INFINITY) - used);
        if (!strcmp(group, "/sys/fs/cgroup")) break;
    }
    return bytes;
}

double machine_free_memory(void) { return memory_of("MemAvailable", 1); }

static struct doc *caches(void) {
    struct doc *all = doc_array();
    for (int i = 0; i < 8; i++) {
        char path[96], level[16], type[32], size[32];
        const char *base = "/sys/devices/system/cpu/cpu0/cache/index";
        snprintf(path, sizeof path, "%s%d/level", base, i);
        if (!machine_line(path, level, sizeof level)) break;
        snprintf(path, sizeof path, "%s%d/type", base, i);
        if (!machine_line(path, type, sizeof type)) break;
        snprintf(path, sizeof path, "%s%d/size", base, i);
        if (!machine_line(path, size, sizeof size)) break;
        struct doc *one = doc_object();
        doc_put_num(one, "level", strtod(level, NULL));
        doc_put_str(one, "type", type);
        doc_put_num(one, "bytes", parse_bytes(size));
        doc_add(all, one);
    }
    return all;
}

double machine_last_cache(void) {
    struct doc *all = caches();
    double most = 0;
    for (size_t i = 0; i < doc_len(all); i++) most = fmax(most, doc_num(doc_at(all, i), "bytes", 0));
    doc_free(all);
    return most > 0 ? most : 64 << 20;
}

struct doc *machine_doc(void) {
    struct doc *d = doc_object(), *isa = doc_array();
    struct utsname u;
    char value[256];
    double load[3];
    if (!uname(&u)) {
        doc_put_str(d, "host", u.nodename);
        doc_put_str(d, "kernel", u.release);
        doc_put_str(d, "architecture", u.machine);
    }
    doc_put_str(d, "cpu", field("/proc/cpuinfo", "model name", value, sizeof value));
    doc_put_num(d, "usable_cores", machine_cores());
    doc_put(d, "caches", caches());
    doc_put_str(d, "governor",
                machine_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", value, sizeof value));
    doc_put_str(d, "huge_pages",
                machine_line("/sys/kernel/mm/transparent_hugepage/enabled", value, sizeof value));
    doc_put_num(d, "memory_bytes", memory_of("MemTotal", 0));
    doc_put_num(d, "free_memory_bytes", machine_free_memory());
    if (getloadavg(load, 1) == 1) doc_put_num(d, "load", load[0]);
    for (int i = 1; i < attn_isa_count(); i++)
        if (attn_isa_usable(i)) doc_add(isa, doc_string(attn_isa_name(i)));
    doc_put(d, "isa", isa);
    return d;
}
