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

const char *machine_root = "";

static FILE *open_file(const char *path) {
    char *whole = format("%s%s", machine_root, path);
    FILE *f = fopen(whole, "r");
    free(whole);
    return f;
}

char *machine_line(const char *path, char *line, int room) {
    FILE *f = open_file(path);
    char *got = f ? fgets(line, room, f) : NULL;
    if (f) fclose(f);
    if (got) got[strcspn(got, "\n")] = '\0';
    return got;
}

/* The value behind "name<blanks>:<blanks>" in a file of such lines. */
static char *field(const char *path, const char *name, char *value, int room) {
    FILE *f = open_file(path);
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

/* ---- control groups ------------------------------------------------------------------------------- */

/* A level of one hierarchy: the unified one, or that of a controller of version 1. Both may be there, and a
   controller is in one of them. In a container the path may be that of the host; its own level is then the top. */
struct level {
    int unified;
    size_t top; /* where the path below the mount begins */
    char path[600];
};

/* Is the word in the list "a,b,c"? */
static int lists(const char *list, const char *word) {
    size_t n = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, word, n) && (at[n] == ',' || !at[n])) return 1;
    return 0;
}

/* The level that this process is in; 0 where the system has no such hierarchy. */
static int find_level(struct level *l, const char *controller, int unified) {
    FILE *f = open_file("/proc/self/cgroup");
    char line[400];
    int found = 0;
    *l = (struct level){.unified = unified};
    while (f && !found && fgets(line, sizeof line, f)) { /* "number:controllers:path" */
        char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
        if (!path) continue;
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        found = unified ? !list[1] : lists(list + 1, controller);
        if (!found) continue;
        l->top = (size_t)snprintf(l->path, sizeof l->path, "/sys/fs/cgroup%s%s", unified ? "" : "/",
                                  unified ? "" : controller);
        snprintf(l->path + l->top, sizeof l->path - l->top, "%s", path);
    }
    if (f) fclose(f);
    return found;
}

/* One level up; 0 at the top. */
static int climb(struct level *l) {
    if (strlen(l->path) <= l->top) return 0;
    *strrchr(l->path, '/') = '\0';
    return 1;
}

/* The first line of a file of the level. */
static char *line_of(const struct level *l, const char *file, char *line, int room) {
    char *path = format("%s/%s", l->path, file), *got = machine_line(path, line, room);
    free(path);
    return got;
}

/* The number in a file of the level; `otherwise` where there is none, or "max". */
static double number_of(const struct level *l, const char *file, double otherwise) {
    char value[64];
    if (!line_of(l, file, value, sizeof value) || !strcmp(value, "max")) return otherwise;
    return strtod(value, NULL);
}

/* Processors that the level grants; without end where it has no quota. */
static double quota(const struct level *l) {
    double most = -1, period = 0;
    char line[64];
    if (!l->unified) {
        most = number_of(l, "cpu.cfs_quota_us", -1);
        period = number_of(l, "cpu.cfs_period_us", 0);
    } else if (line_of(l, "cpu.max", line, sizeof line)) sscanf(line, "%lf %lf", &most, &period);
    return most > 0 && period > 0 ? most / period : (double)INFINITY;
}

/* Bytes that the level grants, less by what it has used where only what is left counts. Files that were read some
   time ago are used memory, but make room for whoever asks. */
static double grant(const struct level *l, int left) {
    double bytes = number_of(l, l->unified ? "memory.max" : "memory.limit_in_bytes", (double)INFINITY), old;
    char line[128];
    if (!left) return bytes;
    bytes -= number_of(l, l->unified ? "memory.current" : "memory.usage_in_bytes", 0);
    char *path = format("%s%s/memory.stat", machine_root, l->path);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, l->unified ? "inactive_file %lf" : "total_inactive_file %lf", &old) == 1)
            bytes += old;
    if (f) fclose(f);
    free(path);
    return bytes;
}

int machine_cores(void) {
    cpu_set_t set;
    struct level l;
    int cores = sched_getaffinity(0, sizeof set, &set) ? (int)sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);
    double most = cores;
    for (int unified = 0; unified < 2; unified++)
        for (int on = find_level(&l, "cpu", unified); on; on = climb(&l)) /* one of any level holds */
            most = fmin(most, ceil(quota(&l)));
    return most > 1 ? (int)most : 1;
}

/* A quantity of /proc/meminfo in bytes, or what is less of a limit of any level of our control groups. */
static double memory_of(const char *name, int left) {
    struct level l;
    char value[64];
    double bytes = field("/proc/meminfo", name, value, sizeof value) ? strtod(value, NULL) * 1024 : 0;
    for (int unified = 0; unified < 2; unified++)
        for (int on = find_level(&l, "memory", unified); on; on = climb(&l))
            bytes = fmin(bytes, grant(&l, left));
    return fmax(bytes, 0);
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
