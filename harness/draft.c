/* draft.c -- files that appear whole or not at all. */
#include "draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

static int fail(struct attn_error *error, int why) {
    const char *remedy = why == ENOENT ? "; make its folder first" : "";
    snprintf(error->text, sizeof error->text, "%s%s", strerror(why), remedy);
    return -1;
}

int draft_open(struct draft *d, const char *target, struct attn_error *error) {
    struct stat st;
    int f;
    *d = (struct draft){.target = target};
    if (!stat(target, &st) && !S_ISREG(st.st_mode)) {
        snprintf(error->text, sizeof error->text, "it exists and is no regular file");
        return -1;
    }
    for (int attempt = 0;; attempt++) {
        d->path = format("%s.%ld-%d.part", target, (long)getpid(), attempt);
        f = open(d->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f >= 0) break;
        int why = errno;
        free(d->path);
        d->path = NULL;
        if (why != EEXIST) return fail(error, why);
    }
    close(f);
    return 0;
}

int draft_keep(struct draft *d, struct attn_error *error) {
    if (rename(d->path, d->target)) {
        int why = errno;
        draft_discard(d);
        return fail(error, why);
    }
    free(d->path);
    d->path = NULL;
    return 0;
}

void draft_discard(struct draft *d) {
    if (!d->path) return;
    unlink(d->path);
    free(d->path);
    d->path = NULL;
}
