/*
 * journal.h -- DIR/journal.jsonl: what the workers of the group under way have answered so far.
 *
 * Rows are written when their group is done. So that an interrupted group loses nothing that was measured, every answer of
 * a worker is noted at once, one write of one line, with a fingerprint of the job it answers; a run that is resumed takes
 * the answers to the same jobs from there. The notes go when the rows of the group are written.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "doc.h"

struct journal { /* starts as {0} */
    int file;
    struct doc *notes; /* {fingerprint: answer} of an earlier run */
};

/* With `resume` the notes of an earlier run are taken over; a torn last line is dropped. Where the file cannot be written
   the run goes on without, and says so. */
void journal_open(struct journal *, const char *dir, int resume);

/* The answer to the job, for the caller to free; NULL: not known. What limits a worker has is no part of a job. */
struct doc *journal_recall(const struct journal *, const struct doc *job);

void journal_note(struct journal *, const struct doc *job, const struct doc *answer);

/* The rows are written: the notes are not needed any more. */
void journal_clear(struct journal *);

/* Removes the file where `done` says that nothing is left to resume. */
void journal_close(struct journal *, const char *dir, int done);

#endif
