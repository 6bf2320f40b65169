/* results.c -- a folder of results. */
#include "results.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"
#include "session.h"
#include "text.h"

/* mkdir -p */
static int make_folder(const char *dir) {
    char *path = xstrdup(dir);
    int failed = 0;
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = '\0';
            failed = mkdir(path, 0777) && errno != EEXIST;
            *at = '/';
            if (failed) break;
        }
    if (!failed) failed = mkdir(path, 0777) && errno != EEXIST;
    free(path);
    return failed;
}

/* The same as rows_parse(), or the end of the program. */
static struct doc *parse_or_die(const char *path, const char *text, size_t length, size_t *good) {
    struct text error = {0};
    struct doc *rows = rows_parse(path, text, length, good, &error);
    if (!rows) die(EXIT_USAGE, "%s", error.s);
    return rows;
}

static char *within(const char *dir, const char *name) { return format("%s/%s", dir, name); }

int results_write(const char *dir, const char *name, const char *text) {
    char *path = within(dir, name), *temporary = format("%s.part", path);
    size_t n = strlen(text);
    FILE *f = fopen(temporary, "w");
    int failed = !f || fwrite(text, 1, n, f) != n;
    if (f && fclose(f)) failed = 1;
    if (!failed) failed = rename(temporary, path);
    if (failed) {
        int why = errno;
        unlink(temporary);
        errno = why;
    }
    free(path);
    free(temporary);
    return failed ? -1 : 0;
}

static const char *const files[] = {"points.jsonl", "manifest.json", "summary.csv", "plan.jsonl", "fit.json"};
enum { FILES = sizeof files / sizeof *files };

/* The first of our files that stands in the folder, or NULL. */
static const char *found_file(const char *dir) {
    for (size_t i = 0; i < FILES; i++) {
        char *path = within(dir, files[i]);
        int there = access(path, F_OK) == 0;
        free(path);
        if (there) return files[i];
    }
    return NULL;
}

static void remove_pictures(const char *dir) {
    static const char *const endings[] = {".svg", ".png", ".gp", ".csv"};
    char *folder = within(dir, "plots");
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        const char *dot = strrchr(e->d_name, '.');
        for (size_t i = 0; dot && i < 4; i++)
            if (!strcmp(dot, endings[i])) unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d) closedir(d);
    free(folder);
}

static void remove_file(const char *dir, const char *name) {
    char *path = within(dir, name);
    if (unlink(path) && errno != ENOENT) die(EXIT_USAGE, "cannot remove %s: %s", path, strerror(errno));
    free(path);
}

static void remove_run(const char *dir) {
    remove_pictures(dir);
    remove_file(dir, "report.html");
    for (size_t i = 0; i < FILES; i++) remove_file(dir, files[i]);
}

/* The ids of two plans, one below the other; a changed need or cost is no other plan. */
static int same_points(const char *text, const struct doc *plan) {
    size_t good;
    struct doc *old = parse_or_die("plan.jsonl", text, strlen(text), &good);
    const struct doc *now = doc_get(plan, "points");
    int same = doc_len(old) == doc_len(now);
    for (size_t i = 0; same && i < doc_len(now); i++)
        same = !strcmp(doc_str(doc_at(old, i), "id", ""), doc_str(doc_at(now, i), "id", ""));
    doc_free(old);
    return same;
}

/* Whether the run was made with the same member of its plan; also where it left none to compare with. */
static int same_member(const struct doc *manifest, const struct doc *plan, const char *key) {
    if (!manifest || !doc_get(manifest, key)) return 1;
    return doc_equal(doc_get(manifest, key), doc_get(plan, key));
}

static void require_same(const char *dir, const char *old_plan, const struct doc *manifest,
                         const struct doc *plan) {
    if (!same_points(old_plan, plan) || !same_member(manifest, plan, "measure"))
        die(EXIT_USAGE,
            "%s holds a run of another plan; use the same config and options, or another folder (-o)", dir);
    if (!same_member(manifest, plan, "plugins"))
        die(EXIT_USAGE,
            "%s holds a run with another build of a plugin (another path or SHA-256); use another folder "
            "(-o), "
            "or --overwrite",
            dir);
}

/* Rows of another machine or build are no part of the run that this session goes on with. */
static void require_same_session(struct results *r, int has_rows, const struct doc *manifest) {
    static const char remedy[] = "start anew with --overwrite or in another folder (-o), or go on all the "
                                 "same with --force";
    struct text all = {0};
    if (!r->earlier && has_rows)
        die(EXIT_USAGE,
            "%s/manifest.json is missing or torn, so that machine and build of the rows there are not known; "
            "%s",
            r->dir, remedy);
    if (!r->earlier) return;
    struct doc *differences = session_differences(r->earlier, manifest);
    for (size_t i = 0; i < doc_len(differences); i++)
        text_add(&all, "%s%s", i ? "; " : "", doc_as_str(doc_at(differences, i)));
    if (all.s && has_rows) die(EXIT_USAGE, "%s holds a run that differs: %s; %s", r->dir, all.s, remedy);
    if (all.s) doc_free(r->earlier), r->earlier = NULL; /* no row is left of it */
    free(all.s);
    doc_free(differences);
}

/* Rows that only a budget kept from running are taken out, so that they get another chance. */
static void drop_budgeted(struct results *r) {
    struct doc *kept = doc_array();
    for (size_t i = 0; i < doc_len(r->rows); i++) {
        const struct doc *row = doc_at(r->rows, i);
        int budgeted =
            !strcmp(doc_str(row, "status", ""), "skipped_time") && doc_flag(row, "predicted.over_budget");
        if (!budgeted) doc_add(kept, doc_copy(row));
    }
    char *text = rows_text(kept);
    if (doc_len(kept) < doc_len(r->rows) && results_write(r->dir, "points.jsonl", text))
        die(EXIT_USAGE, "cannot write %s/points.jsonl: %s", r->dir, strerror(errno));
    doc_free(r->rows);
    r->rows = kept;
    free(text);
}

static void resume(struct results *r, const struct doc *plan, const struct doc *manifest, int mixed) {
    char *path = within(r->dir, "points.jsonl"), *plan_path = within(r->dir, "plan.jsonl");
    char *old_plan = read_file(plan_path, NULL), *text;
    size_t length, good;
    if (!old_plan) die(EXIT_USAGE, "%s holds no run to resume; leave --resume out", r->dir);
    text = read_file(path, &length);
    r->earlier = results_manifest(r->dir);
    require_same(r->dir, old_plan, r->earlier, plan);
    if (!mixed) require_same_session(r, text && *text, manifest);
    if (text) {
        doc_free(r->rows);
        r->rows = parse_or_die(path, text, length, &good);
        if (good < length) {
            warn("%s: dropped a torn last line", path);
            if (truncate(path, (off_t)good)) die(EXIT_USAGE, "cannot truncate %s: %s", path, strerror(errno));
        }
    }
    drop_budgeted(r);
    for (size_t i = 0; i < doc_len(r->rows); i++) idset_add(&r->ids, doc_str(doc_at(r->rows, i), "id", ""));
    free(text);
    free(old_plan);
    free(plan_path);
    free(path);
}

void results_open(struct results *r, const char *dir, const struct doc *plan, enum results_mode mode,
                  const struct doc *manifest) {
    *r = (struct results){.dir = xstrdup(dir), .rows = doc_array()};
    if (make_folder(dir))
        die(EXIT_USAGE, "cannot make %s: %s; choose another folder with -o", dir, strerror(errno));
    r->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->lock < 0)
        die(EXIT_USAGE, "cannot open %s: %s; choose another folder with -o", dir, strerror(errno));
    if (flock(r->lock, LOCK_EX | LOCK_NB))
        die(EXIT_USAGE, "another run is writing to %s; wait for it or choose another folder with -o", dir);
    char *path = within(dir, "points.jsonl"), *text = rows_text(doc_get(plan, "points"));
    if (mode == RESULTS_NEW && found_file(dir))
        die(EXIT_USAGE,
            "%s already holds a run (%s); --resume goes on with it, --overwrite replaces it, -o DIR writes "
            "elsewhere",
            dir, found_file(dir));
    if (mode == RESULTS_OVERWRITE && found_file(dir)) {
        char *plan_path = within(dir, "plan.jsonl");
        if (access(plan_path, F_OK))
            die(EXIT_USAGE,
                "%s holds a %s that no run of ours wrote (no plan.jsonl beside it); choose another folder "
                "with -o",
                dir, found_file(dir));
        free(plan_path);
        remove_run(dir);
    }
    if (mode == RESULTS_RESUME || mode == RESULTS_RESUME_MIXED)
        resume(r, plan, manifest, mode == RESULTS_RESUME_MIXED);
    r->points = -1;
    if (!results_write(dir, "plan.jsonl", text))
        r->points = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (r->points < 0)
        die(EXIT_USAGE, "cannot write to %s: %s; choose another folder with -o", dir, strerror(errno));
    free(text);
    free(path);
}

void results_close(struct results *r) {
    close(r->points);
    close(r->lock);
    doc_free(r->rows);
    doc_free(r->earlier);
    idset_free(&r->ids);
    free(r->dir);
}

int results_has(const struct results *r, const char *id) { return idset_has(&r->ids, id); }

int results_add(struct results *r, struct doc *row) {
    char *line = doc_text(row, 0);
    size_t n = strlen(line);
    off_t before = lseek(r->points, 0, SEEK_END);
    line[n] = '\n'; /* over the NUL: write() needs none */
    ssize_t written = write(r->points, line, n + 1);
    free(line);
    if (written == (ssize_t)(n + 1)) {
        idset_add(&r->ids, doc_str(row, "id", ""));
        doc_add(r->rows, row);
        return 0;
    }
    int why = written < 0 ? errno : ENOSPC;
    if (ftruncate(r->points, before)) warn("%s/points.jsonl may end in a torn line", r->dir);
    doc_free(row);
    errno = why;
    return -1;
}

int results_owns(const char *dir, const char *path) {
    static const char *const sources[] = {"points.jsonl", "plan.jsonl", "manifest.json"};
    struct stat asked, ours;
    int owned = 0;
    if (stat(path, &asked)) return 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        char *source = within(dir, sources[i]);
        owned |= !stat(source, &ours) && ours.st_dev == asked.st_dev && ours.st_ino == asked.st_ino;
        free(source);
    }
    return owned;
}

struct doc *results_read(const char *dir) {
    char *path = within(dir, "points.jsonl");
    size_t length, good;
    char *text = read_file(path, &length);
    if (!text)
        die(EXIT_USAGE, "cannot read %s: %s; give a folder that 'attnbench run' wrote", path,
            strerror(errno));
    struct doc *rows = parse_or_die(path, text, length, &good);
    if (good < length) warn("%s: its last line is torn and was left out", path);
    free(text);
    free(path);
    return rows;
}

struct doc *results_manifest(const char *dir) {
    char *path = within(dir, "manifest.json"), why[200];
    size_t length;
    char *text = read_file(path, &length);
    struct doc *d = text ? doc_parse(text, length, why) : NULL;
    free(text);
    free(path);
    if (doc_is_object(d)) return d;
    doc_free(d);
    return NULL;
}
