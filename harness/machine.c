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

/* The first line of a file without its newline, in `line`; NULL where there is none. */
static char *first_line(const char *path, char *line, int room) {
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
        if (first_line(path, line, sizeof line) && sscanf(line, "%lf %lf", &quota, &period) == 2 &&
            quota / period < cores)
            cores = (int)ceil(quota / period);
        if (!strcmp(group, "/sys/fs/cgroup")) break;
    }
    return cores > 0 ? cores : 1;
}

double machine_free_memory(void) {
    char group[420], path[520], value[64];
    double free =
        field("/proc/meminfo", "MemAvailable", value, sizeof value) ? strtod(value, NULL) * 1024 : 0;
    cgroup(group, sizeof group);
    for (; *group; *strrchr(group, '/') = '\0') {
        double limit = -1, used = 0;
        snprintf(path, sizeof path, "%s/memory.max", group);
        if (first_line(path, value, sizeof value) && strcmp(value, "max")) limit = strtod(value, NULL);
        snprintf(path, sizeof path, "%s/memory.current", group);
        if (first_line(path, value, sizeof value)) used = strtod(value, NULL);
        if (limit >= 0 && limit - used < free) free = limit - used;
        if (!strcmp(group, "/sys/fs/cgroup")) break;
    }
    return free;
}

/* All there is, whoever uses it. */
static double total_memory(void) {
    char group[420], path[520], value[64];
    double total = field("/proc/meminfo", "MemTotal", value, sizeof value) ? strtod(value, NULL) * 1024 : 0;
    cgroup(group, sizeof group);
    for (; *group; *strrchr(group, '/') = '\0') {
        snprintf(path, sizeof path, "%s/memory.max", group);
        if (first_line(path, value, sizeof value) && strcmp(value, "max"))
            total = fmin(total, strtod(value, NULL));
        if (!strcmp(group, "/sys/fs/cgroup")) break;
    }
    return total;
}

static struct doc *caches(void) {
    struct doc *all = doc_array();
    for (int i = 0; i < 8; i++) {
        char path[96], level[16], type[32], size[32];
        const char *base = "/sys/devices/system/cpu/cpu0/cache/index";
        snprintf(path, sizeof path, "%s%d/level", base, i);
        if (!first_line(path, level, sizeof level)) break;
        snprintf(path, sizeof path, "%s%d/type", base, i);
        if (!first_line(path, type, sizeof type)) break;
        snprintf(path, sizeof path, "%s%d/size", base, i);
        if (!first_line(path, size, sizeof size)) break;
        struct doc *one = doc_object();
        doc_put_num(one, "level", strtod(level, NULL));
        doc_put_str(one, "type", type);
        doc_put_num(one, "bytes", parse_bytes(size));
        doc_add(all, one);
    }
    return all;
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
                first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", value, sizeof value));
    doc_put_str(d, "huge_pages",
                first_line("/sys/kernel/mm/transparent_hugepage/enabled", value, sizeof value));
    doc_put_num(d, "memory_bytes", total_memory());
    doc_put_num(d, "free_memory_bytes", machine_free_memory());
    if (getloadavg(load, 1) == 1) doc_put_num(d, "load", load[0]);
    for (int i = 1; i < attn_isa_count(); i++)
        if (attn_isa_usable(i)) doc_add(isa, doc_string(attn_isa_name(i)));
    doc_put(d, "isa", isa);
    return d;
}
