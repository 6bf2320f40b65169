/* journal.c -- what the workers of the group under way have answered so far. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static char *path_of(const char *dir) { return format("%s/journal.jsonl", dir); }

/* Of the job without its limits, which follow from what memory is free just then. */
static void key_of(const struct doc *job, char key[20]) {
    struct doc *own = doc_copy(job);
    doc_drop(own, "memory_limit");
    char *text = doc_text(own, 0);
    snprintf(key, 20, "%016llx", (unsigned long long)fingerprint(text));
    free(text);
    doc_free(own);
}

/* All lines that are whole; what follows the first that is not was being written when the run ended. */
static struct doc *notes_of(const char *path) {
    struct doc *notes = doc_object();
    size_t length;
    char why[200], *text = read_file(path, &length), *line = text, *end;
    while (line && (end = strchr(line, '\n'))) {
        struct doc *note = doc_parse(line, (size_t)(end - line), why);
        const char *key = doc_str(note, "job", NULL);
        if (!key || !doc_get(note, "answer")) {
            doc_free(note);
            break;
        }
        doc_put(notes, key, doc_copy(doc_get(note, "answer")));
        doc_free(note);
        line = end + 1;
    }
    free(text);
    return notes;
}

void journal_open(struct journal *j, const char *dir, int resume) {
    char *path = path_of(dir);
    j->notes = resume ? notes_of(path) : doc_object();
    j->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (j->file < 0)
        warn("cannot write %s: %s; an interruption will cost the group under way", path, strerror(errno));
    else if (doc_len(j->notes) == 0 && ftruncate(j->file, 0)) warn("%s: %s", path, strerror(errno));
    free(path);
}

struct doc *journal_recall(const struct journal *j, const struct doc *job) {
    char key[20];
    if (doc_len(j->notes) == 0) return NULL;
    key_of(job, key);
    const struct doc *answer = doc_get(j->notes, key);
    return answer ? doc_copy(answer) : NULL;
}

/* A note that does not fit is no loss of anything but itself: it is taken back, and the run goes on. */
void journal_note(struct journal *j, const struct doc *job, const struct doc *answer) {
    struct doc *note = doc_object();
    char key[20];
    if (j->file >= 0) {
        key_of(job, key);
        doc_put_str(note, "job", key);
        doc_put(note, "answer", doc_copy(answer));
        char *line = doc_text(note, 0);
        size_t n = strlen(line);
        off_t before = lseek(j->file, 0, SEEK_END);
        line[n++] = '\n'; /* over the NUL: write() needs none */
        if (write(j->file, line, n) != (ssize_t)n && ftruncate(j->file, before)) {
            close(j->file);
            j->file = -1;
        }
        free(line);
    }
    doc_free(note);
}

void journal_clear(struct journal *j) {
    doc_free(j->notes);
    j->notes = doc_object();
    if (j->file >= 0 && ftruncate(j->file, 0)) {
        close(j->file);
        j->file = -1;
    }
}

void journal_close(struct journal *j, const char *dir, int done) {
    char *path = path_of(dir);
    if (j->file >= 0) close(j->file);
    if (done) unlink(path);
    doc_free(j->notes);
    free(path);
}
