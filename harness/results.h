/*
 * results.h -- a folder of results: plan.jsonl, points.jsonl, manifest.json.
 *
 * points.jsonl is append-only: one row is one write of one line. A failed write is taken back, a torn
 * last line is dropped on resume, and a lock on the folder keeps a second run out.
 */
#ifndef RESULTS_H
#define RESULTS_H

#include "doc.h"
#include "idset.h"

struct results {
    char *dir;
    int lock, points;    /* descriptors */
    struct doc *rows;    /* those of the file, old and new */
    struct idset ids;    /* theirs */
    struct doc *earlier; /* the manifest of the sessions before, where one is resumed; NULL: none */
};

enum results_mode {
    RESULTS_NEW,
    RESULTS_RESUME,
    RESULTS_RESUME_MIXED, /* whatever machine and build the rows come from */
    RESULTS_OVERWRITE,
};

/* Opens the folder for the plan and writes plan.jsonl. Ends the program with exit code 2 and the remedy
   where the folder is in use, holds another run, one whose rows cannot stand beside those of the session of this
   manifest (NULL for RESULTS_RESUME_MIXED alone), or cannot be written. */
void results_open(struct results *, const char *dir, const struct doc *plan, enum results_mode,
                  const struct doc *manifest);
void results_close(struct results *);

int results_has(const struct results *, const char *id);

/* Appends a row and takes it over. -1 with errno where it could not be written; the file is then as
   before. */
int results_add(struct results *, struct doc *row);

/* Replaces DIR/name as a whole. -1 with errno where that fails. */
int results_write(const char *dir, const char *name, const char *text);

/* Whether the path names points.jsonl, plan.jsonl or manifest.json of the folder, by whatever links. */
int results_owns(const char *dir, const char *path);

/* The rows of DIR/points.jsonl; ends the program with exit code 2, file and line where they cannot be read.
 */
struct doc *results_read(const char *dir);

/* DIR/manifest.json, or NULL. */
struct doc *results_manifest(const char *dir);

#endif
