/* baseline.c -- runs that are kept under a name. */
#include "baseline.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results.h"
#include "text.h"

#define BASELINES "results/baselines"
enum { NAME_MAX_LENGTH = 100, LISTED_MAX = 1000 };

static const char *const files[] = {"manifest.json", "plan.jsonl", "points.jsonl"};
enum { FILES = sizeof files / sizeof *files };

static int is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static char *folder_of(const char *name) { return format("%s/%s", BASELINES, name); }

/* Names are those of folders and words of a command line, so they may not look like an option or a path. */
static void require_name(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strlen(name);
    if (n == 0 || n > NAME_MAX_LENGTH || strspn(name, allowed) != n || *name == '.' || *name == '-')
        die(EXIT_USAGE,
            "'%s' is no name for a baseline; allowed are letters, digits, '.', '_' and '-', the first a "
            "letter, a digit or '_'",
            name);
}

static void make_parents(void) {
    if ((mkdir("results", 0777) && errno != EEXIST) || (mkdir(BASELINES, 0777) && errno != EEXIST))
        die(EXIT_USAGE, "cannot make %s: %s", BASELINES, strerror(errno));
}

static void remove_copy(const char *dir) {
    for (int i = 0; i < FILES; i++) {
        char *path = format("%s/%s", dir, files[i]);
        unlink(path);
        free(path);
    }
    rmdir(dir);
}

/* Copies the three files. -1 where one cannot be written; one that is not there is left out, but for the points. */
static int copy_files(const char *from, const char *to) {
    int failed = 0;
    for (int i = 0; i < FILES && !failed; i++) {
        char *path = format("%s/%s", from, files[i]), *text = read_file(path, NULL);
        failed = text ? results_write(to, files[i], text) : 0;
        free(path), free(text);
    }
    return failed;
}

/* Under a name of its own first: a copy that fails half-way is no baseline. */
void baseline_store(const char *name, const char *dir) {
    require_name(name);
    struct doc *rows = results_read(dir), *manifest = results_manifest(dir);
    char *to = folder_of(name), *part = format("%s/.%s.%ld", BASELINES, name, (long)getpid());
    if (!manifest)
        die(EXIT_USAGE, "%s has no manifest.json, so nobody could tell which machine it is of", dir);
    if (strcmp(doc_str(manifest, "state", ""), "finished"))
        warn("%s is a run that did not finish; the points it lacks cannot be compared", dir);
    make_parents();
    if (mkdir(part, 0777)) die(EXIT_USAGE, "cannot make %s: %s", part, strerror(errno));
    int failed = copy_files(dir, part), taken = !failed && (access(to, F_OK) == 0 || rename(part, to));
    int why = errno;
    if (failed || taken) remove_copy(part);
    if (failed) die(EXIT_USAGE, "cannot write to %s: %s", part, strerror(why));
    if (taken && access(to, F_OK) == 0)
        die(EXIT_USAGE, "there is a baseline '%s' already; choose another name, or remove it: rm -r %s", name,
            to);
    if (taken) die(EXIT_USAGE, "cannot make %s: %s", to, strerror(why));
    printf("%zu points of %s are baseline '%s' (%s)\n", doc_len(rows), dir, name, to);
    doc_free(rows), doc_free(manifest);
    free(to), free(part);
}

/* ---- finding ----------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The names of all baselines, in order. */
static size_t names_of(char *names[LISTED_MAX]) {
    DIR *d = opendir(BASELINES);
    size_t n = 0;
    for (struct dirent *e; d && n < LISTED_MAX && (e = readdir(d));) {
        char *path = folder_of(e->d_name);
        if (*e->d_name != '.' && is_folder(path)) names[n++] = xstrdup(e->d_name);
        free(path);
    }
    if (d) closedir(d);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

static void print_line(const char *name) {
    char *dir = folder_of(name);
    struct doc *m = results_manifest(dir);
    printf("%-16s %-20s %-14s %4d points  %s, %d cores\n", name, doc_str(m, "started", "?"),
           doc_str(m, "build.version", "?"), doc_int(m, "points", 0), doc_str(m, "machine.cpu", "?"),
           doc_int(m, "machine.usable_cores", 0));
    doc_free(m);
    free(dir);
}

void baseline_list(void) {
    char *names[LISTED_MAX];
    size_t n = names_of(names);
    if (n == 0) puts("no baselines; 'attnbench baseline NAME DIR' keeps a run under a name");
    for (size_t i = 0; i < n; i++) {
        print_line(names[i]);
        free(names[i]);
    }
}

char *baseline_find(const char *word, int *is_baseline) {
    char *names[LISTED_MAX], *kept = folder_of(word);
    int there = !strchr(word, '/') && *word && *word != '.' && is_folder(kept);
    *is_baseline = !is_folder(word) && there;
    if (*is_baseline) return kept;
    if (!is_folder(word)) {
        size_t n = names_of(names);
        const char *near = nearest(word, (const char *const *)names, n);
        die(EXIT_USAGE, "no folder '%s', and no baseline of that name%s%s%s; 'attnbench baseline' lists them",
            word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    if (there) warn("'%s' is a folder and a baseline: the folder was taken; %s is the other", word, kept);
    free(kept);
    return xstrdup(word);
}
